"""Draws of a fit against its runs, p-values as checks, and the tolerances of both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from bayescale.inference.checks import Check
from bayescale.inference.evaluate import BATCH, replicates
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.models.families import family_values
from bayescale.models.model import EFFECTS, Model, observed

# A check of a p-value warns below the first and fails below the second: these are its false-alarm rates.
WARN, FAIL = 0.01, 0.001
# Draws that p-values are made from: those of the second limit then rest on a handful.
DRAWS = 4000


@dataclass(frozen=True, eq=False)
class Evidence:
    """Draws by runs, of what is observed: log loss, or for a noise of the response itself the response.

    Args:
        curves: of the law, with the effects of the run's level.
        residuals: observed minus curve.
        replicated: replicate minus curve.
    """

    curves: np.ndarray
    residuals: np.ndarray
    replicated: np.ndarray


def gather(fit: Fit, seed: int) -> Evidence:
    """Return residuals and those of replicates, draw by draw.

    Args:
        fit: the fit.
        seed: of the replicates.
    """
    total = fit.unconstrained.sizes["chain"] * fit.unconstrained.sizes["draw"]
    kept = fit.unconstrained.isel(draw=slice(None, None, max(1, -(-total // DRAWS))))
    sites, arrays, place = flat_sites(kept), fit.layout.arrays, fit.layout.position
    with computing():
        key = jax.random.key(seed_for(seed, "review"))
        replicate = np.asarray(replicates(fit.model, sites, arrays, key))[:, *place]
        curve = np.asarray(_curves(fit.model, sites, arrays))[:, *place]
    if fit.model.noise.of_value:
        curve = np.exp(curve)
    return Evidence(curve, np.asarray(observed(arrays))[place] - curve, replicate - curve)


@partial(jax.jit, static_argnames="model")
def _curves(model: Model, sites: dict[str, Any], data: Any) -> Any:
    def one(values: dict[str, Any]) -> Any:
        mean = model.log_loss(family_values(model, values), data)
        return mean + values[EFFECTS][data["level"]] if EFFECTS in values else mean

    return jax.lax.map(one, sites, batch_size=BATCH)


def p_check(name: str, p_value: float, advice: str) -> Check:
    """Return the check of a p-value."""
    status = "pass" if p_value >= WARN else "warn" if p_value >= FAIL else "fail"
    return Check(name, status, float(p_value), WARN, "" if status == "pass" else advice)


def families_of(fit: Fit) -> list[tuple[str, np.ndarray]]:
    """Return every family with the numbers of its rows; one empty name for a table without."""
    table = fit.runs.table
    if not fit.groups:
        return [("", np.arange(len(table)))]
    names = table["family"].to_numpy()
    return [(family, np.flatnonzero(names == family)) for family in fit.groups]
