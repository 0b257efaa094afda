"""Figures of a backtest show its shares and errors, name its ratio, its interval and its discrepancy."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.show import figures


@pytest.fixture(scope="module")
def tried() -> bs.Backtest:
    """Two public families."""
    runs = bs.datasets.load("pile-families").select(["Cerebras-GPT", "Pythia"])
    return bs.backtest("chinchilla", runs, ratios=[2, 4], fewest=4, draws=250)


def legend(axes) -> list[str]:
    """Draw it, which must raise no warning, and return the texts of its legend."""
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_coverage_is_that_of_the_table_beside_what_was_promised(tried):
    data, table = figures.backtest_coverage_data(tried), tried.table().set_index("ratio")
    assert len(data) == 8
    for row in data.to_dict("records"):
        assert row["coverage"] == table.loc[row["ratio"], f"coverage_{row['prob']:g}"]
        assert (row["runs"], row["hold_out"]) == (table.loc[row["ratio"], "runs"], "compute")
    axes = figures.backtest_coverage(tried)
    assert axes.get_xlabel() == "largest compute of a family over the cut"
    assert axes.get_ylabel() == "held-out runs inside (%)"
    drawn = [line for line in axes.get_lines() if line.get_marker() not in ("", "None")]
    promised = [line.get_ydata()[0] for line in axes.get_lines() if line.get_marker() in ("", "None")]
    assert promised == [95.0, 90.0, 80.0, 50.0]
    for line, prob in zip(drawn, promised, strict=True):
        assert line.get_xdata().tolist() == [2.0, 4.0]
        assert line.get_ydata() == pytest.approx(100 * table[f"coverage_{prob / 100:g}"].to_numpy())
    texts = legend(axes)
    assert texts[0] == "95% equal-tailed interval" and texts[-1].startswith("discrepancy: learnt")


def test_what_a_ratio_is_of_stands_on_the_axis(tried):
    future = figures.backtest_coverage(replace(tried, hold_out="future"))
    assert future.get_xlabel() == "end of a run over the cut"


def test_errors_are_marked_at_their_distance_with_the_ends_of_their_interval(tried):
    data, runs = figures.backtest_errors_data(tried, prob=0.8), tried.runs
    assert data["decades"].tolist() == pytest.approx(np.log10(runs["extrapolation"]).tolist())
    assert data["error"].tolist() == pytest.approx((runs["observed"] / runs["median"] - 1).tolist())
    inside = (runs["lower_0.8"] <= runs["observed"]) & (runs["observed"] <= runs["upper_0.8"])
    assert data["outside"].tolist() == (~inside).tolist()
    axes = figures.backtest_errors(data)
    assert axes.get_xlabel() == "decades of compute beyond the data"
    for family, marker in (("Cerebras-GPT", "o"), ("Pythia", "s")):
        own = data[data["family"] == family]
        (line,) = (one for one in axes.get_lines() if one.get_marker() == marker)
        assert line.get_ydata().tolist() == pytest.approx((100 * own["error"]).tolist())
    texts = legend(axes)
    assert f"half-width of the 80%\nequal-tailed interval,\n{inside.sum()} of 7 runs inside" in texts
    assert texts[-1].startswith("discrepancy: learnt")
    low, high = axes.get_ylim()
    assert low < -100 * data["half_width"].max() and high > 100 * data["half_width"].max()


def test_a_backtest_without_a_discrepancy_says_so(tried):
    bare = tried.with_discrepancy(None)
    for draw in (figures.backtest_coverage, figures.backtest_errors):
        assert legend(draw(bare))[-1] == "no discrepancy"
    own = tried.with_discrepancy({"Cerebras-GPT": bs.Discrepancy.brownian(0.1), "Pythia": None})
    assert legend(figures.backtest_coverage(own))[-1] == "discrepancy: 2 of them, by\nfamily"
    assert legend(figures.backtest_errors(own))[-1] == "discrepancy: 2 of them"


@pytest.mark.parametrize("name", ["backtest_coverage", "backtest_errors"])
def test_what_is_neither_backtest_nor_table_is_refused(name):
    with pytest.raises(bs.SettingsError, match=rf"^{name}_data takes a Backtest or its table, got int\.$"):
        getattr(figures, name)(3)
    with pytest.raises(bs.SettingsError, match=rf"lacks .* make it with {name}_data"):
        getattr(figures, name)(pd.DataFrame({"x": [1]}))


def test_what_cannot_be_drawn_is_refused(tried):
    with pytest.raises(bs.SettingsError, match=r"^A backtest has intervals of 0\.5, 0\.8, 0\.9, 0\.95, got 0\.7\.$"):
        figures.backtest_errors(tried, prob=0.7)
    whole = tuple(replace(one, split=replace(one.split, ratio=float("nan"))) for one in tried.held_out)
    with pytest.raises(bs.SettingsError, match=r"^Coverage is drawn by ratio, and whole families are held out at none"):
        figures.backtest_coverage(replace(tried, held_out=whole))
