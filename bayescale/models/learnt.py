"""The discrepancies that come with the package, learnt by backtests over public families."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from bayescale.models.discrepancy import PARTS, Discrepancy

FILE = "discrepancies.json"
# Laws without backtests of their own take those of this one.
GENERAL = "chinchilla"


def learnt_discrepancy(law: str, model_error: float) -> Discrepancy | None:
    """The discrepancy learnt for a law, at the model error that is nearest to a fit's.

    Args:
        law: its name; a law without one takes that of Chinchilla.
        model_error: per decade, of the fit.

    Returns:
        the discrepancy; None where nothing was learnt at all.

    Examples:
        >>> learnt_discrepancy("chinchilla", 0.0).law
        'chinchilla'
    """
    known = _learnt()
    own = [one for one in known if one.law == law] or [one for one in known if one.law == GENERAL]
    return min(own, key=lambda one: abs(one.model_error - model_error)) if own else None


def to_record(discrepancy: Discrepancy) -> dict[str, Any]:
    """A discrepancy as values that JSON knows; see :func:`from_record`."""
    draws = {part: [float(f"{value:.5g}") for value in discrepancy.draws[part]] for part in PARTS}
    return {
        "name": discrepancy.name,
        "law": discrepancy.law,
        "model_error": discrepancy.model_error,
        "record": dict(discrepancy.record),
        "draws": draws,
    }


def from_record(record: dict[str, Any]) -> Discrepancy:
    """The discrepancy of a record that :func:`to_record` made."""
    draws = {part: np.asarray(values, float) for part, values in record["draws"].items()}
    return Discrepancy(record["name"], draws, record["law"], record["model_error"], record["record"])


@cache
def _learnt() -> tuple[Discrepancy, ...]:
    text = resources.files("bayescale.models").joinpath(FILE).read_text(encoding="utf-8")
    return tuple(from_record(record) for record in json.loads(text))
