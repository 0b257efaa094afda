"""Which likelihood a fit has, why, and how far the compressed one was off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from bayescale.data import Runs
from bayescale.inference.compressed.compress import TOLERANCE, Compressed, beyond_range, compress
from bayescale.inference.compressed.ordered import CannotCompress
from bayescale.inference.compressed.points import full_log_likelihood, log_likelihood_at
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.pilot import KnownPilot
from bayescale.inference.precision import RUN_SELDOM, computing
from bayescale.inference.settings import Settings
from bayescale.language.errors import FitError
from bayescale.models import Model
from bayescale.models.families import family_values
from bayescale.models.layout import Layout
from bayescale.models.model import EFFECTS

# Fewer rows are passed over quickly.
FEWEST_ROWS = 20_000
INSTANT = "the instant engine takes all rows"
# Draws at which the two likelihoods are compared again.
DRAWS = 32


@dataclass(frozen=True, eq=False)
class Likelihood:
    """What the sampler takes for the data.

    Args:
        arrays: of all rows, or of nodes.
        pilot: where it is known already.
        compressed: what was compressed, or None.
        why: the likelihood is of all rows.
    """

    arrays: dict[str, Any]
    pilot: KnownPilot | None = None
    compressed: Compressed | None = None
    why: str = ""

    def record(self, at_draws: float | None = None) -> dict[str, Any]:
        """What a fit says of it; ``at_draws`` is the largest difference there, in nats."""
        one = self.compressed
        if one is None:
            return {"kind": "full", "why": self.why}
        numbers = {"nodes": one.nodes, "curves": one.curves, "rows": one.rows, "points": one.points}
        return {"kind": "compressed", **numbers, "bound": one.bound, "draws": DRAWS, "at_draws": at_draws}


def likelihood_words(record: Mapping[str, Any]) -> str:
    """What a fit's record says of its likelihood, in words."""
    if record.get("kind") != "compressed":
        return f"full: {record.get('why', 'all rows')}"
    off = max(record["bound"], record["at_draws"])
    return (
        f"compressed: {record['nodes']} nodes of each of {record['curves']:,} curves for {record['rows']:,} rows, "
        f"off by at most {off:.2g} nats"
    )


def choose_likelihood(model: Model, runs: Runs | None, layout: Layout, settings: Settings) -> Likelihood:
    """Return the compressed likelihood where it is asked for or pays, else that of all rows with the reason.

    Raises:
        FitError: it was asked for and cannot be had.
    """
    if settings.likelihood == "full":
        return whole(layout, "as asked for")
    if settings.engine == "instant" or runs is None:
        return whole(layout, INSTANT if settings.engine == "instant" else "tables fitted together take all rows")
    if settings.spread == "rows":
        return whole(layout, "its rows are spread over devices")
    asked = settings.likelihood == "compressed"
    if len(runs) < FEWEST_ROWS and not asked:
        return whole(layout, f"{len(runs):,} rows are passed over quickly")
    try:
        with computing():
            found = compress(model, runs, layout)
    except CannotCompress as error:
        if asked:
            raise FitError(f"The likelihood cannot be compressed: {error}. Use likelihood='full'.") from None
        return whole(layout, str(error))
    return Likelihood(found.arrays, found.pilot, found)


def whole(layout: Layout, why: str) -> Likelihood:
    """The likelihood of all rows."""
    return Likelihood(sampled_arrays(layout), why=why)


@partial(jax.jit, static_argnames="model", compiler_options=RUN_SELDOM)
def _values(model: Model, sites: dict[str, Any]) -> Any:
    """Parameters in natural units at every draw."""
    return jax.vmap(lambda one: family_values(model, one))(sites)


def check_at_draws(model: Model, likelihood: Likelihood, layout: Layout, sites: Mapping[str, np.ndarray]) -> float:
    """Return the largest difference of the two log likelihoods at some draws, in nats.

    Args:
        model: the model.
        likelihood: a compressed one.
        layout: the arrays of all rows.
        sites: draws on the unconstrained scale, chain x draw x ...

    Raises:
        CannotCompress: it is too large, or a draw lies where the compressed likelihood is not known.
    """
    assert likelihood.compressed is not None
    if beyond_range(model, likelihood.compressed.arrays, sites):
        raise CannotCompress("draws of the correlation length left the range in which the nodes know it")
    flat = {name: np.asarray(value).reshape(-1, *np.shape(value)[2:]) for name, value in sites.items()}
    count = next(iter(flat.values())).shape[0]
    some = np.unique(np.linspace(0, count - 1, DRAWS).astype(int))
    chosen = {name: value[some] for name, value in flat.items()}
    values = _values(model, chosen)
    points = {"values": values, "shifts": chosen.get(EFFECTS)}
    off = np.asarray(log_likelihood_at(model, points, likelihood.arrays))
    worst = float(np.abs(off - full_log_likelihood(model, points, sampled_arrays(layout))).max())
    if not worst < TOLERANCE:
        raise CannotCompress(f"nodes missed the log likelihood by {worst:.2g} nats at a draw, more than {TOLERANCE:g}")
    return worst
