"""The figure of recipes: forecasts and ranking are those of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.show import figures


def recipes(count: int, points: int = 1) -> pd.DataFrame:
    """A table like ``compare_scores(...).table()``."""
    names = ["$a_{\\frac", "_hidden", "x" * 60, *(f"recipe {i}" for i in range(30))][:count]
    rows = []
    for point in range(points):
        for i, name in enumerate(names):
            about = {"recipe": name, "params": 7e9 * 10**point, "tokens": 1.4e11 * 10**point, "kind": "run"}
            middle = 0.5 - 0.01 * i - 0.1 * point
            numbers = {"median": middle, "lower": middle - 0.05, "upper": middle + 0.03, "best": 1 / count}
            scale = {"ranked": i + 1.0, "measured": 0.6 + 0.01 * i, "ranked_params": 6e8, "ranked_tokens": 1.3e10}
            scale |= {"response": "error", "extrapolation": 0.5 + 5 * point}
            rows.append({**about, "prob": 0.8, **numbers, **scale})
    return pd.DataFrame(rows)


def words_of(axes) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in axes.get_legend().get_texts()]


@pytest.fixture(scope="module")
def compared(plain):
    """Two recipes, of which the steep one is ranked and forecast to be better."""
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(len(plain.runs)))
    made = {}
    for name, gamma in (("flat", 2.5), ("steep", 2.8)):
        law = bs.laws.DownstreamError(eps=0.8, K=0.15, gamma=gamma, L0=2.6)
        table = plain.runs.table.assign(error=lambda t, law=law: np.asarray(law(t["loss"].to_numpy())) * noise)
        runs = bs.read_runs(table, law="downstream-error")
        made[name] = bs.chain(plain, bs.fit("downstream-error", runs, seed=0, progress=False))
    return bs.compare_scores(made, params=1e10, tokens=2e11)


def test_what_is_drawn_is_the_table_of_the_comparison(compared, badly_placed):
    data = figures.score_comparison_data(compared, prob=0.8)
    pd.testing.assert_frame_equal(data, compared.table(prob=0.8))
    axes = figures.score_comparison(data)
    assert badly_placed(axes.figure) == []
    heights = dict(zip([t.get_text() for t in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    for row in data.to_dict("records"):
        lines = {tuple(line.get_xdata()) for line in axes.get_lines() if line.get_ydata()[0] == heights[row["recipe"]]}
        assert {(row["lower"], row["upper"]), (row["median"],), (row["measured"],)} == lines
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("1") == texts.count("2") == 1 and {"P(best)", "ranked"} < set(texts)
    assert "median and 80% equal-tailed interval of a new run" in words_of(axes)
    assert any(text.startswith("measured, and ranked, at 3B parameters, 240B tokens") for text in words_of(axes))
    assert "extrapolation beyond the largest training compute" in words_of(axes)


@pytest.mark.parametrize(("count", "points"), [(2, 1), (30, 1), (5, 3)])
def test_two_recipes_and_thirty_are_readable(count, points, badly_placed):
    axes = figures.score_comparison(recipes(count, points))
    assert badly_placed(axes.figure) == []
    assert axes.get_yticklabels()[-1].get_text() == "$a_{\\frac"
    assert "forecast at 7B parameters, 140B tokens" in words_of(axes)
    solid = [line for line in axes.get_lines() if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert len(solid) == count  # the first point only lies inside the data


def test_without_a_common_small_scale_there_is_no_ranking():
    missing = dict.fromkeys(("ranked", "measured", "ranked_params", "ranked_tokens"), float("nan"))
    axes = figures.score_comparison(recipes(3).assign(**missing))
    assert [text.get_text() for text in axes.texts].count("–") == 3
    assert not any("measured" in text for text in words_of(axes))


def test_what_is_no_comparison_of_scores_is_refused():
    with pytest.raises(SettingsError, match=r"^score_comparison takes a ScoreComparison or its table, got int\.$"):
        figures.score_comparison(3)
