"""Priors that say where they hold, whatever table is fitted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError, StoreError
from bayescale.models.layout import design_anchors

ALL = {
    "E": bs.LogNormal(1.8, 0.3),
    "A": bs.LogNormal(0.6, 0.5),
    "B": bs.LogNormal(0.6, 0.5),
    "alpha": bs.LogNormal(0.35, 0.3),
    "beta": bs.LogNormal(0.4, 0.3),
}


@pytest.fixture(scope="module")
def runs() -> bs.Runs:
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    size, tokens = np.meshgrid(np.geomspace(5e7, 2e9, 5), np.geomspace(2e9, 5e10, 5))
    design = pd.DataFrame({"params": size.ravel(), "tokens": tokens.ravel()})
    return bs.read_runs(bs.simulate(law, design, sigma=0.01, seed=0))


def test_priors_at_the_anchors_of_the_table_are_those_that_hold_without_saying_so(runs):
    own = design_anchors(bs.laws.Chinchilla, runs)
    with_anchors, without = bs.Priors(ALL, own), ALL
    one, other = (bs.fit("chinchilla", runs, priors=priors) for priors in (with_anchors, without))
    for name in one.unconstrained:
        np.testing.assert_array_equal(one.unconstrained[name], other.unconstrained[name])


def test_a_narrow_prior_decides_the_value_at_its_own_anchor(runs):
    """The term of a size of 2e6 is as given; 0.002 is the width of the prior on the log, 8 of them the tolerance."""
    priors = bs.Priors(ALL | {"A": bs.LogNormal(4.0, 0.002)}, {"N0": 2e6, "D0": 1e9})
    fit = bs.fit("chinchilla", runs, priors=priors)
    there = fit.posterior["A"] * 2e6 ** -fit.posterior["alpha"]
    np.testing.assert_allclose(np.log(there), np.log(4.0), atol=0.016)
    assert fit.anchors == {"N0": 2e6, "D0": 1e9}


def test_a_batch_takes_them_as_a_fit_does(runs):
    priors = bs.Priors(ALL | {"A": bs.LogNormal(4.0, 0.002)}, {"N0": 2e6})
    fits = bs.fit_many("chinchilla", {"one": runs}, priors=priors, progress=False)
    assert fits.anchors["N0"].item() == fits["one"].anchors["N0"] == 2e6
    assert fits["one"].anchors["D0"] == design_anchors(bs.laws.Chinchilla, runs)["D0"]
    there = fits.posterior["A"] * 2e6 ** -fits.posterior["alpha"]
    np.testing.assert_allclose(np.log(there), np.log(4.0), atol=0.016)


def test_both_engines_give_one_posterior(runs):
    """Means within five Monte Carlo errors of their difference."""
    there = {"A": bs.LogNormal(4.0, 0.5), "B": bs.LogNormal(2.5, 0.5)}
    priors = bs.Priors(ALL | there, {"N0": 1e6, "D0": 1e8})
    fits = [bs.fit("chinchilla", runs, priors=priors, engine=engine) for engine in ("auto", "nuts")]
    assert [fit.engine.split()[0] for fit in fits] == ["instant", "nuts"]
    for name in ("E", "A", "B", "alpha", "beta"):
        one, other = (fit.unconstrained[name].to_numpy() for fit in fits)
        error = np.sqrt(sum(_error(values) ** 2 for values in (one, other)))
        assert abs(one.mean() - other.mean()) < 5 * error, name


def _error(values: np.ndarray) -> float:
    import arviz as az

    return float(az.mcse(values))


def test_a_saved_fit_keeps_them(runs, tmp_path):
    fit = bs.fit("chinchilla", runs, priors=bs.Priors(ALL, {"N0": 2e6}))
    fit.save(tmp_path / "fit.nc")
    loaded = bs.load(tmp_path / "fit.nc")
    assert loaded.model == fit.model and dict(loaded.model.anchors) == {"N0": 2e6}
    wrong = dataclasses.replace(fit, model=dataclasses.replace(fit.model, anchors=(("N0", 3e6),)))
    wrong.save(tmp_path / "wrong.nc")
    with pytest.raises(StoreError, match="other anchors"):
        bs.load(tmp_path / "wrong.nc")


def test_a_textbook_coefficient_at_one_is_no_suspicion(runs, recwarn):
    priors = bs.Priors(ALL | {"A": bs.LogNormal(480.0, 0.5), "B": bs.LogNormal(2000.0, 0.5)}, {"N0": 1.0, "D0": 1.0})
    bs.fit("chinchilla", runs, priors=priors)
    assert not [w for w in recwarn if issubclass(w.category, bs.SettingsWarning)]


@pytest.mark.parametrize(
    ("priors", "anchors", "message"),
    [
        (ALL, {"N1": 1e6}, "no such anchor; chinchilla has N0, D0"),
        ({"E": ALL["E"]}, {"N0": 1e6}, "have none of 'A', which is a value there"),
    ],
)
def test_anchors_that_the_law_does_not_know(runs, priors, anchors, message):
    with pytest.raises(SettingsError, match=message):
        bs.fit("chinchilla", runs, priors=bs.Priors(priors, anchors))


@pytest.mark.parametrize(
    ("priors", "anchors", "message"),
    [
        ({"E": 1.8}, {}, "must be a Prior such as"),
        ({}, {"N0": 0.0}, "positive finite number, got 0.0"),
        ({}, {"N0": "big"}, "positive finite number, got 'big'"),
    ],
)
def test_what_is_no_prior_and_no_anchor(priors, anchors, message):
    with pytest.raises(SettingsError, match=message):
        bs.Priors(priors, anchors)
