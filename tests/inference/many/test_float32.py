"""In float32, log densities of long tables are as good as their differences are, and sums of all rows are not."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.many.density import Density
from bayescale.inference.many.proposal import QUICK, evaluate, match, matching_points
from bayescale.inference.many.rows import Bucket, Rows, stack
from bayescale.inference.precision import computing
from bayescale.models import Pooling, StudentT, build_model
from bayescale.models.layout import design_anchors

SMALL, LARGE, SCATTER = 100, 100_000, 0.01
MODEL = build_model(bs.laws.Chinchilla, noise=StudentT, pooling=Pooling("complete"))
POINTS = 40


# A tenth of a nat changes how probable it is to accept a step by a tenth of that.
TOLERANCE = 0.1


@pytest.fixture(scope="module", params=[SMALL, LARGE], ids=["small", "large"])
def posterior(request, table) -> tuple[int, Rows, np.ndarray, np.ndarray]:
    """Rows of a table, and the centre and factor of the proposal that float64 makes for it."""
    runs = read_quietly(table(0, rows=request.param, scatter=SCATTER))
    rows = stack(MODEL.law, [runs], [design_anchors(MODEL.law, runs)], Bucket.of(MODEL.law, runs).width)
    with computing():
        made = match(MODEL, QUICK, rows, matching_points(QUICK, len(MODEL.parameters)))
        return request.param, rows, np.asarray(made.center), np.asarray(made.factor)


def standard() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((1, POINTS, len(MODEL.parameters)))


def at(rows: Rows, positions: np.ndarray, *, double: bool, safe: bool) -> np.ndarray:
    """Log densities less that of the first position: as batches take them, or from sums over all rows."""

    @partial(jax.jit, static_argnames="safe")
    def compute(rows: Rows, positions: np.ndarray, safe: bool):
        density = Density(MODEL, jax.tree.map(lambda values: values[0], rows))
        return density.differences(positions, positions[0])[0] if safe else density(positions)

    with computing(double=double):
        kind = np.float64 if double else np.float32
        values = np.asarray(compute(rows, positions.astype(kind), safe))
    assert values.dtype == kind
    return values.astype(float) - float(values[0])


def test_differences_are_right_where_sums_of_all_rows_are_not(posterior):
    """The naive way is the deliberately broken one: it does for a hundred rows, and not for a hundred thousand."""
    rows, data, center, factor = posterior
    # At numbers that both precisions have.
    positions = (center[0] + standard()[0] @ factor[0].T).astype(np.float32).astype(float)
    expected = at(data, positions, double=True, safe=False)
    assert np.ptp(expected) > 3.0
    np.testing.assert_allclose(at(data, positions, double=True, safe=True), expected, rtol=0, atol=1e-6)
    safe = np.abs(at(data, positions, double=False, safe=True) - expected)
    naive = np.abs(at(data, positions, double=False, safe=False) - expected)
    print(f"{rows:,} rows: differences wrong by up to {safe.max():.2g} nats, sums of all rows by {naive.max():.2g}")
    assert safe.max() < TOLERANCE
    assert (naive.max() < TOLERANCE) == (rows == SMALL)


def test_proposals_of_both_precisions_agree(posterior):
    """A proposal decides how quick chains are, and not what they draw: a few per cent of an sd are no matter."""
    _, data, center, factor = posterior
    with computing(double=False):
        made = match(MODEL, QUICK, data, matching_points(QUICK, len(MODEL.parameters)))
        positions, difference, level = evaluate(MODEL, data, made.center, made.factor, standard())
    sd = np.sqrt((factor**2).sum(axis=-1))
    assert (np.abs(np.asarray(made.center) - center) / sd).max() < 0.05
    np.testing.assert_allclose((np.asarray(made.factor) ** 2).sum(axis=-1) ** 0.5, sd, rtol=0.05)
    assert float(made.efficiency[0]) > 0.5
    assert np.isfinite(np.asarray(difference)).all()
    assert np.asarray(positions).dtype == np.asarray(level).dtype == np.float32
