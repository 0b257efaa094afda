"""The record of how a fit came about."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bayescale.data import Runs
from bayescale.inference.devices import kind_of
from bayescale.inference.settings import Settings
from bayescale.language.installed import version_of
from bayescale.laws import definition_hash
from bayescale.models import Model

# Another version of these may give other draws.
DRAWN_BY = ("bayescale", "jax", "jaxlib", "numpyro", "numpy", "scipy")
PACKAGES = (*DRAWN_BY, "arviz", "xarray", "pandas")


def provenance(
    model: Model, runs: Runs, anchors: Mapping[str, float], settings: Settings, seed: int, *, seconds: float
) -> dict[str, Any]:
    """Return a JSON-ready record of model, data, settings, versions and machine kind."""
    record = {
        **model_record(model),
        "anchors": dict(anchors),
        "engine": {"name": "nuts", "why": "as asked for"},
        "settings": asdict(settings),
        "seed": seed,
        "data": {
            "sha256": runs.sha256,
            "rows": len(runs),
            "source": runs.source,
            "group": runs.group,
            "loss_unit": runs.loss_unit,
            "source_loss_unit": runs.source_loss_unit,
            "bytes_per_token": runs.bytes_per_token,
            "renamed": None if runs.renamed is None else dict(runs.renamed),
            "params_convention": runs.params_convention,
            "compute_convention": runs.compute_convention,
            "quantities": [quantity.as_dict() for quantity in runs.quantities],
            "warnings": [[warning.code, warning.message] for warning in runs.warnings],
        },
        "versions": {"python": sys.version.split()[0], **versions(PACKAGES)},
        "device": kind_of(settings.devices),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
    }
    # Through JSON, so that a record read back from a file compares equal.
    return json.loads(json.dumps(record))


def model_record(model: Model) -> dict[str, Any]:
    """Return what is fitted: the definitions of law, noise and residuals, pooling, effects and priors."""
    return {
        "law": {"name": model.law.name, "class": model.law.__qualname__, "source_sha256": definition_hash(model.law)},
        "noise": model.noise.name,
        "noise_sha256": definition_hash(model.noise),
        "residuals": None if model.residuals is None else model.residuals.name,
        "residuals_sha256": None if model.residuals is None else definition_hash(model.residuals),
        "pooling": asdict(model.pooling),
        "effects": None
        if model.effects is None
        else {"column": model.effects.column, "prior": model.effects.prior.as_dict()},
        "priors": {p.name: model.prior(p.name).as_dict() for p in model.parameters},
        "replaced_priors": {name: prior.as_dict() for name, prior in model.priors},
        "prior_anchors": dict(model.anchors),
    }


def versions(packages: Sequence[str] = DRAWN_BY) -> dict[str, str]:
    """Return the versions of packages, by default of those that draws come from."""
    return {name: version_of(name) for name in packages}
