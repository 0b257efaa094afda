"""NUTS whose map is broken on purpose does not pass the test that it passes as it is.

Forty tables are enough: where the map is broken, nine in ten truths or more have a rank below 20 in some quantity;
more than 21 leave the band, and even if it were only eight in ten, these would be missed once in 10,000 seeds. What
tilts a single number by a part of its sd takes many more tables, and is tried against NumPyro's own NUTS instead.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import pytest

from bayescale.inference import coordinates, sampling
from bayescale.models.model import FAMILY

TABLES = 40
# One attempt and short chains: what is broken here has divergences, which must not be in the way of the test.
ONCE = {"target_accept": 0.9, "warmup": 200, "draws": 200}


@pytest.fixture
def broken(monkeypatch, sbc, hierarchy, ranks) -> Callable[..., dict[str, str]]:
    """What is not uniform after a change; coordinates of a class of their own share no compiled function."""

    def violations(owner: object, name: str, value: object) -> dict[str, str]:
        monkeypatch.setattr(owner, name, value)
        monkeypatch.setattr(sampling, "Coordinates", type("Broken", (coordinates.Coordinates,), {}))
        return sbc.violations(ranks(hierarchy(), TABLES, **ONCE))

    return violations


def four_fifths(precision, shift, z, right=coordinates.whitened):
    """The same map, with a fifth of its log Jacobian left out; without all of it there is no posterior at all."""
    family, log_jacobian = right(precision, shift, z)
    return family, 0.8 * log_jacobian


@pytest.mark.slow
def test_the_map_as_it_is_passes(broken):
    assert not broken(coordinates, "whitened", coordinates.whitened)


@pytest.mark.slow
def test_a_fifth_of_the_jacobian_of_whitening_is_noticed(broken):
    assert broken(coordinates, "whitened", four_fifths)


def without_data(model, sites, right=coordinates.family_values):
    """Values of families whose level is taken for the loss without the data's share."""
    level, size, data = (sites[FAMILY][:, j] for j in range(3))
    missing = jnp.logaddexp(0.0, jnp.logaddexp(size, data)) - jnp.logaddexp(0.0, size)
    return right(model, sites | {FAMILY: sites[FAMILY].at[:, 0].set(level + missing)})


@pytest.mark.slow
def test_a_level_without_the_share_of_data_is_noticed(broken):
    assert broken(coordinates, "family_values", without_data)
