"""Ticks of logarithmic axes: round numbers in the letters that people use, as many as can be read."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayescale.show.figures.ticks import count_axis, counted, number_axis, round_ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [(7e10, "70B"), (1.4e12, "1.4T"), (1.25e8, "125M"), (999.7e6, "1B"), (5e3, "5k"), (512, "512"), (1e15, "10¹⁵")],
)
def test_counts_have_their_letter(value, text):
    assert counted(value) == text


@pytest.mark.parametrize("low", [1e-7, 3.3, 2e8])
@pytest.mark.parametrize("decades", [0.3, 1.0, 4.0, 13.0, 40.0])
def test_ticks_lie_between_the_ends_and_are_no_more_than_asked(low, decades):
    for most in (4, 7):
        ticks = round_ticks(low, low * 10**decades, most)
        assert len(ticks) <= most and all(low <= tick <= low * 10**decades for tick in ticks)
        assert all(f"{tick:.0e}"[0] in "1235" for tick in ticks)
    assert len(round_ticks(low, low * 10**decades)) >= (2 if decades >= 1 else 1)


def test_ticks_follow_the_limits_of_an_axis():
    ax = Figure().subplots()
    ax.set(xscale="log", yscale="log", xlim=(1e8, 1e11), ylim=(0.01, 1.0))
    count_axis(ax.xaxis)
    number_axis(ax.yaxis)
    ax.figure.draw_without_rendering()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100M", "300M", "1B", "3B", "10B", "30B", "100B"]
    assert ax.get_yticklabels()[0].get_text() == "0.01"
    ax.set_xlim(1e12, 4e12)
    ax.figure.draw_without_rendering()
    np.testing.assert_allclose(ax.get_xticks(), [1e12, 2e12, 3e12])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1T", "2T", "3T"]
