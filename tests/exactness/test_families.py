"""NUTS in the package's own coordinates has the posterior of the reference, however families are pooled."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.inference import coordinates, levels, sampling
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import NOISES, StudentT

FAMILIES, ROWS = 3, 8
# One whose families scatter in coordinates of its own, and one whose families scatter in logs: the sampler has a way
# for each, and a case takes a minute.
LAWS = (Chinchilla, KaplanND)


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
    return {law: simulated(law, rows=ROWS, sigma=0.03, families=FAMILIES) for law in LAWS}


@pytest.mark.slow
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_posterior_is_the_reference(law, noise, pooling, families, reference, disagreements):
    runs, chosen = families[law], POOLINGS[pooling](law)
    fit = bs.fit(law, runs, noise=noise, pooling=chosen, engine="nuts", draws=3000, seed=5)
    expected = reference(law, noise, runs, pooling=chosen, draws=1500)
    assert not (wrong := disagreements(fit.unconstrained, expected)), wrong


@pytest.mark.slow
def test_a_level_scaled_without_jacobian_is_noticed(families, reference, disagreements, monkeypatch):
    """It tilts one number by a part of its sd, which calibration with a few hundred tables cannot see."""
    right = levels.scale_population
    monkeypatch.setattr(levels, "scale_population", lambda *arguments: (right(*arguments)[0], 0.0))
    # Coordinates of a class of their own share no compiled function with the right ones.
    monkeypatch.setattr(sampling, "Coordinates", type("Broken", (coordinates.Coordinates,), {}))
    runs = families[Chinchilla]
    fit = bs.fit(Chinchilla, runs, pooling="partial", engine="nuts", draws=3000, seed=5)
    wrong = disagreements(fit.unconstrained, reference(Chinchilla, StudentT, runs, pooling="partial", draws=1500))
    assert any("level_between" in one for one in wrong), wrong
