"""Counts in other units: columns that are read times a number."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from bayescale.data import read_runs
from bayescale.language.errors import DataError, DataWarning


@pytest.fixture
def billions(clean):
    """The table with tokens in billions and sizes in millions, as spreadsheets have them."""
    table = clean.assign(tokens=clean["tokens"] / 1e9, params=clean["params"] / 1e6)
    return table.rename(columns={"tokens": "Tokens (B)", "params": "size"})


def test_a_column_times_a_number_gives_the_same_runs(clean, billions):
    runs = read_runs(billions, {"tokens": "Tokens (B)*1e9", "params": "size * 1000000"})
    pd.testing.assert_frame_equal(runs.table, read_runs(clean).table, rtol=1e-14)
    assert runs.warnings == ()
    assert runs.renamed == {"params": "size * 1000000", "tokens": "Tokens (B)*1e9"}
    again = read_runs(billions, runs.renamed)
    assert again.sha256 == runs.sha256


def test_a_wrong_number_gives_other_runs_and_is_warned_of(clean, billions):
    with pytest.warns(DataWarning, match=r"median tokens is 32000: .* columns={'tokens': 'Tokens \(B\)\*1e9'} does"):
        runs = read_runs(billions, {"tokens": "Tokens (B)*1e3", "params": "size*1e6"})
    assert not runs.table["tokens"].equals(read_runs(clean).table["tokens"])


def test_a_column_that_is_called_so_is_that_column(clean):
    table = clean.rename(columns={"tokens": "tokens*2"})
    assert read_runs(table, {"tokens": "tokens*2"}).sha256 == read_runs(clean).sha256


@pytest.mark.parametrize("asked", ["loss*2", "loss * x"])
def test_losses_have_units_and_are_not_scaled(clean, asked):
    with pytest.raises(DataError, match=rf"^DataFrame has no column {re.escape(repr(asked))} for loss"):
        read_runs(clean, {"loss": asked})


@pytest.mark.parametrize(
    ("name", "factor", "said"),
    [
        ("tokens", 1e-9, "give the number of tokens, as columns={'tokens': 'tokens*1e9'} does."),
        ("tokens", 1e-6, "give the number of tokens, as columns={'tokens': 'tokens*1e6'} does."),
        ("params", 1e-9, "give the number of parameters, as columns={'params': 'params*1e9'} does."),
        ("params", 1e-6, "give the number of parameters, as columns={'params': 'params*1e6'} does."),
    ],
)
def test_the_warning_says_what_reads_them_right(clean, name, factor, said):
    scaled = clean.assign(**{name: clean[name] * factor})
    with pytest.warns(DataWarning, match=re.escape(said)):
        read_runs(scaled)
    column = re.search(r": '(.*)'}", said)[1]
    pd.testing.assert_frame_equal(read_runs(scaled, {name: column}).table, read_runs(clean).table, rtol=1e-14)


def test_headings_of_spreadsheets_are_recognised(clean):
    table = clean.rename(columns={"params": "Parameters", "tokens": "Training Tokens", "loss": "val-bpb"})
    named = "columns={'params': 'Parameters', 'tokens': 'Training Tokens', 'loss': 'val-bpb'}"
    unit = " and loss_unit='bits/byte', bytes_per_token=..."
    with pytest.raises(DataError, match=rf"{re.escape(named + unit)}\.$"):
        read_runs(table)
