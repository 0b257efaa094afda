"""On Hoffmann et al.'s 240 runs the tokens lost at the start move a from .51 to .42, and every score prefers them."""

from __future__ import annotations

import pytest

import bayescale as bs


@pytest.fixture(scope="module")
def compared(chinchilla_points) -> bs.Comparison:
    runs = bs.read_runs(chinchilla_points.iloc[:240])
    # The laws alone: a discrepancy widens what both predict, and with it the difference of their scores.
    return bs.compare(["chinchilla", "chinchilla-offset"], runs, compute=5.88e23, discrepancy=None)


@pytest.mark.golden
def test_the_token_offset_moves_a_further_than_all_uncertainty_within_a_law(compared):
    """Point fits of ours had a = .515 and .422 (see ``tests/laws/test_token_offset.py``); a is here that of one budget,
    twice to half of it, which differs from the limit beta / (alpha + beta) by far less than the intervals are wide."""
    table = compared.decision_table(prob=0.98)
    a = table[table["quantity"] == "a"].set_index("choice")
    for law, value in (("chinchilla", 0.515), ("chinchilla-offset", 0.422)):
        assert a.loc[law, "lower"] < value < a.loc[law, "upper"]
    assert a.loc["chinchilla-offset", "upper"] < a.loc["chinchilla", "lower"]
    size = table[table["quantity"] == "params"].set_index("choice")
    assert size.loc["chinchilla-offset", "upper"] < size.loc["chinchilla", "lower"]


@pytest.mark.golden
def test_in_range_and_beyond_the_offset_is_preferred_and_has_the_weight(compared):
    table = compared.table().set_index("choice")
    other = table.loc["chinchilla"]
    assert table.index[0] == "chinchilla-offset"
    assert other["difference"] < -3 * other["difference_se"]
    assert other["in_range_difference"] < -2 * other["in_range_difference_se"]
    assert table.loc["chinchilla-offset", "weight"] > 0.95
    assert (table["k_hat"] < 0.7).all()
