"""Recipes compared by their errors: probabilities, the ranking beside them, and what each holds for."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import DownstreamError

# At a loss of 2.1 an error of .51 against .56 of the flat one, at 3.4 of .76 against .73.
STEEP = DownstreamError(eps=0.82, K=0.17, gamma=3.2, L0=2.6)


def with_scale(fit: bs.Fit, sizes: np.ndarray, ratio: float = 20.0) -> bs.Fit:
    """The same fit, its rows with size and tokens, the largest having the least loss."""
    table = fit.runs.table.sort_values("loss", ascending=False, ignore_index=True)
    table = table.assign(params=sizes, tokens=ratio * sizes)
    return replace(fit, runs=replace(fit.runs, table=table))


@pytest.fixture(scope="module")
def chains(scattered, make_error):
    sizes = np.geomspace(1e7, 1e9, 25)
    flat, steep = make_error(seed=1), make_error(seed=2, law=STEEP)
    return {name: bs.chain(scattered, with_scale(fit, sizes)) for name, fit in (("flat", flat), ("steep", steep))}


def test_forecasts_are_those_of_the_chains_and_the_likelier_wins(chains):
    found = bs.compare_scores(chains, params=1e10, tokens=2e11)
    table = found.table()
    assert table["recipe"].tolist() == ["flat", "steep"]
    assert table["best"].sum() == pytest.approx(1.0)
    first, second = found.scores[:, :, 0]
    assert table["best"].tolist() == pytest.approx([(first < second).mean(), (second < first).mean()])
    np.testing.assert_allclose(table["median"], np.median(found.scores[:, :, 0], axis=1))
    pair = found.pairs().iloc[0]
    assert pair["wins"] == pytest.approx((first < second).mean())
    # The curve of the steep recipe is the better one at the losses of such a run.
    assert pair["wins"] < 0.5 and (pair["first"], pair["second"]) == ("flat", "steep")


def test_the_ranking_is_that_of_the_largest_common_run(chains):
    found = bs.compare_scores(chains, params=[1e10, 1e11], tokens=2e11)
    table = found.table()
    last = {name: chain.fits[-1].runs.table.iloc[-1] for name, chain in chains.items()}
    for row in table.to_dict("records"):
        own = last[row["recipe"]]
        assert (row["measured"], row["ranked_params"], row["ranked_tokens"]) == (
            own["error"], own["params"], own["tokens"]
        )  # fmt: skip
    places = dict(zip(table["recipe"], table["ranked"], strict=False))
    lower = min(last, key=lambda name: last[name]["error"])
    assert places[lower] == 1.0 and sorted(places.values()) == [1.0, 2.0]
    assert found.pairs()["ranking"].tolist() == [float(lower == "flat")] * 2
    assert len(table) == 4


def test_on_an_isoflop_grid_the_best_of_the_largest_budget_is_ranked(scattered, make_error):
    """All rows at one compute: the row with the least mean error, which is not the largest size."""
    sizes = np.geomspace(1e8, 2e9, 25)
    made = {}
    for name, seed in (("a", 1), ("b", 2)):
        fit = make_error(seed=seed)
        own = with_scale(fit, sizes)
        table = own.runs.table.assign(tokens=6e19 / (6 * sizes), params=sizes)
        # The least errors in the middle.
        table = table.assign(error=0.6 + 0.05 * np.log(sizes / 4e8) ** 2 + (0.01 if name == "a" else 0.0))
        made[name] = bs.chain(scattered, replace(own, runs=replace(own.runs, table=table)))
    table = bs.compare_scores(made, params=1e10, tokens=2e11).table()
    assert table["ranked"].tolist() == [2.0, 1.0]
    np.testing.assert_allclose(table["ranked_params"], sizes[np.abs(np.log(sizes / 4e8)).argmin()])


def test_without_size_and_tokens_there_is_no_ranking(scattered, make_error):
    made = {name: bs.chain(scattered, make_error(seed=seed)) for seed, name in enumerate("ab")}
    found = bs.compare_scores(made, params=1e10, tokens=2e11)
    assert found.table()[["ranked", "measured", "ranked_params"]].isna().all(axis=None)
    assert found.pairs()["ranking"].isna().all()


def test_the_same_recipe_twice_is_a_toss(scattered, make_error):
    """Two thousand draws or more of independent chains: a half to five standard errors."""
    fit = make_error()
    found = bs.compare_scores({"a": bs.chain(scattered, fit), "b": bs.chain(scattered, fit)}, params=1e9, tokens=2e10)
    assert abs(found.pairs()["wins"].item() - 0.5) < 5 * 0.5 / np.sqrt(found.scores.shape[1])


def test_runs_of_recipes_have_luck_of_their_own_in_a_common_stage(grouped, make_error):
    """The scatter of the second stage around its curve: what the curve's own draws share is below a tenth of it."""
    chain = bs.chain(grouped, make_error())
    found = bs.compare_scores(chain, params=1e9, tokens=2e10)
    residuals = []
    for made in found.forecasts.values():
        scores, losses = made.last.draws["error"].to_numpy().ravel(), made.stages[0].draws["loss"].to_numpy().ravel()
        residuals.append(np.log(scores) - np.polyval(np.polyfit(losses, np.log(scores), 2), losses))
    shared = np.corrcoef(residuals)[np.triu_indices(3, 1)]
    assert np.abs(shared).max() < 0.1 + 5 / np.sqrt(len(residuals[0]))


