"""A noise whose density has corners: trajectories follow a rounded one, and draws are of the density itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.coordinates import Coordinates
from bayescale.inference.geometry import find_geometry
from bayescale.inference.likelihood import prepare, sampled_arrays
from bayescale.inference.nuts import run_nuts
from bayescale.inference.nuts_kernel import _accept_again
from bayescale.inference.precision import computing
from bayescale.inference.settings import Settings
from bayescale.laws import Chinchilla
from bayescale.models import Laplace, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors

FALSE_ALARM = 1e-4


class State(NamedTuple):
    """Of a one-dimensional sampler."""

    z: Any
    z_grad: Any
    potential_energy: Any
    rng_key: Any


def guide(z):
    """The rounded Laplace with a tip of 1, but for a constant."""
    return jnp.where(jnp.abs(z) < 1.0, 0.5 * z**2, jnp.abs(z) - 0.5)


def state(z, key):
    return State(z, jnp.sign(z), guide(z), key)


def moved(before, after, keys):
    """Positions after the second acceptance, whose exact density is a Laplace's."""
    step = jax.vmap(lambda old, new, key: _accept_again(jnp.abs, state(old, key), state(new, key)))
    return step(before, after, keys)


def of_guide(rng, count):
    """Independent draws of the guide's density, each of which is a reversible move of it, by rejection."""
    tried = rng.laplace(size=2 * count)
    # The guide lies below the Laplace's potential by 0.5 at most, and not above it.
    kept = tried[np.log(rng.uniform(size=tried.size)) < np.abs(tried) - 0.5 - np.asarray(guide(tried))]
    assert kept.size >= count
    return kept[:count]


@pytest.fixture(scope="module")
def one_step():
    """A Laplace's draws, moves of the guide, and where the second acceptance leaves them."""
    rng, count = np.random.default_rng(4), 40_000
    with jax.enable_x64(True):
        before, after = rng.laplace(size=count), of_guide(rng, count)
        found, potential = moved(before, after, jax.random.split(jax.random.key(7), count))
        return SimpleNamespace(before=before, after=after, found=found, potential=potential)


def off(draws: np.ndarray) -> float:
    """How far the mean distance from the corner is from a Laplace's, which is 1 with an sd of 1, in standard errors."""
    return float((np.abs(draws).mean() - 1.0) * np.sqrt(draws.size))


def test_the_second_acceptance_keeps_the_exact_density(one_step):
    assert abs(off(np.asarray(one_step.found.z))) < norm.isf(FALSE_ALARM / 2.0)


def test_without_it_the_draws_would_be_of_the_rounded_density(one_step):
    assert abs(off(one_step.after)) > 2.0 * norm.isf(FALSE_ALARM / 2.0)


def test_a_refused_move_leaves_all_that_the_sampler_knows_of_its_position(one_step):
    z = np.asarray(one_step.found.z)
    stayed = z == one_step.before
    assert 0.02 < stayed.mean() < 0.5
    np.testing.assert_array_equal(z, np.where(stayed, one_step.before, one_step.after))
    np.testing.assert_array_equal(one_step.found.z_grad, np.sign(z))
    with jax.enable_x64(True):
        np.testing.assert_allclose(one_step.found.potential_energy, guide(z), rtol=1e-12)
    np.testing.assert_array_equal(one_step.potential, np.abs(z))


def test_a_move_to_where_the_density_is_no_number_is_refused():
    keys = jax.random.split(jax.random.key(1), 1)
    with jax.enable_x64(True):
        found, potential = moved(np.array([0.5]), np.array([np.nan]), keys)
    assert (float(found.z[0]), float(potential[0])) == (0.5, 0.5)


def families() -> bs.Runs:
    """Three families of eight runs: few for eighteen parameters, so that the posterior meets many corners."""
    rng = np.random.default_rng(3)
    family = np.repeat(["a", "b", "c"], 8)
    params, tokens = rng.lognormal(19, 1.3, family.size), rng.lognormal(23, 1.3, family.size)
    loss = (1.8 + 400 / params**0.34 + 1500 / tokens**0.36) * np.exp(0.02 * rng.laplace(size=family.size))
    return read_quietly(pd.DataFrame({"params": params, "tokens": tokens, "loss": loss, "family": family}))


@pytest.fixture(scope="module")
def sampled():
    runs = families()
    layout = lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs))
    coordinates = Coordinates(build_model(Chinchilla, noise=Laplace, pooling=Pooling("complete"), n_families=3))
    data = sampled_arrays(layout)
    with computing():
        geometry = jax.device_put(find_geometry(coordinates, data))
        settings = Settings(warmup=250, draws=500, target_accept=0.95)
        positions, stats = run_nuts(coordinates, geometry, data, settings=settings, seed=2)
        rows = prepare(coordinates.model, data)
        exact = np.asarray(jax.vmap(lambda z: coordinates.potential(geometry, rows, z))(positions[0]))
    return SimpleNamespace(positions=positions, stats=stats, exact=exact)


def test_trajectories_are_short_and_chains_meet(sampled):
    """With the exact gradient tables like this one took steps of a thousandth, and a thousand of them a draw."""
    from arviz_stats.base import array_stats

    assert sampled.stats["n_steps"].mean() < 150
    r_hats = [
        array_stats.rhat(sampled.positions[..., i], method="rank", chain_axis=0, draw_axis=1)
        for i in range(sampled.positions.shape[-1])
    ]
    # 500 draws a chain here; whole fits have a limit of 1.01 for 1,500 and more.
    assert max(r_hats) < 1.05


def test_the_log_density_of_draws_is_the_exact_one(sampled):
    np.testing.assert_allclose(sampled.stats["lp"][0], -sampled.exact, rtol=1e-9)


def test_some_draws_are_refused_and_most_are_not(sampled):
    stayed = (np.diff(sampled.positions, axis=1) == 0.0).all(axis=-1).mean()
    assert 0.02 < stayed < 0.5
