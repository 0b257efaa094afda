"""Numbers in place of columns, and shares in per cent."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bayescale.data.constants import constants
from bayescale.data.read import read_quietly as read_runs
from bayescale.language.errors import DataError, SettingsError


def scores(**columns) -> pd.DataFrame:
    return pd.DataFrame({"loss": [3.4, 3.2, 2.9, 3.0], "acc": [0.3, 0.4, 0.55, 0.5]} | columns)


LAW = {"law": "downstream-accuracy"}


@pytest.mark.parametrize("chance", ["0.25", 0.25, " .25 "])
def test_a_chance_level_that_is_a_number_holds_in_every_row(chance):
    runs = read_runs(scores(), {"accuracy": "acc", "chance": chance, "items": "2376"}, **LAW)
    np.testing.assert_array_equal(runs.table["chance"], 0.25)
    np.testing.assert_array_equal(runs.table["items"], 2376)
    assert runs.renamed == {"accuracy": "acc", "chance": "0.25", "items": "2376"}
    again = read_runs(scores(), runs.renamed, **LAW)
    assert again.sha256 == runs.sha256


def test_a_column_of_that_name_is_the_column():
    assert constants({"chance": "0.25"}, ["0.25"]) == ({"chance": "0.25"}, {})
    assert constants({"params": "7e9"}, []) == ({"params": "7e9"}, {})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"chance": "25"}, "chance must be at least 0 and at most 1, got 25; a share, not a percentage: write 0.25."),
        ({"chance": -1}, "chance must be at least 0 and at most 1, got -1."),
        ({"items": "0"}, "items must be at least 1, got 0."),
    ],
)
def test_numbers_that_no_cell_may_be_are_refused(asked, message):
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        read_runs(scores(), {"accuracy": "acc", **asked}, **LAW)


def test_a_lacking_chance_says_that_it_may_be_a_number():
    said = "lacks chance and accuracy, .*: say which with columns={'chance': '<column or number>', 'accuracy': '.*'}"
    with pytest.raises(DataError, match=said):
        read_runs(scores(), **LAW)


def test_accuracies_in_per_cent_are_refused_with_what_reads_them():
    frame = scores(acc=[30.0, 40.0, 55.0, 1.0])
    columns = {"accuracy": "acc", "chance": "0"}
    said = "'55' is above 1 (a share, not a percentage: write 0.45 for 45 %); if it is in per cent, read it so: "
    with pytest.raises(DataError, match=re.escape(said + "columns={'accuracy': 'acc*0.01'}")):
        read_runs(frame, columns, **LAW)
    runs = read_runs(frame, columns | {"accuracy": "acc*0.01"}, **LAW)
    np.testing.assert_allclose(runs.table["accuracy"], [0.3, 0.4, 0.55, 0.01], rtol=1e-15)


def test_a_share_beyond_all_of_it_stays_refused():
    with pytest.raises(DataError, match="'101' is above 100"):
        read_runs(scores(acc=[30.0, 40.0, 101.0, 50.0]), {"accuracy": "acc*0.01", "chance": "0"}, **LAW)
