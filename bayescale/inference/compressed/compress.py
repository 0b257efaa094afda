"""From the rows of training curves to a likelihood of their nodes, if it is the same to a thousandth of a nat.

Along one curve the log of a law is smooth in log tokens, so that its values at a few nodes give all others. The error
of that is measured, not assumed: the two likelihoods are compared where the posterior may be and further out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import expit

from bayescale.data import Runs
from bayescale.inference.compressed.arrays import node_layout
from bayescale.inference.compressed.forms import check_residuals
from bayescale.inference.compressed.ordered import CannotCompress, Ordered, order_rows
from bayescale.inference.compressed.points import full_log_likelihood, log_likelihood_at, plausible_points
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.pilot import KnownPilot
from bayescale.language.errors import FitError
from bayescale.models import Model, Normal
from bayescale.models.layout import Layout
from bayescale.models.residuals import AR1, OU

# Nodes per curve that are tried, one after the other, and the error of the log likelihood that is allowed, in nats.
NODES, TOLERANCE = (8, 12, 16, 24), 1e-3
# With fewer rows per node there is little to gain.
ROWS_PER_NODE = 3
UNEVEN = "checkpoints of a run are so unevenly spaced that no nodes between them give all others"


@dataclass(frozen=True, eq=False)
class Compressed:
    """What takes the place of a layout's arrays.

    Args:
        arrays: as in a layout, with the nodes of one curve in each block, and the ``forms``.
        pilot: what the nodes say of the posterior.
        nodes: per curve.
        curves, rows: that were compressed.
        bound: largest difference of the two log likelihoods over the points that were tried, in nats.
        points: how many these were.
    """

    arrays: dict[str, Any]
    pilot: KnownPilot
    nodes: int
    curves: int
    rows: int
    bound: float
    points: int


def compress(model: Model, runs: Runs, layout: Layout, *, nodes: tuple[int, ...] = NODES) -> Compressed:
    """Return the compressed likelihood of a table; call inside ``computing()``.

    Args:
        model: the model.
        runs: the table.
        layout: its arrays.
        nodes: numbers of nodes per curve to try, increasing.

    Raises:
        CannotCompress: the model or the table is not of the kind, or no number of nodes keeps the error small.
    """
    _check_precision()
    ordered = _checked(model, runs, layout)
    reference, bound = None, np.inf
    for count in nodes:
        if int(np.minimum(ordered.lengths, count).sum()) * ROWS_PER_NODE > ordered.order.size:
            raise CannotCompress(_coarse(bound) if np.isfinite(bound) else _short(ordered))
        try:
            arrays, pilot = node_layout(model, ordered, layout, count)
        except np.linalg.LinAlgError:
            raise CannotCompress(UNEVEN) from None
        if reference is None:
            points = plausible_points(model, pilot)
            reference = points, full_log_likelihood(model, points, sampled_arrays(layout))
        points, full = reference
        bound = float(np.abs(np.asarray(log_likelihood_at(model, points, arrays)) - full).max())
        if bound < TOLERANCE:
            return Compressed(arrays, pilot, count, ordered.curves, ordered.order.size, bound, full.size)
    raise CannotCompress(_coarse(bound))


def _check_precision() -> None:
    """Refuse float32, in which a sum of a million squares comes in steps of half a nat."""
    if jnp.zeros(()).dtype != np.float64:
        raise FitError(
            "A compressed likelihood is computed in float64, and JAX computes in float32 here: differences of a log "
            "likelihood of millions of rows would be lost. Call it inside bayescale.inference.precision.computing()."
        )


def _checked(model: Model, runs: Runs, layout: Layout) -> Ordered:
    """The rows along curves, where model and table are of a kind that can be compressed."""
    if model.noise is not Normal:
        raise CannotCompress(f"the noise is {model.noise.name}, and only sums of squares can be taken beforehand")
    if layout.arrays["measurement_sd"].any():
        raise CannotCompress("rows have measurement errors of their own")
    if model.law.starts:
        raise CannotCompress(f"modes of the law {model.law.name!r} are searched for on all rows")
    check_residuals(model)
    _check_scales(model)
    ordered = order_rows(runs, layout.arrays["family"][layout.position[0]])
    level = layout.arrays["level"][layout.position][ordered.order]
    inside = np.ones(len(runs) - 1, bool)
    inside[ordered.begin[1:-1] - 1] = False
    if np.any(inside & (level[1:] != level[:-1])):
        assert model.effects is not None
        raise CannotCompress(f"effects of {model.effects.column} change along a run")
    return ordered


def _check_scales(model: Model) -> None:
    """Refuse priors that put the scale or the correlation of residuals on another scale than the declared ones do.

    Where the forms are needed, and tried, is said by a log for scales and lengths, and by log odds for correlations.
    """
    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {model.noise.scale: np.exp}
    known |= {"rho": expit} if model.residuals is AR1 else {"tau": np.exp} if model.residuals is OU else {}
    at = np.array([-3.0, 0.0, 2.0])
    for name, natural in known.items():
        if not np.allclose(np.asarray(model.constrain(name, at)), natural(at), rtol=1e-9):
            raise CannotCompress(f"the prior {model.prior(name)} of {name} has other bounds than the declared one")


def _short(ordered: Ordered) -> str:
    return f"curves have {np.median(ordered.lengths):.0f} checkpoints in the middle, too few for nodes to save anything"


def _coarse(bound: float) -> str:
    if np.isnan(bound):
        return UNEVEN
    return (
        f"nodes miss the log likelihood by {bound:.2g} nats, more than {TOLERANCE:g}: the law is not smooth along the "
        "curves, or another of its inputs jumps there"
    )


def beyond_range(model: Model, arrays: Mapping[str, Any], sites: Mapping[str, np.ndarray]) -> bool:
    """Whether draws have left the range in which forms are interpolated."""
    if model.residuals is not OU:
        return False
    forms = arrays["forms"]
    return bool(np.any((sites["tau"] < forms.least) | (sites["tau"] > forms.highest)))
