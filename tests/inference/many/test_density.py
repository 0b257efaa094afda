"""The density that a batch samples is that of the NumPyro model, for every table of a padded chunk."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from jax import Array
from numpyro.distributions import constraints
from numpyro.distributions.transforms import AffineTransform
from numpyro.infer.util import potential_energy

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.data.schema import COLUMNS
from bayescale.inference.many.density import Density
from bayescale.inference.many.engine import SETTLE, drawn_from
from bayescale.inference.many.rows import TILE, Bucket, stack
from bayescale.inference.many.steps import Steps, Table
from bayescale.inference.precision import computing
from bayescale.language.declare import parameter
from bayescale.language.priors import HalfNormal
from bayescale.laws import CATALOGUE
from bayescale.models import NOISES, Noise, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors

# Those of the loss whose columns a table can have.
LAWS = [law for law in CATALOGUE if law.response.name == "loss" and set(law.inputs()) <= set(COLUMNS)]


class Growing(Noise):
    """A noise whose scale follows the log loss that it scatters around, as ``Noise`` allows."""

    sigma: Array = parameter("scale of log loss per log loss", prior=HalfNormal(0.03))

    def __call__(self, log_loss, measurement_sd):
        return dist.Normal(log_loss, jnp.hypot(self.sigma * (1.0 + jnp.abs(log_loss)), measurement_sd))


class Above(Noise):
    """A noise that is never negative: no run is on the frontier itself, where its density is 0."""

    sigma: Array = parameter("scale of log loss above the law", prior=HalfNormal(0.03))

    def __call__(self, log_loss, measurement_sd):
        excess = dist.Gamma(2.0, 1.0 / jnp.hypot(self.sigma, measurement_sd))
        return dist.TransformedDistribution(excess, AffineTransform(log_loss, 1.0, domain=constraints.positive))


# Fewer than a tile, a tile, several tiles and a part of one.
LENGTHS = (7, TILE, 2 * TILE + 5)
POINTS = 6


def simulated(rows: int, errors: bool, complete) -> bs.Runs:
    """Runs of a published law with all inputs, and with measurement errors that differ between them."""
    rng = np.random.default_rng(rows)
    design = {"params": rng.lognormal(19, 1.2, rows), "tokens": rng.lognormal(23, 1.2, rows)}
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    table = bs.simulate(truth, pd.DataFrame(design), sigma=0.01, nu=3.0, seed=rows)
    table = complete(table)
    return read_quietly(table.assign(loss_se=0.01 + 0.02 * rng.random(rows)) if errors else table)


@pytest.fixture(scope="module")
def tables(with_every_input) -> dict[bool, list[bs.Runs]]:
    return {errors: [simulated(rows, errors, with_every_input) for rows in LENGTHS] for errors in (False, True)}


# Every law with the default noise, and Chinchilla's and a user's with every noise.
PAIRS = [(law, NOISES[0]) for law in LAWS]
PAIRS += [(law, noise) for law in (bs.laws.Chinchilla, "own") for noise in (*NOISES, "own")][1:]


@pytest.fixture(params=PAIRS, ids=lambda pair: "-".join(getattr(one, "name", one) for one in pair))
def pair(request):
    return request.param


@pytest.fixture
def law(pair, own_law):
    return own_law if pair[0] == "own" else pair[0]


@pytest.fixture
def noise(pair, own_noise):
    return own_noise if pair[1] == "own" else pair[1]


def one_family(law, noise):
    return build_model(law, noise=noise, pooling=Pooling("complete"))


def near_the_prior(model) -> np.ndarray:
    """Unconstrained values around the middle of the prior, point x parameter."""
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.parameters])
    return moments[:, 0] + 0.5 * moments[:, 1] * np.random.default_rng(1).standard_normal((POINTS, len(moments)))


def by_numpyro(model, runs, values) -> np.ndarray:
    """Log density on NumPyro's unconstrained scale, of the generic model and the table alone."""
    data = lay_out(model.law, runs, None, design_anchors(model.law, runs)).arrays
    names = [p.name for p in model.parameters]
    potential = jax.jit(lambda row: potential_energy(model, (data,), {}, dict(zip(names, row, strict=True))))
    return -np.array([float(potential(row)) for row in values])


