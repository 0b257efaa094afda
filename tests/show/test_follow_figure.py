"""The figure of a run in flight: what is drawn is what the tables say."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bayescale.data.read import read_quietly
from bayescale.decisions import follow
from bayescale.language.errors import SettingsError
from bayescale.show import figures


@pytest.fixture(scope="module")
def followed(in_flight):
    return follow(read_quietly(in_flight), "run 4", final_tokens=3.2e10, target=2.4)


def test_the_funnel_begins_at_the_last_checkpoint_and_ends_at_the_forecast(followed):
    axes = figures.follow(followed)
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    data, table = figures.follow_data(followed), followed.table()
    own = data[data["role"] == "siblings and checkpoints"]
    assert own["share"].iloc[0] == pytest.approx(followed.seen)
    assert own[["lower", "median", "upper"]].iloc[0].nunique() == 1
    np.testing.assert_allclose(own[["median", "lower", "upper"]].iloc[-1], table[["median", "lower", "upper"]].iloc[0])
    ends = [line.get_ydata()[-1] for line in axes.get_lines()]
    assert table["median"].iloc[0] == pytest.approx(min(ends, key=lambda value: abs(value - table["median"].iloc[0])))
    # Four siblings, the run, two forecasts and the target.
    assert len(axes.get_lines()) == 8
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown[0] == "checkpoints of run 4"
    assert shown[-1] == f"target 2.4,\nreached with {100 * followed.reaches():.3g} %"


def test_the_intervals_are_those_that_are_asked_for(followed):
    shown = [text.get_text() for text in figures.follow(followed, prob=0.5).get_legend().get_texts()]
    assert shown[1:3] == ["forecast, 50% interval", "without its checkpoints,\n50% interval"]


def test_what_was_not_followed_is_refused():
    with pytest.raises(SettingsError, match=r"^follow takes a Follow or its table, got int\.$"):
        figures.follow(3)
