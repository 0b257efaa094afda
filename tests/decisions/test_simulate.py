"""Simulated experiments: known truths, noise of a seed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayescale.decisions import simulate
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla

LAW = Chinchilla.published["besiroglu2024chinchilla"]
DESIGN = pd.DataFrame({"params": np.geomspace(1e8, 1e10, 2_000), "tokens": 2e10})


def residuals(**choices):
    made = simulate(LAW, DESIGN, **choices)
    truth = 1.8172 + 482.01 / made["params"] ** 0.3478 + 2085.43 / made["tokens"] ** 0.3658
    return np.log(made["loss"] / truth).to_numpy()


def test_the_seed_decides():
    pd.testing.assert_frame_equal(simulate(LAW, DESIGN, seed=3), simulate(LAW, DESIGN, seed=3))
    assert not np.allclose(residuals(seed=3), residuals(seed=4))


def test_without_noise_the_truth_comes_out():
    """In double precision, whatever the caller's: rounding of some 1e-16 in a handful of operations."""
    np.testing.assert_allclose(residuals(sigma=0.0), 0.0, atol=1e-14)


@pytest.mark.parametrize(("nu", "law"), [(5.0, stats.t(5)), (math.inf, stats.norm())])
def test_noise_is_what_was_asked_for(nu, law):
    """Kolmogorov-Smirnov at a false-alarm rate of 1e-6."""
    assert stats.kstest(residuals(sigma=0.01, nu=nu) / 0.01, law.cdf).pvalue > 1e-6


def test_families_have_their_own_law():
    design = DESIGN.head(4).assign(family=["a", "b", "a", "b"])
    laws = {"a": LAW, "b": LAW.replace(E=2.8172)}
    made = simulate(laws, design, sigma=0.0)
    alone = simulate(LAW, design, sigma=0.0)
    np.testing.assert_allclose(made["loss"] - alone["loss"], [0, 1, 0, 1], atol=1e-14)
    assert "loss" not in design


@pytest.mark.parametrize(
    "design", [DESIGN.head(2), DESIGN.head(2).assign(family=["a", "c"])], ids=["no family", "an unknown family"]
)
def test_families_must_be_known(design):
    with pytest.raises(SettingsError, match=r"^The design needs a family column with only these names: a, b.$"):
        simulate({"a": LAW, "b": LAW}, design)


def test_a_design_must_have_the_laws_inputs():
    with pytest.raises(SettingsError, match=r"^The design lacks 'tokens', which the law 'chinchilla' takes.$"):
        simulate(LAW, DESIGN[["params"]])


@pytest.mark.parametrize("noise", [{"sigma": -0.1}, {"sigma": math.nan}, {"nu": 0.0}])
def test_noise_has_a_size(noise):
    with pytest.raises(SettingsError, match=r"^sigma must be at least 0 and nu positive, got sigma=.* and nu=.*\.$"):
        simulate(LAW, DESIGN, **noise)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, "0"])
def test_seeds_are_integers(seed):
    with pytest.raises(SettingsError, match=r"^seed must be an integer from 0 to 2\*\*63 - 1, got .*\.$"):
        simulate(LAW, DESIGN, seed=seed)
