"""The figure of arms: what is drawn is what the table says."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bayescale.decisions import compare_arms
from bayescale.language.errors import SettingsError
from bayescale.show import figures


def test_every_arm_has_its_probability_dashed_beyond_the_data(fit):
    names = list(fit.groups)[:3]
    found = compare_arms(fit, compute=np.geomspace(1e18, 1e26, 9), arms=names)
    axes = figures.arms(found)
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    table = found.table()
    points = [line for line in axes.get_lines() if line.get_linestyle() == "None"]
    assert len(points) == 3
    for name, line in zip(names, points, strict=True):
        np.testing.assert_allclose(line.get_ydata(), table.loc[table["arm"] == name, "best"])
    solid = [line for line in axes.get_lines() if line.get_linestyle() == "-"]
    inside = (table["extrapolation"] <= 1).groupby(table["arm"], sort=False).sum()
    assert [len(line.get_xdata()) for line in solid] == inside.tolist()
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown[:3] == names
    assert shown[3].startswith("extrapolation beyond")


def test_what_is_no_comparison_is_refused():
    with pytest.raises(SettingsError, match=r"^arms takes Arms or their table, got int\.$"):
        figures.arms(3)
