"""Laws of other responses than the loss, of other inputs, and with parameters of any sign or between bounds: whole."""

from __future__ import annotations

from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import DataError, FitError
from bayescale.language.priors import LogitNormal, LogNormal, Normal, Uniform
from bayescale.language.quantities import Accuracy, Chance, LearningRate, Loss, Quantity, Size, SourceLoss, mixture
from bayescale.laws import Law
from bayescale.models import BetaBinomial

DEPTH = Quantity("depth", "h", "layers", "number of layers", lower=1.0, strict=False)
SHORT = {"chains": 2, "draws": 400}


class Rate(Law):
    """Best learning rate as a power of size, the logarithm of which is a straight line."""

    c: Array = parameter("log of the learning rate at N0", prior=Normal(-7.0, 3.0))
    a: Array = parameter("exponent, of any sign", prior=Normal(0.0, 1.0))
    N0: float = anchor("N")

    def __call__(self, N: Size) -> LearningRate:
        return jnp.exp(self.c) * (N / self.N0) ** self.a


class OfLoss(Law):
    """Accuracy from a loss: a logistic curve between chance and a best accuracy."""

    top: Array = parameter("accuracy of a perfect model", prior=LogitNormal(0.8, 1.0))
    middle: Array = parameter("loss half-way", prior=LogNormal(2.5, 0.3), unit="nats/token")
    slope: Array = parameter("steepness", prior=LogNormal(2.0, 0.5))

    def __call__(self, L: SourceLoss, chance: Chance) -> Accuracy:
        return chance + (self.top - chance) / (1.0 + jnp.exp(self.slope * (L - self.middle)))


class Mixed(Law):
    """Loss from a mixture and a depth of one's own."""

    E: Array = parameter("loss of code alone", prior=LogNormal(2.0, 0.5), unit="nats/token")
    share: Array = parameter("part of it that web text spares", prior=Uniform(0.0, 1.0))
    t: Array = parameter("rate of depth, of any sign", prior=Normal(0.0, 1.0))

    def __call__(self, web: Annotated[Any, mixture("web")], h: Annotated[Any, DEPTH]) -> Loss:
        return self.E * (1.0 - self.share * web) * jnp.exp(self.t * (h - 4.0) / 10.0)


def rates(family=None, c=-7.0, a=-0.4, seed=0):
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(1e8, 1e10, 25)
    lr = np.exp(c + a * np.log(sizes / 1e9) + 0.05 * rng.standard_normal(25))
    return pd.DataFrame({"params": sizes, "lr": lr} | ({"family": family} if family else {}))


@pytest.fixture(scope="module")
def rate_fits():
    """One posterior by both engines."""
    runs = bs.read_runs(rates(), law=Rate)
    return {
        engine: bs.fit(Rate, runs, noise="normal", seed=1, engine=engine, chains=4, draws=1000)
        for engine in ("instant", "nuts")
    }


@pytest.mark.parametrize("engine", ["instant", "nuts"])
def test_parameters_of_any_sign_are_those_of_least_squares(engine, rate_fits):
    """With flat priors the posterior of a straight line is a t around the least-squares line.

    The priors are sixty standard errors wide and more; five Monte-Carlo errors of a mean at an ESS of 300 are 0.29
    posterior standard deviations, of a standard deviation a fifth.
    """
    posterior, table = rate_fits[engine].posterior, rates()
    x, y = np.log(table["params"] / rate_fits[engine].anchors["N0"]), np.log(table["lr"])
    (a, c), covariance = np.polyfit(x, y, 1, cov=True)
    for name, estimate, variance in (("c", c, covariance[1, 1]), ("a", a, covariance[0, 0])):
        draws = posterior[name].to_numpy().ravel()
        assert abs(draws.mean() - estimate) < 0.29 * variance**0.5
        # A t of 23 degrees of freedom has an sd 4.6 % above its scale, which is that of the estimate.
        assert draws.std() == pytest.approx(1.046 * variance**0.5, rel=0.2)
    assert rate_fits[engine].engine.startswith(engine)
    assert not rate_fits[engine].checks.failed


