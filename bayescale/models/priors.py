"""Priors learnt from public families: what the parameters of a new family are like before it has runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from bayescale.language.errors import SettingsError
from bayescale.language.hints import did_you_mean
from bayescale.language.priors import LogNormal, Prior

FILE = "public_priors.json"


def public(law: str, *, modality: str = "text") -> dict[str, Prior]:
    """Priors of a law's parameters from the population of public families, for ``fit(..., priors=...)``.

    They are log-normals of a new family's irreducible loss, exponents and noise scale, as a hierarchical fit of all
    public families predicts them. Coefficients belong to the anchors of a design and keep their declared priors. All
    losses are in nats per token, whatever unit a table has. The check ``prior-conflict`` of a fit says when a family
    is not like these.

    Args:
        law: name of a law for which they were learnt.
        modality: ``"text"`` for prose and web text; ``"any"`` for text, mathematics and code together.

    Returns:
        prior by parameter.

    Raises:
        SettingsError: nothing was learnt for this law or modality.

    Examples:
        >>> sorted(public("chinchilla"))
        ['E', 'alpha', 'beta', 'sigma']
    """
    known = _learnt()
    if law not in known:
        have = f"there are priors for {', '.join(known)}" if known else "there are none"
        raise SettingsError(
            f"No public priors were learnt for the law {law!r}{did_you_mean(law, tuple(known))}; {have}."
        )
    if modality not in known[law]:
        raise SettingsError(f"modality must be one of {', '.join(known[law])}, got {modality!r}.")
    learnt = known[law][modality]["priors"]
    return {name: LogNormal(one["median"], one["log_sd"]) for name, one in learnt.items()}


def provenance(law: str, *, modality: str = "text") -> Mapping[str, Any]:
    """Where public priors are from: families, runs, script and version; arguments and errors as for :func:`public`."""
    public(law, modality=modality)
    return {name: value for name, value in _learnt()[law][modality].items() if name != "priors"}


@cache
def _learnt() -> dict[str, dict[str, Any]]:
    return json.loads(resources.files("bayescale.models").joinpath(FILE).read_text(encoding="utf-8"))
