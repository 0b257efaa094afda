"""Plans on the command line: what is asked by words is what the library is asked by objects."""

from __future__ import annotations

import pytest

import bayescale as bs

RATE = ("--rate", "flop_per_second=1e15", "utilisation=0.4", "dollars_per_device_hour=2")
CARD = bs.costs.RateCard(1e15, 0.4, 2.0)
STARCODER = ("--group", "starcoder")


@pytest.fixture(scope="module")
def fit(fit_nc):
    return bs.load(fit_nc)


def same(records: list[dict], table) -> None:
    """Records hold the table's numbers and words."""
    assert len(records) == len(table)
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        assert {name: record[name] for name in table.columns} == pytest.approx(
            {name: row[name] for name in table.columns}, nan_ok=True
        )


def test_the_plan_and_its_regret_are_those_of_the_library(bayescale, fit_nc, fit):
    kept = [bs.allocation.ParamsBetween(most=2e9), bs.allocation.TokensPerParam(least=10)]
    plan = bs.allocate(
        fit, compute=[1e20, 1e21], constraints=kept, objective=bs.allocation.CVaR(0.9), group="starcoder"
    )
    asked = ("allocate", fit_nc, "--compute", "1e20", "1e21", *STARCODER, "--objective", "cvar=0.9")
    asked = (*asked, "--keep", "params-max=2e9", "ratio-min=10")
    same(bayescale(*asked, "--answer", "plan", "--format", "json").records, plan.action_table())
    same(bayescale(*asked, "--answer", "regret", "--format", "json").records, plan.regret())
    shown = bayescale(*asked, "--answer", "plan").out
    assert "Plan with the least CVaR 0.9 of the loss (C = 6ND) for starcoder" in shown
    assert "held back at 1e21 FLOP by: at most 2e+09 parameters" in shown
    assert "Regret of the plan (C = 6ND) for starcoder" in bayescale(*asked, "--answer", "regret").out


def test_budgets_in_dollars_and_sizes_of_a_list(bayescale, fit_nc, fit):
    sizes = bs.allocation.Sizes([5e8, 1e9, 7e9])
    plan = bs.allocate(fit, dollars=2000, rate_card=CARD, constraints=sizes, group="starcoder")
    words = ("--dollars", "2000", *RATE, "--sizes", "5e8", "1e9", "7e9", *STARCODER, "--answer", "plan")
    same(bayescale("allocate", fit_nc, *words, "--format", "json").records, plan.action_table())
    assert "dollars" in bayescale("allocate", fit_nc, *words).out


def test_the_least_budget_of_a_loss(bayescale, fit_nc, fit):
    wanted = bs.cheapest(fit, loss=1.4, prob=0.8, rate_card=CARD, group="starcoder").table()
    words = ("cheapest", fit_nc, "--loss", "1.4", "--prob", "0.8", *RATE, *STARCODER)
    same(bayescale(*words, "--format", "json").records, wanted)
    assert "Least budget (C = 6ND) for a loss with 80%, starcoder" in bayescale(*words).out


def test_an_error_of_compute_widens_the_least_budget(bayescale, fit_nc, fit):
    error = bs.costs.ComputeError(0.2)
    wanted = bs.cheapest(fit, loss=1.4, compute_error=error, group="starcoder").table()
    words = ("cheapest", fit_nc, "--loss", "1.4", "--compute-error", "0.2", *STARCODER, "--format", "json")
    same(bayescale(*words).records, wanted)
    assert wanted["compute"].item() > bs.cheapest(fit, loss=1.4, group="starcoder").table()["compute"].item()


def test_a_front_of_given_sizes_for_hours_of_a_cluster(bayescale, fit_nc, fit):
    card = bs.costs.RateCard(1e15, 0.4, 2.0, devices=64)
    asked = {"hours": [10, 100], "rate_card": card, "params": [1e9, 3e9], "inference_price": 2.0}
    wanted = bs.pareto(fit, served=1e12, **asked, group="starcoder").table()
    words = ("pareto", fit_nc, "--serve", "1e12", "--hours", "10", "100", *RATE, "devices=64", *STARCODER)
    words = (*words, "--params", "1e9", "3e9", "--inference-price", "2", "--format", "json")
    same(bayescale(*words).records, wanted)


def test_the_front_of_loss_training_and_serving(bayescale, fit_nc, fit):
    wanted = bs.pareto(fit, served=1e12, compute=[1e20, 1e21], count=3, group="starcoder").table()
    words = ("pareto", fit_nc, "--serve", "1e12", "--compute", "1e20", "1e21", "--count", "3", *STARCODER)
    same(bayescale(*words, "--format", "json").records, wanted)
    assert "Plans that no other beats in loss, training and serving" in bayescale(*words).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--objective", "median"), "--objective takes mean, quantile=0.9, cvar=0.9 or exceedance=2.0, got 'median'."),
        (("--objective", "quantile=much"), "--objective quantile must be a number, got 'much'."),
        (("--keep", "size=3"), "--keep knows no 'size'; it takes params-min, params-max, "),
        (("--keep", "epochs=4"), "--keep needs unique-tokens=NUMBER beside epochs."),
        (("--rate", "utilisation=0.4"), "--rate needs flop_per_second and dollars_per_device_hour, as --rate "),
        (("--rate", "watts=3"), "--rate knows no 'watts'; it takes flop_per_second, "),
        (
            ("--dollars", "1e6"),
            "Give budgets in one of compute, dollars, device_hours, hours; got compute and dollars.",
        ),
        (("--keep", "params-min=1e12", "ratio-min=20"), "No plan for 1e+21 FLOP keeps all constraints: "),
        (("--input", "experts=8"), "Plans take no 'experts'; further inputs of the law 'chinchilla': none."),
        (("--answer", "plan", "--format", "latex"), "--format latex is for --answer posterior; --answer plan has csv"),
    ],
)
def test_wrong_words_are_refused_in_a_line(bayescale, fit_nc, words, message):
    result = bayescale("allocate", fit_nc, "--compute", "1e21", *words)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}")
