"""The sampler moves in coordinates of its own and still samples the model that NumPyro would.

The claim: at any position the sampler's potential is minus NumPyro's own density of the model at the natural values of
its sites, minus the logarithm of the volume by which the whole map from positions to natural values stretches. That
volume is found here by automatic differentiation of the map as a black box, not from the formulas of its parts.
"""

from __future__ import annotations

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
from bayescale.inference.likelihood import prepare
from bayescale.inference.pilot import Pilot
from bayescale.language.priors import Gamma
from bayescale.language.priors import Normal as NormalPrior
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Laplace, Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import CORRELATION

POSITIONS = 5
# Each model is compiled for a handful of evaluations.
UNOPTIMISED = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

MIXED = Pooling("partial", (("E", "complete"), ("alpha", "none"), ("beta", "none")))
MODELS = {
    "one table, budget effects": {"grouped": False, "pooling": Pooling("complete"), "effects": RunEffects("budget")},
    "partial": {"pooling": Pooling("partial")},
    "none": {"pooling": Pooling("none"), "noise": Laplace},
    "mixed and correlated": {"pooling": Pooling("partial", MIXED.overrides, correlated=True)},
}
MORE_MODELS = {
    "one table": {"grouped": False, "pooling": Pooling("complete"), "noise": StudentT},
    "partial, Student-t": {"pooling": Pooling("partial"), "noise": StudentT},
    "partial, run effects": {"pooling": Pooling("partial"), "effects": RunEffects("run")},
    "correlated": {"pooling": Pooling("partial", correlated=True)},
    "mixed": {"pooling": MIXED},
    "complete": {"pooling": Pooling("complete")},
    "no coordinates of its own": {"law": KaplanND, "pooling": Pooling("partial")},
    "other supports": {
        "pooling": Pooling("partial"),
        "priors": {"alpha": NormalPrior(0.35, 0.1), "beta": Gamma(4.0, 10.0, 0.05)},
    },
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


def prepared(law=Chinchilla, grouped=True, noise=Normal, effects=None, **choices):
    runs = read_quietly(table(grouped))
    layout = lay_out(law, runs, effects, design_anchors(law, runs))
    sizes = {"n_families": len(layout.families), "n_levels": len(layout.levels)}
    return build_model(law, noise=noise, effects=effects, **choices, **sizes), layout.arrays


pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture
def unfinished(monkeypatch):
    """Leave out pilot fit and joint mode: the map is exact whatever they were, and compiling is slow."""

    def pilot(model, data, **_):
        rng, families, size = np.random.default_rng(9), model.n_families, len(model.law.parameters)
        root = 30.0 * rng.standard_normal((families, size, size))
        start = np.array([p.prior.unconstrained_moments()[0] for p in model.law.parameters])
        return Pilot(
            value=start + 0.1 * rng.standard_normal((families, size)),
            precision=root @ root.transpose(0, 2, 1),
            score=rng.standard_normal((families, size)),
            scale=np.exp(rng.normal(-4.6, 0.3, families)),
            rows=np.full(families, 7.0),
            row_precision=np.where(data["mask"], 1e4, 0.0),
            row_residual=np.where(data["mask"], 0.01 * rng.standard_normal(data["mask"].shape), 0.0),
        )

    monkeypatch.setattr(finding, "fit_pilot", pilot)

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


def both(model, data, coordinates, geometry, positions):
    """The potential, and what it should be from NumPyro's density of the model and one Jacobian of the whole map."""
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
        by_hand = -log_density(model, (data,), {}, natural)[0] - jnp.linalg.slogdet(jacobian)[1]
        return (
            coordinates.potential(geometry, prepare(model, data), position),
            by_hand,
            coordinates.sites(geometry, position)[1],
        )

    compiled = jax.jit(one, compiler_options=UNOPTIMISED)
    found, expected, log_jacobian = (np.array(v) for v in zip(*map(compiled, positions), strict=True))
    # The potential leaves out the volume of the fixed stretch, which is one number for all positions.
    return found, expected + np.linalg.slogdet(geometry.stretch)[1], log_jacobian


def scattered(geometry, size: int):
    """A geometry whose centre and stretch are arbitrary, and positions around it."""
    rng = np.random.default_rng(5)
    stretch = np.eye(size) * rng.uniform(0.3, 1.2, size) + 0.05 * rng.standard_normal((size, size))
    center = np.asarray(geometry.center) + 0.2 * rng.standard_normal(size)
    return geometry._replace(center=center, stretch=stretch), rng.standard_normal((POSITIONS, size))


@pytest.mark.parametrize("name", [*MODELS, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE_MODELS)])
def test_the_potential_is_numpyros_density_of_the_model_times_the_volume_of_the_map(name, unfinished):
    model, data = prepared(**(MODELS | MORE_MODELS)[name])
    coordinates = Coordinates(model)
    geometry, positions = scattered(find_geometry(coordinates, data), coordinates.size)
    found, expected, _ = both(model, data, coordinates, geometry, positions)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


@pytest.mark.slow
def test_the_potential_is_exact_at_the_joint_mode_too():
    """With the geometry as the sampler gets it; there the posterior should look like a standard normal."""
    model, data = prepared(**MODELS["partial"])
    coordinates = Coordinates(model)
    geometry = find_geometry(coordinates, data)
    positions = np.concatenate([np.zeros((1, coordinates.size)), np.eye(coordinates.size)])
    found, expected, _ = both(model, data, coordinates, geometry, positions)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)
    # One unit from the mode along any axis costs about one half; far from it would be a factor of ten.
    assert np.all((found[1:] - found[0] > 0.05) & (found[1:] - found[0] < 5.0))


def test_a_wrong_jacobian_is_caught(unfinished):
    """Leaving out the volume of the map moves the difference by far more than rounding."""
    model, data = prepared(**MODELS["none"])
    coordinates = Coordinates(model)
    geometry, positions = scattered(find_geometry(coordinates, data), coordinates.size)

    found, expected, log_jacobian = both(model, data, coordinates, geometry, positions)
    assert np.ptp(found + log_jacobian - expected) > 1e-2
