"""Checks of review pass on runs of the law that is fitted, and fire on runs that are wrong in their way.

How often they warn of right tables is measured by ``benchmarks/review_false_alarms.py``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.validation.review.drift import _z
from bayescale.validation.review.loo import _permuted

# What is wrong, the check that says so, and words of its advice.
CASES = [
    ("losses bend along params", "residuals-params", "Residuals bend along params"),
    ("losses bend along tokens", "residuals-tokens", "Residuals bend along tokens"),
    ("E rises with compute", "residuals-compute", "trust no extrapolation in compute"),
    ("valleys too curved", "valley-curvature", "times as curved as the law ties them"),
    ("one budget is noisy", "loo-by-budget", "Runs of the budget 3e+19 are predicted unlike the others"),
    ("losses read off a curve", "seed-noise", "less than seeds do (0.03 %): are the losses smoothed"),
    ("runs are mistuned", "seed-noise", "times what seeds do (0.07 % as a rule). If the rest is mistuning"),
]


def test_a_right_table_passes_everything(review_of):
    found = review_of()
    assert found.checks.table()["status"].eq("pass").all() and not found.left_out
    assert len(found.checks.checks) == 10 and "all 10 checks pass" in repr(found)
    assert found.check() == found.checks.checks


@pytest.mark.parametrize(("wrong", "check", "words"), CASES)
def test_what_is_wrong_is_named(review_of, wrong, check, words):
    found = review_of(wrong)
    one = found.table().set_index("name").loc[check]
    assert one["status"] != "pass" and words in one["advice"]


def test_a_floor_that_drifts_is_seen_in_the_refits(made):
    """The floor falls by three per cent per decade above the middle: E of the smaller runs is not that of all."""
    runs = made["right"](made["isoflop"](), 3)
    decades = np.log10(6 * runs["params"] * runs["tokens"])
    runs["loss"] -= 0.03 * 1.8 * np.maximum(decades - 19.5, 0)
    found = bs.review(bs.fit("chinchilla", bs.read_runs(runs), seed=0))
    one = found.table().set_index("name").loc["drift-E"]
    assert one["status"] != "pass" and one["advice"].startswith("E falls as larger runs enter")
    assert "may go on, stop or turn" in one["advice"]
    medians = found.drift.query("parameter == 'E'").set_index("ratio")["median"]
    assert medians[4] > medians[1]


def test_the_change_of_a_mean_is_measured_at_one_noise_scale():
    """A normal mean by hand: of 40 runs with known scale, seen from 20, whose scatter happens to be half."""
    rng = np.random.default_rng(0)
    some, whole = rng.normal(1.0, 0.5 / 20**0.5, 200_000), rng.normal(1.3, 1 / 40**0.5, 200_000)
    assert _z(some, whole, 0.5, 1.0) == pytest.approx(-0.3 / np.sqrt(1 / 20 - 1 / 40), rel=0.02)


def test_a_prior_in_conflict_is_named(made):
    runs = bs.read_runs(made["right"](made["isoflop"](), 3))
    fit = bs.fit("chinchilla", runs, priors={"alpha": bs.LogNormal(0.6, 0.03)}, seed=0)
    found = bs.review(fit, refits=False)
    one = found.table().set_index("name").loc["prior-sensitivity"]
    assert one["status"] == "warn" and "moves with its prior" in one["advice"]
    assert found.sensitivity.set_index("parameter").loc["alpha", "prior"] > 0.05


def test_a_family_that_scatters_otherwise_is_named(made):
    """Both families have one noise scale in the fit, and one of them scatters ten times as much."""
    design = made["grid"]()
    quiet, loud = (bs.simulate(made["TRUTH"], design, sigma=s, seed=i) for i, s in enumerate((0.0005, 0.005)))
    runs = pd.concat([quiet.assign(family="quiet"), loud.assign(family="loud")], ignore_index=True)
    fit = bs.fit("chinchilla", bs.read_runs(runs), pooling="complete", seed=0)
    one = bs.review(fit, refits=False).table().set_index("name").loc["loo-by-family"]
    assert one["status"] == "fail" and "Runs of the family" in one["advice"]


def test_p_values_of_permutations_are_uniform():
    """Sixty p-values of distances that know nothing of their group: their mean is 0.5 with an sd of 0.037."""
    rng, groups = np.random.default_rng(1), np.repeat(list("abcde"), 7)
    p = np.array([_permuted(rng.random(35), groups, np.full(35, ""), rng)[1] for _ in range(60)])
    assert abs(p.mean() - 0.5) < 4 * 0.037
    away = np.where(groups == "c", 0.99, rng.random(35))
    assert _permuted(away, groups, np.full(35, ""), rng) == ("c", pytest.approx(0.0002, abs=2e-4))


def test_two_values_are_no_bend(made):
    """A variable of two sizes is left out, and is said to be; tokens and compute are looked at."""
    design = pd.DataFrame([{"params": n, "tokens": d} for n in (1e8, 1e9) for d in np.geomspace(1e9, 1e11, 10)])
    fit = bs.fit("chinchilla", bs.read_runs(made["right"](design, 0)), seed=0)
    found = bs.review(fit, refits=False)
    assert "residuals along params (2 different values, a bend needs 3)" in found.left_out
    assert "params" not in set(found.residuals["variable"]) and "tokens" in set(found.residuals["variable"])


def test_what_is_not_looked_at_is_said(right_fit, made):
    found = bs.review(right_fit, refits=False)
    assert found.left_out == ("drift (refits=False)", "valleys (refits=False)")
    assert "not looked at: drift" in repr(found)
    few = bs.fit("chinchilla", bs.read_runs(made["right"](made["grid"]()[:9], 0)), seed=0)
    told = " ".join(bs.review(few).left_out)
    assert "residuals (too few runs)" in told and "drift (too few runs)" in told and "no column budget" in told


def test_known_seed_noise_is_what_runs_are_held_against(right_fit):
    """Runs of scale 0.001: below three times 0.0005, above three times 0.0001, below a third of 0.01."""
    status = {}
    for noise in (0.0005, 0.0001, 0.01):
        check = bs.review(right_fit, noise=noise, refits=False).table().set_index("name").loc["seed-noise"]
        status[noise] = (check["status"], check["threshold"])
    assert status == {0.0005: ("pass", 3.0), 0.0001: ("warn", 3.0), 0.01: ("warn", pytest.approx(1 / 3))}


@pytest.mark.parametrize("noise", [0.0, -1.0, float("nan"), True])
def test_bad_noise_is_refused(right_fit, noise):
    with pytest.raises(bs.SettingsError, match=r"noise must be a positive sd of log loss such as 0\.0005"):
        bs.review(right_fit, noise=noise)


def test_what_is_no_fit_is_refused(right_fit):
    with pytest.raises(bs.SettingsError, match=r"review takes a fit, got Runs; make one with fit\(law, runs\)"):
        bs.review(right_fit.runs)


def test_priors_with_anchors_of_their_own_hold_in_the_refits(made):
    """A right table under priors at a size far below it: the refit of all runs is the fit, within Monte-Carlo error."""
    law = bs.laws.Chinchilla(E=1.6, A=1.416, B=1.595, alpha=0.311, beta=0.3638, N0=2e7, D0=2e8)
    size, tokens = np.meshgrid(np.geomspace(3e9, 6e10, 5), np.geomspace(5e10, 1e12, 5))
    design = pd.DataFrame({"params": size.ravel(), "tokens": tokens.ravel()})
    runs = bs.read_runs(bs.simulate(law, design, sigma=0.004, seed=0))
    public = bs.priors.public("chinchilla")
    fit = bs.fit("chinchilla", runs, priors=public)
    assert dict(fit.model.given_priors) == dict(public)
    assert dict(fit.model.given_priors.anchors) == dict(public.anchors)
    drift = bs.review(fit).drift
    whole = drift[(drift["ratio"] == 1) & (drift["parameter"] == "alpha")].iloc[0]
    draws = fit.posterior["alpha"]
    assert abs(whole["median"] - float(draws.median())) < 0.3 * float(draws.std())
