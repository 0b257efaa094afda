"""An error of the law that grows with distance below the largest compute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.model_error import model_error_of
from bayescale.data.read import read_quietly
from bayescale.language.errors import DataError, SettingsError


@pytest.fixture
def runs():
    """Two families, the second ten times larger, each over two decades."""
    rows = [
        {"family": family, "params": 1e8 * far, "tokens": 1e9 * part, "loss": 3.0 - 0.1 * np.log10(part)}
        for family, far in (("a", 1), ("b", 10))
        for part in (1, 10, 50, 100)
    ]
    return read_quietly(pd.DataFrame(rows), group="family")


def test_it_is_of_each_familys_own_distance(runs):
    made = runs.with_model_error(0.04)
    expected = 0.04 * np.sqrt([2.0, 1.0, np.log10(2.0), 0.0])
    np.testing.assert_allclose(made.table["model_error"], [*expected, *expected], rtol=1e-12, atol=1e-12)
    assert model_error_of(made) == pytest.approx(0.04)
    assert made.sha256 != runs.sha256
    assert made.with_model_error(0).sha256 == runs.sha256
    assert model_error_of(runs) == 0.0


@pytest.mark.parametrize("error", [-0.1, np.nan, np.inf, "0.04", True])
def test_errors_are_numbers_of_at_least_zero(runs, error):
    message = r"^model_error must be at least 0, such as 0.04 for four per cent, got .*$"
    for ask in (runs.with_model_error, lambda e: bs.fit_many("chinchilla", runs, model_error=e)):
        with pytest.raises(SettingsError, match=message):
            ask(error)


def test_a_table_without_compute_has_no_distances():
    table = read_quietly(pd.DataFrame({"tokens": [1e9, 2e9, 4e9], "loss": [3.0, 2.9, 2.8]}), law="kaplan-d")
    with pytest.raises(DataError, match=r"^Distances in compute need params and tokens, or compute, which the table"):
        table.with_model_error(0.04)
