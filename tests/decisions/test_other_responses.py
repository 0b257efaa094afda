"""Predictions, simulations and plans of laws with other responses and inputs."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array

from bayescale.decisions import allocate, predict, simulate
from bayescale.language.declare import parameter
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Accuracy, Chance, Compute, Experts, Loss, Size, SourceLoss
from bayescale.laws import Chinchilla, Law
from bayescale.models import BetaBinomial, NormalValue


class Routed(Law):
    """Loss of a mixture of experts."""

    A: Array = parameter("loss", prior=LogNormal(3.0, 1.0))

    def __call__(self, N: Size, E: Experts) -> Loss:
        return self.A * (N / 1e9) ** -0.1 * E**-0.05


class Scored(Law):
    """Accuracy that falls with a loss."""

    k: Array = parameter("rate", prior=LogNormal(1.0, 1.0))

    def __call__(self, L: SourceLoss, chance: Chance) -> Accuracy:
        return chance + (1.0 - chance) * jnp.exp(-self.k * L)


class Spent(Law):
    """Loss along the frontier."""

    A: Array = parameter("loss", prior=LogNormal(3.0, 1.0))

    def __call__(self, C: Compute) -> Loss:
        return self.A * (C / 1e20) ** -0.05


def test_any_inputs_of_a_law_are_asked_for_and_in_the_table():
    table = predict(Routed(3.0), params=1e9, experts=[1, 64], kind="law").table()
    assert list(table.columns) == [
        "group", "params", "experts", "kind", "unit", "prob", "median", "lower", "upper", "extrapolation",
        "discrepancy",
    ]  # fmt: skip
    np.testing.assert_allclose(table["median"], [3.0, 3.0 * 64**-0.05], rtol=1e-12)
    # Tokens are no input of this law, but may be given beside them.
    assert predict(Routed(3.0), params=1e9, tokens=2e10, experts=1, kind="law").inputs == (
        "params",
        "tokens",
        "experts",
    )
    made = predict(Scored(1.0), source_loss=2.0, chance=0.25, kind="law")
    assert made.draws["accuracy"].attrs == {"long_name": "task accuracy", "units": ""}
    assert made.table().attrs["response"] == "accuracy"
    assert float(made.table()["median"][0]) == pytest.approx(0.25 + 0.75 * math.exp(-2.0), rel=1e-12)


REFUSED = {
    "missing": ({"experts": None}, "The law 'routed' needs the input 'experts'; its inputs: experts, params."),
    "unknown": ({"lr": 1e-3}, "The law 'routed' does not take the input 'lr'; its inputs: experts, params."),
    "below its bound": (
        {"experts": [1, 0.5]},
        r"experts must be finite, at least 1, one number or a flat list, got \[1, 0\.5\]\.",
    ),
    "words": ({"experts": "many"}, "experts must be a number or a list of numbers, got 'many'."),
    "no points": ({"experts": []}, r"experts must be finite, at least 1, one number or a flat list, got \[\]\."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_inputs_outside_their_quantity_are_refused(what):
    changed, message = REFUSED[what]
    given = {name: value for name, value in ({"params": 1e9, "experts": 8} | changed).items() if value is not None}
    with pytest.raises(SettingsError, match=f"^{message}$"):
        predict(Routed(3.0), **given, kind="law")


def test_a_share_lies_between_its_bounds():
    with pytest.raises(SettingsError, match=r"^chance must be finite, at least 0 and at most 1, one number or a flat "):
        predict(Scored(1.0), source_loss=2.0, chance=25, kind="law")


def test_a_plan_is_one_of_losses():
    with pytest.raises(LawError, match=r"^A plan makes the loss least, and the law 'scored' predicts task accuracy\.$"):
        allocate(Scored(1.0), compute=1e21)
    with pytest.raises(LawError, match=r"^A plan splits compute into params and tokens; the law 'spent' takes "):
        allocate(Spent(1.0), compute=1e21)


DESIGN = pd.DataFrame({"source_loss": np.linspace(1.0, 4.0, 400), "chance": 0.25, "items": 50})


def test_a_simulated_response_has_the_column_of_its_law():
    made = simulate(Scored(1.0), DESIGN, sigma=0.0)
    np.testing.assert_allclose(made["accuracy"], 0.25 + 0.75 * np.exp(-made["source_loss"]), rtol=1e-14)
    assert "loss" not in made


def test_simulated_counts_are_whole_and_scatter_as_the_noise_says():
    """The mean square of standardised residuals is 1 within five standard errors sqrt(2 / n), kurtosis left aside."""
    made = simulate(Scored(1.0), DESIGN, noise=BetaBinomial(rho=0.1), seed=3)
    mean = 0.25 + 0.75 * np.exp(-made["source_loss"])
    np.testing.assert_allclose(made["accuracy"] * 50, np.round(made["accuracy"] * 50), atol=1e-9)
    standard = (made["accuracy"] - mean) / np.sqrt(mean * (1 - mean) / 50 * (1 + 49 * 0.1))
    assert abs((standard**2).mean() - 1) < 5 * math.sqrt(2 / 400)
    pd.testing.assert_frame_equal(made, simulate(Scored(1.0), DESIGN, noise=BetaBinomial(rho=0.1), seed=3))


def test_simulations_that_make_no_sense_are_refused():
    with pytest.raises(SettingsError, match=r"^The design lacks 'items', which the noise 'beta-binomial' takes\.$"):
        simulate(Scored(1.0), DESIGN.drop(columns="items"), noise=BetaBinomial(rho=0.1))
    with pytest.raises(
        SettingsError, match=r"^The noise carries accuracy outside of 0 to 1; make its scale smaller, or "
    ):
        simulate(Scored(1e-3), DESIGN, sigma=0.1)
    with pytest.raises(
        SettingsError, match=r"^The noise carries accuracy outside of 0 to 1; make its scale smaller, or "
    ):
        simulate(Scored(1.0), DESIGN, noise=NormalValue(sigma=1.0))
    families = DESIGN.assign(family=["a", "b"] * 200, params=1e9, tokens=1e10)
    laws = {"a": Scored(1.0), "b": Chinchilla.published["hoffmann2022training"]}
    with pytest.raises(SettingsError, match=r"^The laws must have one response, got accuracy, loss\.$"):
        simulate(laws, families)
