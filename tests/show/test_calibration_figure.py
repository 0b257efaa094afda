"""The figure of ranks says what the verdict says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla
from bayescale.models import Pooling, StudentT, build_model
from bayescale.show import figures
from bayescale.validation import Calibration

COUNT, NAMES = 300, ["E", "alpha", "$x_{\\frac", "log density"]


@pytest.fixture(scope="module")
def uniform() -> Calibration:
    """A calibration whose ranks are uniform by construction; three of its fits failed."""
    ranks = np.random.default_rng(3).integers(0, 100, (COUNT, len(NAMES))).astype(float)
    ranks[:3] = np.nan
    labelled = xr.DataArray(ranks, {"fit": np.arange(COUNT), "quantity": NAMES}, ("fit", "quantity"))
    model = build_model(Chinchilla, noise=StudentT, pooling=Pooling("complete"), priors=None)
    status = pd.DataFrame({"fit": range(COUNT), "status": "ok", "engine": "instant", "reason": ""})
    return Calibration(model, np.full(COUNT, 9), labelled, labelled, status, 0, 1.0, 0.01)


def too_narrow(found: Calibration) -> Calibration:
    """The same with ranks of the second quantity driven to both ends."""
    ranks = found.ranks.copy()
    ranks[3:, 1] = np.clip(np.round(49.5 + 1.5 * (ranks[3:, 1] - 49.5)), 0, 99)
    return replace(found, ranks=ranks)


def legend_of(ax) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]


def test_differences_are_counts_and_the_band_is_that_of_the_verdict(uniform):
    data, table = figures.calibration_data(uniform), uniform.table().set_index("quantity")
    for name in NAMES:
        row = data[(data["quantity"] == name) & np.isclose(data["at"], table.loc[name, "at"] / 100)].iloc[0]
        count, total = table.loc[name, "count"], COUNT - 3
        assert row["difference"] == pytest.approx(count / total - row["at"])
        assert row["lower"] == pytest.approx(table.loc[name, "low"] / total - row["at"])
        assert row["upper"] == pytest.approx(table.loc[name, "high"] / total - row["at"])
    assert not data["outside"].any() and not uniform.violations
    assert (data["lower"] <= 0).all() and (data["upper"] >= 0).all()


def test_the_band_holds_uniform_ranks_as_often_as_it_says():
    """Of 400 sets of uniform ranks 90 % or a little more stay inside the band of 10 %; 85 % would be 3.3 sds away."""
    from bayescale.validation.uniformity import GRID, band

    low, high = band(100, 0.1)
    ranks = np.random.default_rng(0).integers(0, 100, (400, 100))
    counts = (ranks[:, :, None] < GRID).sum(axis=1)
    assert ((counts >= low) & (counts <= high)).all(axis=1).mean() > 0.85


def test_quantities_outside_are_coloured_and_named_and_the_others_grey(uniform, badly_placed):
    axes = figures.calibration(too_narrow(uniform))
    assert badly_placed(axes.figure) == []
    shown = legend_of(axes)
    assert shown[0] == "alpha" and "3 others inside the band" in shown
    assert set(too_narrow(uniform).violations) == {"alpha"}
    assert "uniform ranks: all quantities stay inside with 99%" in shown
    assert "297 simulated truths, without 3 whose fit failed" in shown


def test_a_calibrated_engine_has_no_colours(uniform, badly_placed):
    axes = figures.calibration(uniform)
    assert badly_placed(axes.figure) == []
    assert legend_of(axes)[0] == "all 4 quantities inside the band"


def test_what_is_no_calibration_is_refused():
    with pytest.raises(SettingsError, match=r"^calibration takes a Calibration or its table, got int\.$"):
        figures.calibration(3)
    with pytest.raises(SettingsError, match="lacks quantity, at, difference, lower"):
        figures.calibration(pd.DataFrame({"x": [1]}))
