"""The sampler moves in coordinates of its own and still samples the model that NumPyro would.

The claim: at any position the sampler's potential is minus NumPyro's own density of the model at the natural values of
its sites, minus the logarithm of the volume by which the whole map from positions to natural values stretches. That
volume is found here by automatic differentiation of the map as a black box, not from the formulas of its parts.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.distributions import biject_to
from numpyro.infer.util import log_density

from bayescale.data.read import read_quietly
from bayescale.inference import geometry as finding
from bayescale.inference.coordinates import Coordinates
from bayescale.inference.geometry import find_geometry
from bayescale.language.priors import Gamma
from bayescale.language.priors import Normal as NormalPrior
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Laplace, Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import CORRELATION

POSITIONS = 5

MIXED = Pooling("partial", (("E", "complete"), ("alpha", "none"), ("beta", "none")))
MODELS = {
    "one table": dict(grouped=False, pooling=Pooling("complete")),
    "one table, budget effects": dict(grouped=False, pooling=Pooling("complete"), effects=RunEffects("budget")),
    "partial": dict(pooling=Pooling("partial")),
    "partial, normal noise": dict(pooling=Pooling("partial"), noise=Normal),
    "correlated": dict(pooling=Pooling("partial", correlated=True)),
    "none": dict(pooling=Pooling("none"), noise=Laplace),
    "complete": dict(pooling=Pooling("complete")),
    "mixed": dict(pooling=MIXED),
    "mixed and correlated": dict(pooling=Pooling("partial", MIXED.overrides, correlated=True), noise=Normal),
    "partial, run effects": dict(pooling=Pooling("partial"), effects=RunEffects("run")),
    "no coordinates of its own": dict(law=KaplanND, pooling=Pooling("partial"), noise=Normal),
    "other supports": dict(
        pooling=Pooling("partial"),
        noise=Normal,
        priors={"alpha": NormalPrior(0.35, 0.1), "beta": Gamma(4.0, 10.0, 0.05)},
    ),
}


def table(grouped: bool) -> pd.DataFrame:
    """Three families of six to nine runs around Chinchilla's law; one is a little off."""
    rng = np.random.default_rng(3)
    rows = []
    for f, count in enumerate((9, 7, 6)):
        for i in range(count):
            params, tokens = 10 ** rng.uniform(7.5, 10), 10 ** rng.uniform(9, 11.5)
            loss = (1.8 + 0.1 * f + 400 / params**0.34 + 1500 / tokens**0.36) * np.exp(0.005 * rng.standard_normal())
            row = {"params": params, "tokens": tokens, "loss": loss, "budget": f"b{i % 3}", "run": f"r{i // 2}"}
            rows.append(row | ({"family": f"f{f}"} if grouped else {}))
    return pd.DataFrame(rows)


def prepared(law=Chinchilla, grouped=True, noise=StudentT, effects=None, **choices):
    runs = read_quietly(table(grouped))
    layout = lay_out(law, runs, effects, design_anchors(law, runs))
    sizes = {"n_families": len(layout.families), "n_levels": len(layout.levels)}
    return build_model(law, noise=noise, effects=effects, **choices, **sizes), layout.arrays


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def unfinished(monkeypatch):
    """Leave out the search for the joint mode: the map must be exact wherever it is centred, and compiling is slow."""

    def stay(objective, start, **_):
        return SimpleNamespace(x=start)

    monkeypatch.setattr(finding, "minimize", stay)
    monkeypatch.setattr(finding, "_stretch", lambda coordinates, *_: np.eye(coordinates.size))


def natural_and_flat(support, site: str, value):
    """A site's natural value, and the numbers in it that its density is a density of."""
    natural = biject_to(support)(value)
    if site == CORRELATION:  # the density of a Cholesky factor is over what lies strictly below its diagonal
        return natural, natural[jnp.tril_indices(natural.shape[-1], -1)]
    return natural, natural


