"""Learning curves fitted to real ones: the checks pass, and what is later in training is near what is predicted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs


@pytest.fixture(scope="module")
def few_shot(real_file) -> pd.DataFrame:
    """A vision transformer's error on ImageNet from 25 examples a class while it is trained, with the given split."""
    table = pd.read_csv(real_file("learning-curves/benchmark.vision.csv"))
    table = table[(table["Task"] == "inet_25") & (table["Model"] == "ViT/B/16")]
    return table.rename(columns={"Seen Examples": "examples", "Loss": "error"}).sort_values("examples")


@pytest.fixture(scope="module")
def training(few_shot) -> bs.Runs:
    runs = bs.read_runs(few_shot.loc[few_shot["Training"] == 1, ["examples", "error"]], law="m2-error")
    assert len(runs) == 67
    return runs


@pytest.fixture(scope="module")
def training_loss(real_file) -> bs.Runs:
    """The longest run of the largest model of a sweep, 43 checkpoints after a tenth of training."""
    table = pd.read_csv(real_file("misfitting/scaling_results.csv"))
    table = table[(table["peak_lr"] == 0.002) & (table["N"] == 522374400) & (table["total_steps"] == 12000)]
    table = table[table["portion_steps_elapsed"].between(0.1, 1.0)].sort_values("D")
    assert len(table) == 43
    return bs.read_runs(table.rename(columns={"D": "tokens"})[["tokens", "loss"]], law="m2")


def later_error(fit: bs.Fit, few_shot: pd.DataFrame) -> tuple[float, float]:
    """RMSLE of the medians over the later part, and how much of it the 90 % intervals of a run hold."""
    later = few_shot[few_shot["Training"] == 0].iloc[::10]
    made = bs.predict(fit, examples=later["examples"], kind="run").table(prob=0.9)
    error = later["error"].to_numpy()
    inside = (made["lower"].to_numpy() <= error) & (error <= made["upper"].to_numpy())
    return float(np.sqrt(np.mean(np.log(made["median"].to_numpy() / error) ** 2))), float(inside.mean())


@pytest.fixture(scope="module")
def power(training) -> bs.Fit:
    fit = bs.fit("m1-error", training, seed=0)
    fit.check()
    return fit


@pytest.mark.parametrize("law", ["m2-error", "m3-error"])
def test_a_floor_predicts_later_training_better_than_a_power_without_one(law, power, training, few_shot):
    """The curve is known to twice the examples, where the power alone is below all of it."""
    fit = bs.fit(law, training, seed=0)
    fit.check()
    assert fit.engine.startswith("instant")
    assert later_error(fit, few_shot)[0] < later_error(power, few_shot)[0]


def test_intervals_of_a_curve_without_a_floor_miss_what_is_later(power, few_shot):
    """Posteriors know the noise and not that the law is wrong: nothing later is in 90 % intervals of a run."""
    assert later_error(power, few_shot)[1] < 0.1


def least_squares(law: str, runs: bs.Runs) -> bs.laws.Law:
    made = bs.point_fit(law, runs, loss="squares", starts=20, resamples=2, seed=0)
    return next(iter(made.laws.values()))


def test_a_sigmoid_comes_closer_to_the_training_part_than_a_power(training):
    """A power is a limit of it."""
    x, error = (training.table[name].to_numpy() for name in ("examples", "error"))
    power, sigmoid = (np.std(np.log(error / least_squares(law, training)(x))) for law in ("m1-error", "m4-error"))
    assert sigmoid < 0.9 * power


def test_a_broken_law_has_no_least_squares_on_a_curve_without_a_clear_break(training):
    """Its parts then replace each other: a posterior has priors, a point fit says that it does not converge."""
    with pytest.raises(bs.FitError, match=r"^None of 20 starts converged; the best of them stopped with B "):
        least_squares("bnsl-1-error", training)


@pytest.mark.slow
@pytest.mark.parametrize("law", ["m4-error", "bnsl-1-error"])
def test_posteriors_of_sigmoid_and_broken_curves_pass_all_checks(law, training):
    bs.fit(law, training, seed=0).check()


@pytest.mark.parametrize("law", ["m2", "m3"])
def test_curves_fit_a_training_loss_to_a_percent(law, training_loss):
    fit = bs.fit(law, training_loss, seed=0)
    fit.check()
    assert float(fit.posterior["sigma"].median()) < 0.01


def test_batches_of_error_curves_are_the_fits_of_single_ones(training):
    """Means agree to a fifth of a sd: five Monte-Carlo errors at an ESS of 600 and more."""
    half = training.subset(np.arange(len(training)) % 2 == 0)
    fits = bs.fit_many("m2-error", {"all": training, "half": half}, seed=0)
    assert fits.status["status"].tolist() == ["ok", "ok"]
    alone = bs.fit("m2-error", training, seed=1, ess=1000)
    for name in ("E", "beta", "sigma"):
        draws = alone.posterior[name].to_numpy()
        assert abs(float(fits.posterior[name].sel(fit="all").mean()) - draws.mean()) < 0.2 * draws.std()


def test_a_batch_fails_a_table_with_an_error_of_zero_and_fits_the_other(training):
    bad = pd.DataFrame({"examples": [1e6, 1e7, 1e8, 1e9], "error": [0.5, 0.3, 0.2, 0.0]})
    fits = bs.fit_many("m2-error", {"bad": bad, "good": training}, draws=250)
    assert fits.status["status"].tolist() == ["failed", "ok"]
    assert "error 0 in row 4 is not positive, and the fit is one of log error" in fits.status["reason"].iloc[0]
