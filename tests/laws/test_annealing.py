"""The areas of a schedule are the paper's sums, and one curve predicts another schedule's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import Annealing, cosine_schedule, schedule_areas


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.999])
def test_the_areas_are_tissues_double_sum(memory):
    """S2 = sum over steps i, and over the steps k up to i, of (eta_{k-1} - eta_k) memory^(i-k)."""
    rates = np.random.default_rng(0).uniform(0.0, 1.0, 40)
    area, annealing = schedule_areas(rates, memory=memory)
    for s in (0, 1, 17, 39):
        double = sum((rates[k - 1] - rates[k]) * memory ** (i - k) for i in range(1, s + 1) for k in range(1, i + 1))
        assert annealing[s] == pytest.approx(double, abs=1e-12)
        assert area[s] == pytest.approx(rates[: s + 1].sum())


def test_a_constant_rate_anneals_nothing_and_warm_up_does_not_count():
    assert not schedule_areas(np.ones(50))[1].any()
    lr = cosine_schedule(200, 3e-4, final=0.1, warmup=20)
    assert lr.max() == lr[20] == 3e-4
    assert lr[-1] == pytest.approx(3e-5)
    annealing = schedule_areas(lr, warmup=20)[1]
    assert not annealing[:21].any()
    assert (np.diff(annealing[21:]) > 0).all()
    # Without saying so, the rise of warm-up counts as the opposite of annealing.
    assert schedule_areas(lr)[1][19] < 0


def test_long_after_a_fall_the_annealing_area_is_the_fall_times_the_memory():
    lr = np.where(np.arange(20_000) < 5_000, 1.0, 0.2)
    momentum = np.diff(schedule_areas(lr, memory=0.99)[1])
    assert momentum.sum() == pytest.approx(0.8 / (1 - 0.99), rel=1e-6)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: schedule_areas([]), "lr must be a flat list"),
        (lambda: schedule_areas([1.0, -1.0]), "zero or positive"),
        (lambda: schedule_areas([1.0], memory=1.0), "memory must be at least 0 and below 1"),
        (lambda: schedule_areas([1.0], warmup=-1), "warmup must be a whole number"),
        (lambda: cosine_schedule(10, 1.0, warmup=10), "needs 0 <= warmup < steps"),
    ],
)
def test_schedules_that_are_none_are_refused(ask, message):
    with pytest.raises(bs.SettingsError, match=message):
        ask()


def test_a_truth_comes_back_from_a_run_that_decays_at_its_end():
    """A hundred checkpoints with correlated residuals: every parameter within its 99.9 % interval."""
    truth = Annealing(L_0=2.0, A=0.5, alpha=0.5, C=1.5, S0=2.0)
    lr = 3e-4 * np.interp(np.arange(20_000), [0, 199, 14_000, 20_000], [0.0, 1.0, 1.0, 0.1])
    area, annealing = schedule_areas(lr, warmup=200)
    step = np.arange(1_999, 20_000, 180)
    rng = np.random.default_rng(2)
    root = np.linalg.cholesky(np.exp(-np.abs(np.log(step[:, None] / step)) / 0.1))
    loss = truth(area[step], annealing[step]) * np.exp(0.002 * root @ rng.standard_normal(step.size))
    columns = {"lr_area": area[step], "annealing_area": annealing[step], "step": step, "loss": loss, "run": "one"}
    with pytest.warns(bs.DataWarning):
        runs = bs.read_runs(pd.DataFrame(columns), law="annealing")
    fit = bs.fit("annealing", runs, residuals="ou", noise="normal")
    fit.check()
    expected = truth.textbook()
    for name in ("L_0", "A", "alpha", "C"):
        low, high = np.quantile(fit.posterior[name], [0.0005, 0.9995])
        assert low < getattr(expected, name) < high, name


def steps_of(table: pd.DataFrame, total: int) -> pd.DataFrame:
    """The last three quarters of one run, with the areas of a cosine to a tenth of its peak."""
    rows = table[(table["total_steps"] == total) & table["current_steps"].between(total / 4, total)]
    rows = rows.sort_values("current_steps").drop_duplicates("current_steps")
    step, warmup = rows["current_steps"].to_numpy(), total // 10
    area, annealing = schedule_areas(cosine_schedule(total, 0.002, warmup=warmup), warmup=warmup)
    columns = {"lr_area": area[step - 1], "annealing_area": annealing[step - 1], "step": step}
    return pd.DataFrame(columns | {"loss": rows["loss"].to_numpy(), "run": f"{total} steps"})


def test_two_schedules_predict_a_third_to_a_percent(real_file):
    """A model of 1.8e8 parameters trained for 4,000 and for 12,000 steps; predicted: 6,000 steps, all along.

    Without annealing, C = 0 in all but name, the same law fits the two curves several times less closely.
    """
    table = pd.read_csv(real_file("misfitting/scaling_results.csv"))
    table = table[(table["peak_lr"] == 0.002) & (table["model"] == "misfitting_100m")]
    with pytest.warns(bs.DataWarning):
        runs = bs.read_runs(pd.concat([steps_of(table, 4000), steps_of(table, 12_000)]), law="annealing")
    new = steps_of(table, 6000)
    fit = bs.fit("annealing", runs, residuals="ou")
    inputs = {name: new[name].to_numpy() for name in ("lr_area", "annealing_area")}
    told = bs.predict(fit, **inputs, kind="law", discrepancy=None).draws["loss"]
    predicted = told.median(("chain", "draw")).to_numpy()
    assert np.abs(predicted / new["loss"].to_numpy() - 1).max() < 0.01
    with pytest.warns(bs.SettingsWarning, match="prior-at-anchor"):
        without = bs.fit("annealing", runs, residuals="ou", priors={"C": bs.LogNormal(1e-5, 0.01)})
    low, high = float(without.posterior["sigma"].quantile(0.01)), float(fit.posterior["sigma"].quantile(0.99))
    assert high < low
