"""NUTS in the package's own coordinates has the posterior of the reference, however families are pooled."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.laws import CATALOGUE
from bayescale.models import NOISES

FAMILIES, ROWS = 3, 8


def mixed(law):
    """The first parameter free in every family, the last one common, and the rest around a population."""
    return {law.parameters[0].name: "none", law.parameters[-1].name: "complete", "default": "partial"}


POOLINGS = {
    "complete": lambda law: "complete",
    "partial": lambda law: "partial",
    "none": lambda law: "none",
    "mixed": mixed,
}


@pytest.fixture(scope="module")
def families(simulated):
    return {law: simulated(law, rows=ROWS, sigma=0.03, families=FAMILIES) for law in CATALOGUE}


@pytest.mark.slow
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_the_posterior_is_the_reference(law, noise, pooling, families, reference, disagreements):
    runs, chosen = families[law], POOLINGS[pooling](law)
    fit = bs.fit(law, runs, noise=noise, pooling=chosen, engine="nuts", draws=3000, seed=5)
    expected = reference(law, noise, runs, pooling=chosen, draws=1500)
    assert not (wrong := disagreements(fit.unconstrained, expected)), wrong
