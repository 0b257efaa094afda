"""Valleys of a law and of fits: closed forms where there are some, and a difference where the form is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

LAW = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]


def test_chinchillas_valley_is_alpha_beta_of_what_is_lost():
    budgets = np.array([1e19, 1e21, 1e24])
    found = bs.valley(LAW, compute=budgets)
    loss = found["loss"].to_numpy().ravel()
    curvature = LAW.alpha * LAW.beta * (1 - LAW.E / loss)
    # Differences of fourth order and step 0.05 miss by 0.05^4 / 90 times the sixth derivative: 1e-7.
    np.testing.assert_allclose(found["curvature"].to_numpy().ravel(), curvature, rtol=1e-5)
    np.testing.assert_allclose(found["a"].to_numpy().ravel(), float(LAW.a), rtol=1e-8)
    assert found["curvature"].attrs["long_name"] == "curvature of log loss in log size at fixed compute"


def table_of(law: bs.Law, seed: int) -> bs.Runs:
    rng, rows = np.random.default_rng(seed), []
    for budget in np.geomspace(1e18, 1e21, 6):
        best = float(bs.allocate(law, compute=budget).draws["params"].item())
        for params in best * np.geomspace(1 / 6, 6, 11):
            rows.append((params, budget / 6 / params, float(law(params, budget / 6 / params))))
    table = pd.DataFrame(rows, columns=["params", "tokens", "loss"])
    return bs.read_runs(table.assign(loss=table["loss"] * np.exp(0.002 * rng.standard_normal(len(table)))))


def compared(law: bs.Law, seed: int) -> pd.DataFrame:
    runs = table_of(law, seed)
    fits = [bs.fit(name, runs, seed=0) for name in ("isoflop-valley", "chinchilla")]
    for fit in fits:
        fit.check()
    return bs.compare_valleys(*fits, compute=[1e19, 1e20], prob=0.999).set_index(["quantity", "compute"])


def test_valleys_of_a_sum_of_powers_do_not_differ():
    found = compared(LAW, 0)
    assert ((found["lower"] < 0) & (found["upper"] > 0)).all()


def test_valleys_deeper_than_a_sum_of_powers_show():
    """The frontier and the path of Chinchilla, with twice the curvature."""
    deep = bs.laws.IsoFLOP(E=1.8, K=1.2, gamma=0.178, k=0.4, a=0.513, c=0.26, N0=1e9, D0=1e10)
    assert deep.curvature_ratio == pytest.approx(2.05, abs=0.01)
    found = compared(deep, 0).loc["log curvature"]
    assert (found["lower"] > 0).all()
    assert (found["above"] > 0.999).all()


def test_other_runs_are_not_compared():
    first, second = (bs.fit("chinchilla", table_of(LAW, seed), seed=0) for seed in (0, 1))
    with pytest.raises(bs.SettingsError, match=r"^Valleys are compared on the same runs; these two fits"):
        bs.compare_valleys(first, second, compute=1e20)


def test_draws_of_two_fits_are_paired_at_random():
    """Fits of one seed have draws of the same random numbers: paired in order, their difference would vanish."""
    fit = bs.fit("chinchilla", table_of(LAW, 0), seed=0)
    found = bs.compare_valleys(fit, fit, compute=1e20).set_index("quantity").loc["log curvature"]
    spread = np.log(bs.valley(fit, compute=1e20)["curvature"]).std(("chain", "draw")).item()
    # 90 % of a difference of two independent posteriors span 2 x 1.64 x sqrt(2) sds.
    assert found["upper"] - found["lower"] == pytest.approx(2 * 1.645 * 2**0.5 * spread, rel=0.15)