def side_by_side(model, chunk, values) -> tuple[np.ndarray, np.ndarray]:
    """Log density on the unconstrained scale of a padded chunk, table x point, and the values that came back."""
    rows = stack(
        model.law, chunk, [design_anchors(model.law, runs) for runs in chunk], Bucket.of(model.law, chunk[0]).width
    )

    @jax.jit
    @jax.vmap
    def compute(rows):
        density = Density(model, rows)
        positions = density.positions(values)
        back, jacobian = density.unconstrained(positions)
        return density(positions) - jacobian, jnp.stack(back, axis=1)

    ours, back = compute(rows)
    return np.asarray(ours), np.asarray(back)


@pytest.mark.parametrize("errors", [False, True], ids=["plain", "with errors"])
def test_every_table_of_a_chunk_has_the_density_of_the_numpyro_model(law, noise, errors, tables):
    model, chunk = one_family(law, noise), tables[errors]
    values = near_the_prior(model)
    with computing():
        ours, back = side_by_side(model, chunk, values)
        theirs = np.array([by_numpyro(model, runs, values) for runs in chunk])
    np.testing.assert_allclose(back, np.broadcast_to(values, back.shape), rtol=1e-11, atol=1e-11)
    # Sums of up to 37 terms of up to 1e5, in float64.
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("own", [Growing, Above], ids=lambda noise: noise.name)
def test_a_noise_of_any_form_has_its_density(own, tables):
    """One that is no shifted copy of itself, and one that padding must not ask for its density at 0."""
    model, chunk = one_family(bs.laws.Chinchilla, own), tables[False]
    # Well below all losses, so that every run lies above the law.
    values = near_the_prior(model) * np.array([0, 1, 1, 1, 1, 1]) + np.array([-1.0, -2.0, -2.0, 0, 0, 0])
    with computing():
        ours, _ = side_by_side(model, chunk, values)
        theirs = np.array([by_numpyro(model, runs, values) for runs in chunk])
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-9)


def test_there_is_no_density_outside_the_range_of_a_law(tables):
    """Slopes that would need more loss than there is."""
    model, (runs, *_) = one_family(bs.laws.Chinchilla, bs.models.StudentT), tables[False]
    with computing():
        rows = stack(model.law, [runs], [design_anchors(model.law, runs)], 128)
        one = jax.tree.map(lambda a: a[0], rows)
        values = jax.jit(lambda row: Density(model, one)(row[None]))(np.array([0.0, 0.0, 0.0, -1.0, -1.0, -4.0, 1.0]))
    assert np.asarray(values).tolist() == [-np.inf]


@pytest.mark.parametrize("longer", [1, 3])
def test_the_density_that_is_kept_with_a_draw_is_that_of_the_draw(tables, longer):
    """Also where several calls were joined and thinned: a draw of another call, or of another fit, would show."""
    model, chunk = one_family(bs.laws.KaplanND, bs.models.Normal), tables[False]
    given = [Table(i, runs, design_anchors(model.law, runs), seed=i) for i, runs in enumerate(chunk)]
    with computing():
        steps = Steps.begin(model, given, 128, 2, SETTLE + 25)
        for _ in range(longer - 1):
            steps = steps.longer(SETTLE + 25)
        drawn = drawn_from(steps, 25, longer)
        # Kaplan's coordinates are its parameters, so both densities are over the same ones.
        values = drawn.unconstrained.reshape(len(chunk), len(model.parameters), -1).swapaxes(1, 2)
        expected = [by_numpyro(model, runs, values[i]) for i, runs in enumerate(chunk)]
    np.testing.assert_allclose(drawn.lp.reshape(3, 50), expected, rtol=1e-11, atol=1e-9)
    moved = (np.diff(drawn.lp, axis=-1) != 0) & ~drawn.accepted[..., 1:]
    # With every step kept, a draw that was not accepted is the one before it.
    assert longer > 1 or not moved.any()