def test_predictions_are_named_after_the_response_and_kept_by_files(rate_fits, tmp_path):
    fit = rate_fits["instant"]
    made = bs.predict(fit, params=[1e9, 1e11], kind="law")
    assert made.response == "lr"
    assert made.draws["lr"].attrs == {"long_name": "learning rate", "units": ""}
    assert list(made.table().columns[:3]) == ["group", "params", "kind"]
    assert made.table()["extrapolation"].isna().all()
    assert repr(made).startswith("Prediction of lr, law, (all)\n")
    assert made.table()["median"][0] == pytest.approx(np.exp(-7.0), rel=0.1)
    fit.save(tmp_path / "rate.nc")
    back = bs.load(tmp_path / "rate.nc", law=Rate)
    np.testing.assert_array_equal(bs.predict(back, params=1e9).draws["lr"], bs.predict(fit, params=1e9).draws["lr"])
    assert set(fit.data["posterior_predictive"].data_vars) == {"lr"}
    with pytest.raises(
        bs.SettingsError, match=r"^This figure shows losses by compute, and the law 'rate' predicts lea"
    ):
        bs.figures.residuals_data(fit)
    with pytest.raises(
        bs.LawError, match=r"^A plan makes the loss least, and the law 'rate' predicts learning rate\.$"
    ):
        bs.allocate(fit, compute=1e21)


def test_families_scatter_in_parameters_of_any_sign():
    tables = [rates(f, c, a, i) for i, (f, c, a) in enumerate([("x", -7.0, -0.4), ("y", -6.5, -0.2), ("z", -7.4, 0.1)])]
    fit = bs.fit(Rate, bs.read_runs(pd.concat(tables), law=Rate), noise="normal", seed=1, **SHORT)
    found = fit.posterior["a"].median(("chain", "draw"))
    # The standard error of a slope is 0.05 / (1.36 * 5) = 0.0074; the prior between families hardly shrinks.
    np.testing.assert_allclose(found, [-0.4, -0.2, 0.1], atol=5 * 0.0074)
    assert fit.posterior["a_between"].attrs["long_name"] == "sd between families of: exponent, of any sign"
    new = bs.predict(fit, params=1e9, kind="law").draws["lr"]
    assert np.isfinite(new).all() and float(np.log(new).std()) > 0.1


def test_a_measured_error_of_the_response_enters():
    """A score that is known badly has next to no weight, so that a wild one does no harm."""
    truth = OfLoss(**TRUTH)
    frame = bs.simulate(truth, ACCURACIES.drop(columns="items"), sigma=0.01, nu=np.inf, seed=4)
    wild = frame.assign(accuracy=np.where(np.arange(30) < 3, 0.3, frame["accuracy"]))
    told = wild.assign(accuracy_se=np.where(np.arange(30) < 3, 0.3, 0.0))
    top = {
        name: float(bs.fit(OfLoss, bs.read_runs(t, law=OfLoss), noise="normal", seed=0).posterior["top"].mean())
        for name, t in (("all", frame), ("told", told), ("not told", wild))
    }
    assert abs(top["told"] - top["all"]) < 0.3 * abs(top["not told"] - top["all"])


ACCURACIES = pd.DataFrame({"source_loss": np.linspace(1.6, 3.6, 30), "chance": 0.25, "items": 2000})
TRUTH = {"top": 0.85, "middle": 2.6, "slope": 2.5}


@pytest.fixture(scope="module")
def accuracy_fit():
    frame = bs.simulate(OfLoss(**TRUTH), ACCURACIES, noise=BetaBinomial(rho=0.002), seed=1)
    return bs.fit(OfLoss, bs.read_runs(frame, law=OfLoss), noise="beta-binomial", seed=0, chains=4, draws=500)


def test_accuracies_of_known_items_give_back_their_law(accuracy_fit):
    """Four posterior standard deviations: false alarms below 1e-3 for all four, and the seed is fixed."""
    for name, value in (TRUTH | {"rho": 0.002}).items():
        draws = accuracy_fit.posterior[name].to_numpy()
        assert abs(draws.mean() - value) < 4 * draws.std()
    assert draws.std() < 0.002  # of rho, which the prior leaves open over a decade
    assert accuracy_fit.engine == "nuts (not instant: its noise is of the task accuracy itself, not of the log)"
    assert not accuracy_fit.checks.failed