def by_hand(model, data, coordinates, geometry, positions):
    """Minus the log density of positions, from NumPyro's density of the model and one Jacobian of the whole map."""
    with handlers.block(), handlers.seed(rng_seed=0):
        trace = handlers.trace(model).get_trace(data)
    supports = {n: s["fn"].support for n, s in trace.items() if s["type"] == "sample" and not s["is_observed"]}

    def sites(position):
        values, _ = coordinates.sites(geometry, position)
        assert set(values) == set(supports)
        return {name: natural_and_flat(supports[name], name, values[name]) for name in supports}

    def one(position):
        natural = {name: pair[0] for name, pair in sites(position).items()}
        jacobian = jax.jacfwd(lambda at: ravel_pytree({n: pair[1] for n, pair in sites(at).items()})[0])(position)
        assert jacobian.shape == (position.size, position.size)
        return -log_density(model, (data,), {}, natural)[0] - jnp.linalg.slogdet(jacobian)[1]

    return jax.jit(jax.vmap(one))(positions)


def scattered(geometry, size: int):
    """A geometry whose centre and stretch are arbitrary, and positions around it."""
    rng = np.random.default_rng(5)
    stretch = np.eye(size) * rng.uniform(0.3, 1.2, size) + 0.05 * rng.standard_normal((size, size))
    center = np.asarray(geometry.center) + 0.2 * rng.standard_normal(size)
    return geometry._replace(center=center, stretch=stretch), rng.standard_normal((POSITIONS, size))


@pytest.mark.parametrize("name", MODELS)
def test_the_potential_is_numpyros_density_of_the_model_times_the_volume_of_the_map(name, unfinished):
    model, data = prepared(**MODELS[name])
    coordinates = Coordinates(model)
    geometry, positions = scattered(find_geometry(coordinates, data), coordinates.size)
    found = jax.jit(jax.vmap(partial(coordinates.potential, geometry, data)))(positions)
    expected = by_hand(model, data, coordinates, geometry, positions)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


def test_the_potential_is_exact_at_the_joint_mode_too():
    """With the geometry as the sampler gets it; there the posterior should look like a standard normal."""
    model, data = prepared(pooling=Pooling("partial"), noise=Normal)
    coordinates = Coordinates(model)
    geometry = find_geometry(coordinates, data)
    positions = np.concatenate([np.zeros((1, coordinates.size)), np.eye(coordinates.size)])
    found = jax.jit(jax.vmap(partial(coordinates.potential, geometry, data)))(positions)
    np.testing.assert_allclose(found, by_hand(model, data, coordinates, geometry, positions), rtol=1e-9, atol=1e-7)
    # One unit from the mode along any axis costs about one half; far from it would be a factor of ten.
    assert np.all((found[1:] - found[0] > 0.05) & (found[1:] - found[0] < 5.0))


def test_a_wrong_jacobian_is_caught(unfinished):
    """Leaving out the term of the family coordinates moves the difference by far more than rounding."""
    model, data = prepared(**MODELS["partial, normal noise"])
    coordinates = Coordinates(model)
    geometry, positions = scattered(find_geometry(coordinates, data), coordinates.size)

    def forgetful(position):
        values, log_jacobian = coordinates.sites(geometry, position)
        return coordinates.potential(geometry, data, position) + log_jacobian

    wrong = jax.jit(jax.vmap(forgetful))(positions) - by_hand(model, data, coordinates, geometry, positions)
    assert np.ptp(wrong) > 1e-2


@pytest.mark.parametrize("name", MODELS)
def test_the_map_has_one_number_per_site_coordinate(name):
    model, data = prepared(**MODELS[name])
    with handlers.block(), handlers.seed(rng_seed=0):
        trace = handlers.trace(model).get_trace(data)
    sampled = [s for s in trace.values() if s["type"] == "sample" and not s["is_observed"]]
    assert Coordinates(model).size == sum(biject_to(s["fn"].support).inv(s["value"]).size for s in sampled)
