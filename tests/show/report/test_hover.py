"""Markers of the page's key figures say their values under the pointer, without a script."""

from __future__ import annotations

import re

import pytest
from matplotlib.figure import Figure

import bayescale as bs
from bayescale.show.figures import hover
from bayescale.show.report.drawing import svg_of

TITLE = re.compile(r"<use[^>]*><title>([^<]*)</title></use>")


def two_lines(words):
    """A figure with two lines of markers, of which the second one has words."""
    figure = Figure()
    ax = figure.add_subplot()
    ax.plot([1, 2], [1, 2], "o")
    (markers,) = ax.plot([1, 2, 3], [3, 2, 1], "s", linestyle="none")
    hover.say(markers, words)
    return figure


def test_every_marker_says_its_own_words_and_others_say_nothing():
    assert TITLE.findall(svg_of(two_lines(["a", "b", "c"]), "one", "x")) == ["a", "b", "c"]


def test_words_that_do_not_fit_the_markers_are_said_by_none():
    assert TITLE.findall(svg_of(two_lines(["a", "b"]), "one", "x")) == []


def test_hostile_words_are_text():
    attack = "</title><script>alert(1)</script>\u202e"
    drawn = svg_of(two_lines([attack] * 3), "one", "x")
    assert "<script" not in drawn and "\u202e" not in drawn
    assert TITLE.findall(drawn) == ["&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"] * 3


def test_each_run_and_each_planned_budget_of_a_report_has_its_value(plain_fit, tmp_path):
    made = bs.report(plain_fit, out=tmp_path / "report", compute=[1e21, 1e23])
    told = TITLE.findall(made.html.read_text("utf-8"))
    runs = [text for text in told if "loss" in text]
    assert len(runs) == len(plain_fit.runs) and len(set(runs)) > 0.9 * len(runs)
    first = plain_fit.runs.table.iloc[0]
    assert f": loss {first['loss']:.3f} at " in runs[0], runs[0]
    planned = [text for text in told if text not in runs]
    table = bs.allocate(plain_fit, compute=[1e21, 1e23]).table().set_index(["quantity", "compute"])["median"]
    for text, key in zip(planned, [(q, c) for q in ("params", "tokens") for c in (1e21, 1e23)], strict=True):
        assert text.endswith(f" {key[0].replace('params', 'parameters')} at {key[1]:.0e} FLOP".replace("e+", "e"))
        assert float(re.search(r": (\S+) ", text)[1].replace(",", "")) == pytest.approx(table[key], rel=0.05)