def test_a_new_run_is_a_share_of_its_items(accuracy_fit):
    """Its variance is that of the curve and of a beta-binomial count, to five standard errors of a variance."""
    asked = {"source_loss": [2.0, 3.0], "chance": 0.25}
    curve = bs.predict(accuracy_fit, **asked, kind="law").draws["accuracy"].stack(all=("chain", "draw"))
    run = bs.predict(accuracy_fit, **asked, items=500).draws["accuracy"].stack(all=("chain", "draw"))
    np.testing.assert_allclose(run * 500, np.round(run * 500), atol=1e-8)
    rho = accuracy_fit.posterior["rho"].stack(all=("chain", "draw"))
    expected = (curve * (1 - curve) / 500 * (1 + 499 * rho)).mean("all") + curve.var("all")
    np.testing.assert_allclose(run.var("all"), expected, rtol=5 * np.sqrt(2 / 2000))
    with pytest.raises(
        bs.SettingsError, match=r"^The law 'of-loss' needs the input 'items'; its inputs: chance, items, "
    ):
        bs.predict(accuracy_fit, **asked)


def test_replicates_and_likelihood_are_of_the_accuracy_itself(accuracy_fit):
    replicate = accuracy_fit.posterior_predictive["accuracy"]
    assert replicate.attrs == {"long_name": "task accuracy", "units": ""}
    np.testing.assert_allclose(replicate * 2000, np.round(replicate * 2000), atol=1e-8)
    # Probabilities of counts: never above 1.
    assert float(accuracy_fit.log_likelihood["accuracy"].max()) < 0


def test_a_fit_of_counts_is_kept_by_files(accuracy_fit, tmp_path):
    accuracy_fit.save(tmp_path / "accuracy.nc")
    back = bs.load(tmp_path / "accuracy.nc", law=OfLoss)
    asked = {"source_loss": 2.5, "chance": 0.25, "items": 100}
    np.testing.assert_array_equal(
        bs.predict(back, **asked).draws["accuracy"], bs.predict(accuracy_fit, **asked).draws["accuracy"]
    )


@pytest.fixture(scope="module")
def mixed_runs():
    weight = np.tile([0.0, 0.25, 0.5, 1.0], 5)
    frame = pd.DataFrame(
        {"mix_web": weight, "mix_code": 1 - weight, "layers": np.repeat([2.0, 4.0, 8.0, 16.0, 32.0], 4)}
    )
    made = bs.simulate(Mixed(2.5, 0.3, -0.2), frame.rename(columns={"layers": "depth"}), sigma=0.002, seed=2)
    return read_quietly(made.rename(columns={"depth": "layers"}), {"depth": "layers"}, law=Mixed)


@pytest.mark.parametrize("engine", ["instant", "nuts"])
def test_inputs_that_are_zero_and_quantities_of_a_laws_own_are_fitted(engine, mixed_runs, tmp_path):
    fit = bs.fit(Mixed, mixed_runs, seed=3, engine=engine, chains=2, draws=600)
    for name, value in (("E", 2.5), ("share", 0.3), ("t", -0.2)):
        draws = fit.posterior[name].to_numpy()
        # Four posterior standard deviations, and the data pin each down to a percent.
        assert abs(draws.mean() - value) < 4 * draws.std() < 0.02
    fit.save(tmp_path / "mixed.nc")
    back = bs.load(tmp_path / "mixed.nc", law=Mixed)
    assert back.runs.quantities == mixed_runs.quantities
    asked = {"mix_web": [0.0, 1.0], "depth": 4}
    np.testing.assert_array_equal(bs.predict(back, **asked).draws["loss"], bs.predict(fit, **asked).draws["loss"])


def test_tables_that_lack_what_a_law_needs_are_refused_by_fit(mixed_runs):
    bare = read_quietly(mixed_runs.table.drop(columns="depth").assign(params=1e8))
    message = (
        r"^The law 'mixed' needs the column depth, which the table lacks; it has .*\. Map one with columns=\{\.\.\.\} "
        r"in read_runs\. law=Mixed reads quantities of its own\.$"
    )
    with pytest.raises(DataError, match=message):
        bs.fit(Mixed, bare)
    with pytest.raises(
        DataError, match=r"^The law 'of-loss' needs the columns source_loss, chance, accuracy, which the "
    ):
        bs.fit(OfLoss, mixed_runs)


def test_batches_know_the_logs_of_responses_only():
    runs = bs.read_runs(rates(), law=Rate)
    with pytest.raises(
        FitError, match=r"^The noise 'normal-value' is not one of log loss; fit_many takes those only, "
    ):
        bs.fit_many("chinchilla", [runs], noise="normal-value")


def test_a_point_fit_of_another_response_is_least_squares():
    table = rates()
    made = bs.point_fit(Rate, bs.read_runs(table, law=Rate), loss="squares", starts=20, resamples=10)
    law = next(iter(made.laws.values()))
    x, y = np.log(table["params"]), np.log(table["lr"])
    assert float(law.a) == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-5)
