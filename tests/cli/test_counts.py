"""Sizes and tokens may be written with a letter on the command line, as people say them."""

from __future__ import annotations

from bayescale.cli import value_lists


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


def test_letters_are_for_counts_alone(bayescale, fit_nc):
    """A file of that name stays an argument, and what is no count is no number."""
    words = ["--keep", "memory=80g", "--rate", "utilisation=5m", "--objective", "quantile=1k"]
    for option, word in zip(words[::2], words[1::2], strict=True):
        refused = bayescale("allocate", fit_nc, "--group", "starcoder", "--compute", "1e22", option, word)
        name, value = word.split("=")
        assert refused.code == 2 and f"{option} {name} must be a number, got '{value}'." in refused.err
    assert bayescale("allocate", fit_nc, "--group", "starcoder", "--compute", "1e22", "7B").code == 2
    assert value_lists.spread(["--prob", "0.9", "7B"], {"--prob"}) == ["--prob", "0.9", "7B"]
