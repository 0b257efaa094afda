"""Sizes and tokens may be written with a letter, as people say them."""

from __future__ import annotations

import pytest

from bayescale.language.counts import count, is_count
from bayescale.show.figures.ticks import counted


@pytest.mark.parametrize(
    ("word", "value"),
    [("7B", 7e9), ("1.4T", 1.4e12), ("70m", 7e7), (".5k", 500.0), ("1.1b", 1.1e9), ("2.T", 2e12), ("-3e4", -3e4)],
)
def test_letters_are_powers_of_a_thousand(word, value):
    assert count(word) == value  # to the last bit, as if it had been written in full


@pytest.mark.parametrize("word", ["7x", "B", "7BB", "-7B", "1e9B", "", "7e9 tokens", "run.csv"])
def test_other_words_are_no_numbers(word):
    assert not is_count(word)
    with pytest.raises(ValueError, match="could not convert"):
        count(word)


@pytest.mark.parametrize("value", [512.0, 3e3, 1.25e8, 7e10, 1.4e12])
def test_what_figures_say_can_be_typed(value):
    assert count(counted(value)) == value
