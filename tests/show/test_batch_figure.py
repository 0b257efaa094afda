"""The figure of steps against compute: what is drawn is what the table says."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bayescale.decisions import batch_trade_off
from bayescale.language.errors import SettingsError
from bayescale.show import figures

PLAN = {"params": 7e9, "tokens": 1.4e12}


def drawn(axes) -> list[str]:
    """Write the figure as PNG, which must raise no warning, and return the texts of its legend."""
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_every_batch_is_a_point_with_its_size_and_intervals():
    draws = 2e6 * np.exp(0.2 * np.random.default_rng(0).standard_normal(200))
    found = batch_trade_off(draws, **PLAN, batch_tokens=[5e5, 2e6, 8e6], seconds_per_step=2.0)
    table, axes = found.table(), figures.batch_trade_off(found)
    line = axes.get_lines()[0]
    np.testing.assert_allclose(line.get_xdata(), table["compute"])
    np.testing.assert_allclose(line.get_ydata(), table["hours"])
    bars = [part for part in axes.containers if type(part).__name__ == "ErrorbarContainer"]
    sideways, upright = (np.array(lines.get_segments()) for lines in bars[0][2])
    np.testing.assert_allclose(sideways[:, :, 0], table[["compute_lower", "compute_upper"]])
    np.testing.assert_allclose(upright[:, :, 1], table[["hours_lower", "hours_upper"]])
    assert [text.get_text().split(" ")[0] for text in axes.texts] == ["5e5", "2e6", "8e6"]
    assert axes.get_ylabel() == "training time (hours)"
    assert "90% equal-tailed interval" in drawn(axes)
    assert "50% equal-tailed interval" in drawn(figures.batch_trade_off(found, prob=0.5))


def test_without_doubt_there_are_no_intervals_and_without_time_steps():
    axes = figures.batch_trade_off(batch_trade_off(2e6, **PLAN))
    assert axes.get_ylabel() == "optimiser steps"
    assert len(axes.texts) == 7
    assert "90% equal-tailed interval" not in drawn(axes)


def test_what_is_no_trade_off_is_refused():
    with pytest.raises(SettingsError, match=r"^batch_trade_off takes a BatchTradeOff or its table, got int\.$"):
        figures.batch_trade_off(3)
