"""``bayescale next`` on a fit, in every format."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import bayescale as bs

GROUP = ("--group", "starcoder")
REGRET = ("--compute", "1e23", *GROUP)


def test_it_names_the_next_run_and_what_it_is_worth(bayescale, fit_nc):
    result = bayescale("next", fit_nc, *REGRET)
    assert result.code == 0
    assert result.out.startswith("Next run for log N* at 1e+23 FLOP, starcoder; values in FLOP\n")
    assert "times its price." in result.out
    assert "does not pass its checks" in result.err


@pytest.mark.parametrize(
    "words",
    [
        REGRET,
        ("--goal", "forecast", "--params", "1e10", "--tokens", "2e11", *GROUP),
        ("--goal", "parameters", "--parameter", "alpha", "--parameter", "beta", "--worth", "1e20", *GROUP),
    ],
)
def test_every_goal_gives_the_same_records_in_json_and_csv(bayescale, fit_nc, words):
    read = bayescale("next", fit_nc, *words, "--format", "json").records
    csv = pd.read_csv(io.StringIO(bayescale("next", fit_nc, *words, "--format", "csv").out))
    assert read[0]["note"] and len(csv) == len(read)
    pd.testing.assert_frame_equal(pd.DataFrame(read), csv, check_dtype=False, rtol=1e-12)
    assert csv["rank"].tolist() == list(range(1, len(csv) + 1))


def test_a_batch_of_given_candidates_within_a_budget(bayescale, fit_nc, tmp_path):
    runs = pd.DataFrame({"params": [5e7, 3e9, 1e10], "tokens": [5e10, 1e9, 1e11]})
    runs.to_csv(tmp_path / "runs.csv", index=False)
    words = (
        "--compute",
        "1e27",
        *GROUP,
        "--candidates",
        tmp_path / "runs.csv",
        "--size",
        "3",
        "--budget",
        "1e21",
        "--order",
        "net",
    )
    made = bayescale("next", fit_nc, *words, "--format", "json").records
    assert 1 <= len(made) <= 2 and {row["params"] for row in made} <= {5e7, 3e9}
    nothing = bayescale("next", fit_nc, *REGRET, "--size", "2", "--budget", "1", "--format", "table")
    assert nothing.code == 0 and nothing.out.startswith("No run was chosen.\n")
    assert "No candidate is affordable" in nothing.out


def test_the_price_is_the_one_given(bayescale, fit_nc):
    made = bayescale("next", fit_nc, *REGRET, "--price", "2e-18", "--format", "json").records[0]
    assert made["price"] == pytest.approx(2e-18 * made["cost"]) and made["unit"] == "units of price"


def test_what_a_run_costs_is_counted_and_paid_as_asked(bayescale, fit_nc):
    fit = bs.load(fit_nc)
    shapes = bs.costs.ShapeFamily(60, 50_000, 2048, params_convention=fit.runs.params_convention)
    card, cost = bs.costs.RateCard(1e15, 0.4, 2.0), bs.costs.HoffmannF(shapes)
    wanted = bs.next_run(fit, bs.goals.Regret(1e23), price=card, cost=cost, group="starcoder").table()
    words = ("--rate", "flop_per_second=1e15", "utilisation=0.4", "dollars_per_device_hour=2", "--cost", "hoffmann")
    words = (*words, "--shape", "aspect=60", "vocabulary=50000", "context=2048")
    made = pd.DataFrame(bayescale("next", fit_nc, *REGRET, *words, "--format", "json").records)
    assert set(made["unit"]) == {"dollars"}
    pd.testing.assert_frame_equal(made[wanted.columns], wanted, check_dtype=False, check_like=True, rtol=1e-9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--goal", "forecast", "--compute", "1e23"),
            "--compute is of --goal regret; leave it out of --goal forecast.",
        ),
        (("--worth", "3"), "--worth is of --goal forecast or parameters; leave it out of --goal regret."),
        (("--goal", "forecast"), "Forecast needs the inputs of the runs"),
        (("--goal", "parameters", "--parameter", "G"), "has no parameter 'G'"),
        (("--price", "1", "--rate", "flop_per_second=1e15"), "--price and --rate both say what a FLOP costs"),
        (("--size", "0"), "size must be a whole number of runs, at least 1, got 0."),
        (("--goal", "parameters", "--order", "net"), "order='net' takes the price from the value"),
    ],
)
def test_options_that_cannot_be_are_one_line_and_exit_2(bayescale, fit_nc, words, said):
    result = bayescale("next", fit_nc, *words)
    assert result.code == 2 and result.out == ""
    assert result.err.startswith("error: ") and said in result.err and result.err.count("\n") == 1
