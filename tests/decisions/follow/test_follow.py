"""Following a run in a table: what it answers, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.decisions.follow.posterior import _step

END = 8e10


def asked(table, **changes):
    arguments = {"run": "big", "final_tokens": END} | changes
    return bs.follow(read_quietly(table), arguments.pop("run"), **arguments)


def test_the_forecast_is_narrower_with_the_checkpoints_and_has_the_end(followed, make_table):
    truth = make_table(whole=True).query("run == 'big'")["loss"].iloc[-1]
    table = followed.table().set_index("forecast")
    own, alone = table.loc["siblings and checkpoints"], table.loc["siblings"]
    assert own["lower"] < truth < own["upper"]
    assert own["upper"] - own["lower"] < 0.6 * (alone["upper"] - alone["lower"])
    assert own["seen"] == pytest.approx(0.3, rel=0.1)
    assert own["tokens"] == pytest.approx(END)
    assert own["siblings"] == 8
    assert own["extrapolation"] == pytest.approx((4e9 * END) / (2e9 * 4e10))
    assert "4 times the largest compute of its siblings" in followed.note
    assert "outside its siblings in params (2 times the largest), tokens (2 times the largest)" in followed.note
    assert "unlike" not in followed.note


def test_probabilities_and_tables_are_those_of_the_draws(followed):
    final = followed.final.to_numpy()
    assert followed.reaches() == pytest.approx((final <= 2.4).mean())
    assert followed.reaches(2.3) <= followed.reaches(2.4) <= followed.reaches(2.5)
    table, funnel = followed.table(prob=0.5), followed.funnel(prob=0.5)
    assert table["lower"].iloc[0] == pytest.approx(np.quantile(final, 0.25))
    assert table["reaches"].iloc[0] == followed.reaches()
    ends = funnel[funnel["share"] == 1.0]
    np.testing.assert_allclose(ends["median"], table["median"])
    assert funnel["tokens"].to_numpy() == pytest.approx(END * funnel["share"].to_numpy())
    widths = (funnel["upper"] - funnel["lower"])[funnel["forecast"] == "siblings and checkpoints"]
    assert widths.iloc[0] < widths.iloc[-1]


def test_the_same_seed_gives_the_same_draws(table, followed):
    again = asked(table, target=2.4, seed=1)
    np.testing.assert_array_equal(again.draws["loss"], followed.draws["loss"])


def test_the_order_of_rows_does_not_matter(table, followed):
    mixed = table.sample(frac=1.0, random_state=3)
    again = asked(mixed, target=2.4, seed=1)
    # Siblings add up in another order.
    assert again.table()["median"].to_numpy() == pytest.approx(followed.table()["median"].to_numpy(), rel=0.01)


def test_steps_are_followed_like_tokens(table, followed):
    steps = table.assign(step=table["tokens"] / 1e6).drop(columns="tokens")
    runs = read_quietly(steps.drop(columns="params").assign(loss=steps["loss"]))
    found = bs.follow(runs, "big", final_steps=END / 1e6, target=2.4)
    assert found.funnel()["step"].iloc[-1] == pytest.approx(END / 1e6)
    assert np.isnan(found.stop()["cost_left"].item())
    with pytest.raises(bs.SettingsError, match=r"^A worth is held against cost, which needs a table with params"):
        found.stop(worth=1.0)


def test_stopping_is_held_against_going_on(followed):
    left = 6.0 * 4e9 * END * (1.0 - followed.seen)
    row = followed.stop(threshold=0.05).iloc[0]
    assert row["cost_left"] == pytest.approx(left)
    assert row["stop"] == (followed.reaches() < 0.05)
    assert row["wrong"] == pytest.approx(followed.reaches() if row["stop"] else 1.0 - followed.reaches())
    break_even = followed.stop(price=2e-18)["break_even"].item()
    assert break_even == pytest.approx(2e-18 * left / followed.reaches())
    for factor, stops in ((0.9, True), (1.1, False)):
        priced = followed.stop(price=2e-18, worth=factor * break_even).iloc[0]
        assert priced["stop"] == stops
        assert priced["saving"] == pytest.approx((1 - factor) * 2e-18 * left)
        assert priced["unit"] == "units of price"


def test_inputs_that_do_not_differ_are_named(table):
    alike = table.assign(repeats=np.where(table["run"] == "big", 4.0, 1.0))
    found = asked(alike)
    assert "All siblings have the same repeats, and this run another one" in found.note
    assert found.draws.attrs["inputs"] == "params"


def test_checkpoints_unlike_the_siblings_and_inputs_for_few_are_named(table):
    few = table[table["run"].isin(["run 1", "run 4", "run 7", "big"])]
    assert "3 siblings are enough for no input: not used is params, tokens, and what follows" in asked(few).note
    end = table.loc[table["run"] == "run 3", "tokens"].max()
    flying = table[(table["run"] != "run 3") | (table["tokens"] < 0.3 * end)].query("run != 'big'")
    worse = np.where(flying["run"] == "run 3", 2.0, 1.0) * flying["loss"]
    found = asked(flying.assign(loss=worse), run="run 3", final_tokens=end)
    assert "lies outside" not in found.note
    assert "Its checkpoints are unlike what its siblings say of it (probability " in found.note


def test_siblings_that_begin_late_are_left_out(table):
    late = table[(table["run"] != "run 3") | (table["tokens"] > 0.5 * table["params"] * 20)]
    found = asked(late)
    assert found.draws.attrs["siblings"] == 7
    assert "no checkpoint as early as half of what is seen: run 3." in found.note


def test_a_log_that_rounds_loses_no_sibling(table):
    """All siblings have their first checkpoint at half of what is seen, to three digits."""
    shares = table["tokens"] / table.groupby("run")["tokens"].transform("max")
    seen = float(table.loc[table["run"] == "big", "tokens"].max()) / END
    late = table[(table["run"] == "big") | (shares >= 0.5 * seen)]
    first = late[late["run"] != "big"].groupby("run")["tokens"].idxmin()
    ends = late.groupby("run")["tokens"].transform("max")
    moved = late.assign(tokens=late["tokens"].where(~late.index.isin(first), 0.5 * seen * 1.001 * ends))
    assert asked(moved).draws.attrs["siblings"] == 8
    with pytest.raises(bs.SettingsError, match="takes at least 3 finished runs"):
        asked(late.assign(tokens=late["tokens"].where(~late.index.isin(first), 0.5 * seen * 1.1 * ends)))


def scaled(table, column, factor):
    return table.assign(**{column: np.where(table["run"] == "big", factor, 1.0) * table[column]})


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (None, {"run": "huge"}, "The table must have one run 'huge'; it has run 0, run 1"),
        (None, {"final_tokens": None}, "This table counts tokens: give final_tokens, where the run will end; got no"),
        (None, {"final_steps": 10}, "This table counts tokens: give final_tokens, where the run will end; got fin"),
        (None, {"final_tokens": -1.0}, "final_tokens must be positive and finite, a number of tokens, got -1.0."),
        (None, {"final_tokens": 1e10}, "A run in flight has not reached its end, 1e.10 tokens, and 'big' has a che"),
        (None, {"run": "run 7", "final_tokens": 4e10}, "A run in flight has not reached its end, .* 'run 7' has ended"),
        (None, {"final_tokens": 8e13}, "Runs of one family end within a factor of 1000 of each other: the siblings"),
        (None, {"target": 0.0}, "target must be positive and finite, a loss in nats/token, got 0.0."),
        (None, {"siblings": ["run 1", "run 2"]}, "Following 'big' takes at least 3 finished runs of its family"),
        (None, {"siblings": ["nobody"]}, "siblings takes a list of other runs of the family, got .'nobody'.; it has"),
        (None, {"inputs": ["tokens", "params"]}, "The input 'params' cannot say how .*: it follows from the in"),
        (None, {"inputs": ["lr"]}, "The input 'lr' cannot say how .*: it is not one positive number in each run."),
        (None, {"siblings": ["run 1", "run 4", "run 7"], "inputs": ["params"]}, "The input 'params' .*one input too"),
        (("loss", 20.0), {}, "The loss of 'big' is .* where those of its siblings are .* another unit or test set"),
        (("tokens", 1e-9), {}, "Following 'big' takes at least 3 finished runs of its family whose first checkpoints"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(table, change, arguments, message):
    table = table if change is None else scaled(table, *change)
    with pytest.raises(bs.SettingsError, match=rf"^{message}"):
        asked(table, **arguments)


def test_tables_without_runs_or_losses_are_refused(table):
    with pytest.raises(
        bs.SettingsError, match=r"^follow takes Runs, with the checkpoints of all runs, got DataFrame\.$"
    ):
        bs.follow(table, "big", final_tokens=END)
    with pytest.raises(bs.SettingsError, match=r"^The table has no column that names the run of each row"):
        asked(table.drop(columns="run"))
    twice = pd.concat([table, table[table["run"] == "big"].tail(1)])
    with pytest.raises(bs.DataError, match=r"^Run 'big' must have one row for each place above 0"):
        asked(twice)


def test_exact_curves_are_refused():
    shares = np.geomspace(0.05, 1.0, 12)
    parts = []
    for size in np.geomspace(1e8, 2e9, 21):
        tokens = 20 * size * shares
        loss = 1.8 + 400 / size**0.34 + 1200 / tokens**0.36
        parts.append(pd.DataFrame({"run": f"{size:.3g}", "params": size, "tokens": tokens, "loss": loss}))
    exact = pd.concat([*parts[:-1], parts[-1][shares < 0.3]])
    with pytest.raises(bs.FitError, match=r"^How siblings scatter could not be sampled: "):
        asked(exact, run="2e+09", final_tokens=4e10)


@pytest.mark.parametrize("height", [np.inf, np.nan])
def test_a_step_that_finds_nothing_ends(height):
    """As where curves are exact: nothing is above an infinite height, and nothing compares with NaN."""
    with pytest.raises(np.linalg.LinAlgError):
        _step(lambda at: np.full(len(at), height), np.zeros((3, 2)), np.full(3, height), np.random.default_rng(0))


def test_a_step_from_heights_that_are_not_met_again_ends():
    with pytest.raises(np.linalg.LinAlgError):
        _step(lambda at: np.zeros(len(at)), np.zeros((3, 2)), np.full(3, 1e9), np.random.default_rng(0))


def test_what_needs_a_target_says_so(table):
    found = asked(table)
    assert found.table()["reaches"].isna().all()
    with pytest.raises(bs.SettingsError, match=r"^This needs the loss that the run should end at or below"):
        found.reaches()
    with pytest.raises(bs.SettingsError, match=r"^prob must lie strictly between 0 and 1"):
        found.table(prob=1.0)
