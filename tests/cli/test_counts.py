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


def test_predictions_are_those_of_the_numbers_in_full(bayescale, fit_nc):
    at = ("predict", fit_nc, "--group", "starcoder", "--format", "json")
    full = bayescale(*at, "--params", "7e9", "1e9", "--tokens", "1.4e12", "2e10")
    assert bayescale(*at, "--params", "7B", "1B", "--tokens", "1.4T", "20B").records == full.records


def test_sizes_that_are_allowed_and_further_inputs_take_letters(bayescale, fit_nc):
    at = ("allocate", fit_nc, "--group", "starcoder", "--format", "json", "--compute", "1e22")
    full = bayescale(*at, "--sizes", "1e9", "7e9", "--keep", "tokens-min=2e10")
    assert bayescale(*at, "--sizes", "1B", "7B", "--keep", "tokens-min=20B").records == full.records


def test_a_word_that_is_no_number_says_how_numbers_are_written(bayescale, fit_nc):
    refused = bayescale("predict", fit_nc, "--params", "7x")
    assert refused.code == 2
    assert "--params" in refused.err and "'7x' is no number; write 7e9 or 7B, 1.4e12 or 1.4T." in refused.err
