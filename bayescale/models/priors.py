"""Priors learnt from public families: what a new family is like before it has runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from bayescale.language.errors import SettingsError
from bayescale.language.hints import did_you_mean
from bayescale.language.prior_set import Priors
from bayescale.language.priors import LogNormal

FILE = "public_priors.json"


def public(law: str, *, modality: str = "text", model_error: float = 0.0) -> Priors:
    """Priors of a law's parameters from the population of public families, for ``fit(..., priors=...)``.

    They say what families of a pipeline that is not among them are like: log-normals of irreducible loss, terms at a
    small size and few tokens, exponents and noise scale, as wide as families differ. All are of losses in nats per
    token, which every table has whatever unit it was read from. The check ``prior-conflict`` of a fit says when a
    family is not like these.

    Args:
        law: name of a law for which they were learnt.
        modality: ``"text"`` for prose and web text; ``"any"`` for text, mathematics and code together.
        model_error: of the runs that they are for, see :meth:`bayescale.Runs.with_model_error`; the priors learnt at
            the nearest one are taken.

    Returns:
        a :class:`bayescale.Priors`, whose ``record`` says which families, runs, script and version it is from.

    Raises:
        SettingsError: nothing was learnt for this law or modality.

    References:
        higgins2009reevaluation

    Examples:
        >>> priors = public("chinchilla")
        >>> sorted(priors), sorted(priors.anchors)
        (['A', 'B', 'E', 'alpha', 'beta', 'sigma'], ['D0', 'N0'])
    """
    known = _learnt()
    laws = sorted({one["law"] for one in known})
    if law not in laws:
        hint = did_you_mean(law, laws)
        raise SettingsError(f"No public priors were learnt for the law {law!r}{hint}; there are of {', '.join(laws)}.")
    of_law = [one for one in known if one["law"] == law]
    modalities = sorted({one["modality"] for one in of_law})
    if modality not in modalities:
        raise SettingsError(f"modality must be one of {', '.join(modalities)}, got {modality!r}.")
    near = [one for one in of_law if one["modality"] == modality]
    return from_record(min(near, key=lambda one: abs(one["record"]["model_error"] - model_error)))


def public_modality(law: str, priors: Priors, *, model_error: float = 0.0) -> str | None:
    """The modality of which priors are the public ones of a law; None where they are others.

    Args:
        law: name of a law.
        priors: as of ``fit.model.given_priors``.
        model_error: of the runs that they are for.

    Examples:
        >>> public_modality("chinchilla", public("chinchilla", modality="any"))
        'any'
    """
    for modality in sorted({one["modality"] for one in _learnt() if one["law"] == law}):
        known = public(law, modality=modality, model_error=model_error)
        if (dict(known), dict(known.anchors)) == (dict(priors), dict(priors.anchors)):
            return modality
    return None


def to_record(law: str, modality: str, priors: Priors) -> dict[str, Any]:
    """Log-normal priors as values that JSON knows, with four digits; see :func:`from_record`."""
    rounded = {
        name: {"median": float(f"{prior.median:.4g}"), "log_sd": float(f"{prior.log_sd:.3g}")}
        for name, prior in priors.items()
        if isinstance(prior, LogNormal)
    }
    parts = {"priors": rounded, "anchors": dict(priors.anchors), "record": dict(priors.record)}
    return {"law": law, "modality": modality, **parts}


def from_record(record: Mapping[str, Any]) -> Priors:
    """The priors of a record that :func:`to_record` made."""
    priors = {name: LogNormal(one["median"], one["log_sd"]) for name, one in record["priors"].items()}
    return Priors(priors, record["anchors"], record["record"])


@cache
def _learnt() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(resources.files("bayescale.models").joinpath(FILE).read_text(encoding="utf-8")))
