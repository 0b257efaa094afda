"""The draws in the file of a fit: whether they are those of its model."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpyro import handlers
from numpyro.distributions import biject_to

from bayescale.inference.precision import computing
from bayescale.inference.settings import Settings
from bayescale.inference.store.archive import DRAWS, STATS, Arrays
from bayescale.language.errors import StoreError
from bayescale.models import Model
from bayescale.models.layout import Layout

# Statistics that the checks of a fit need, by its engine.
NEEDED_STATS = {"nuts": ("diverging", "energy", "tree_depth"), "instant": ("lp", "accepted")}


def check_draws(draws: Arrays, model: Model, layout: Layout, settings: Settings) -> None:
    """Refuse draws that are not those of the model."""
    expected = site_shapes(model, layout)
    if set(draws) != set(expected):
        name = min(set(draws) ^ set(expected))
        state = "lacks" if name in expected else "holds the unknown"
        raise StoreError(f"the group {DRAWS!r} {state} variable {name!r}; save the fit again.")
    for name, values in draws.items():
        shape = (settings.chains, settings.draws, *expected[name])
        if values.shape != shape or values.dtype != np.float64:
            raise StoreError(
                f"the draws of {name!r} must be float64 of shape {shape}, got {values.dtype} of {values.shape}; "
                "save the fit again."
            )
        if not np.isfinite(values).all():
            raise StoreError(f"the draws of {name!r} are not all finite; save the fit again.")


def check_stats(stats: Arrays, settings: Settings, engine: str) -> None:
    """Refuse sampler statistics that are not over chain and draw."""
    if missing := [name for name in NEEDED_STATS[engine] if name not in stats]:
        raise StoreError(f"the group {STATS!r} lacks the variable {missing[0]!r}; save the fit again.")
    for name, values in stats.items():
        if values.shape != (settings.chains, settings.draws) or values.dtype.kind not in "fiub":
            raise StoreError(
                f"the statistic {name!r} must be numbers of shape {(settings.chains, settings.draws)}, "
                f"got {values.dtype} of {values.shape}; save the fit again."
            )


def site_shapes(model: Model, layout: Layout) -> dict[str, tuple[int, ...]]:
    """Shape of one draw of every sampled site on the unconstrained scale, by running the model on shapes alone."""

    def unconstrained() -> dict[str, Any]:
        trace = handlers.trace(handlers.seed(model, jax.random.key(0))).get_trace(layout.arrays)
        sites = [site for site in trace.values() if site["type"] == "sample" and not site["is_observed"]]
        return {site["name"]: biject_to(site["fn"].support).inv(site["value"]) for site in sites}

    with computing():
        return {name: value.shape for name, value in jax.eval_shape(unconstrained).items()}