def test_draws_of_separate_fits_of_one_seed_do_not_depend_on_each_other(scattered, make_error):
    """The losses of one and the same fit, as two recipes: paired as they come their correlation is 1."""
    one = bs.chain(scattered, make_error())
    found = bs.compare_scores({"a": one, "b": one}, params=1e10, tokens=2e11, kind="law", discrepancy=None)
    first, second = found.scores[:, :, 0]
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(first.size)


@pytest.mark.parametrize("response", ["error", "accuracy"])
def test_the_better_score_wins_and_level_ones_share(scattered, make_error, response):
    """By hand: of accuracies more is better, of errors less."""
    found = bs.compare_scores(
        {name: bs.chain(scattered, make_error(seed=i)) for i, name in enumerate("abc")}, params=1e9, tokens=2e10
    )
    draws = {name: found.forecasts[name].last.draws.rename({"error": response}) for name in "abc"}
    stages = {
        name: replace(one, stages=(one.stages[0], replace(one.last, draws=draws[name])))
        for name, one in found.forecasts.items()
    }
    scores = np.array([[[0.3], [0.5], [0.5], [0.4]], [[0.2], [0.5], [0.6], [0.4]], [[0.1], [0.1], [0.1], [0.4]]])
    made = replace(found, forecasts=stages, scores=scores)
    most, least = [1 + 0.5 + 1 / 3, 0.5 + 1 + 1 / 3, 1 / 3], [1 / 3, 1 / 3, 3 + 1 / 3]
    wanted = most if response == "accuracy" else least
    np.testing.assert_allclose(made.table()["best"], np.array(wanted) / 4)
    pair = made.pairs().iloc[0]
    assert (pair["first"], pair["second"]) == ("a", "b")
    # Once ahead, once behind, level twice.
    assert pair["wins"] == pytest.approx((1 + 0 + 0.5 + 0.5) / 4)


def test_families_of_one_chain_are_recipes(grouped, make_error):
    """Their second stage in common, errors follow losses: the family with the higher level is the worse one."""
    chain = bs.chain(grouped, make_error())
    found = bs.compare_scores(chain, params=1e9, tokens=2e10, kind="law")
    table = found.table()
    assert table["recipe"].tolist() == ["web", "code", "books"]
    losses = [
        bs.predict(grouped, params=1e9, tokens=2e10, group=g, kind="law").draws["loss"].median()
        for g in table["recipe"]
    ]
    assert np.argsort(table["median"]).tolist() == np.argsort([float(one) for one in losses]).tolist()
    # What they share cancels: where the losses differ by a known amount the order is certain.
    assert table["best"].max() > 0.99


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda chain: {"a": chain}, "A comparison needs two recipes or more, got a."),
        (lambda chain: chain, "A comparison needs two recipes or more, got none."),
        (lambda chain: 3, "compare_scores takes a chain with families, or chains by name, got 3."),
    ],
    ids=["one", "no families", "number"],
)
def test_what_is_no_comparison_is_refused(to_error, made, message):
    with pytest.raises(bs.SettingsError, match=f"^{re.escape(message)}$"):
        bs.compare_scores(made(to_error), params=1e9, tokens=2e10)


def test_recipes_of_two_scores_are_refused(scattered, to_error):
    table = pd.DataFrame({"source_loss": np.linspace(2, 4, 9), "loss": np.linspace(2.1, 4.1, 9)})
    other = bs.chain(scattered, bs.fit("loss-offset", bs.read_runs(table, law="loss-offset"), seed=0))
    message = "Recipes are compared by one score, and these chains predict several: a error, b loss."
    with pytest.raises(bs.SettingsError, match=f"^{re.escape(message)}$"):
        bs.compare_scores({"a": to_error, "b": other}, params=1e9, tokens=2e10)
