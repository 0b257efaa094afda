"""Tables that a law of the catalogue cannot be fitted to are refused alike by Python and by the command line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.cli.shell_words import in_shell
from bayescale.language.quantities import Quantity
from bayescale.laws import CATALOGUE

every_law = pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
ROWS = 6
# Values of a usual table; of all other quantities shares between 0 and 1 will do.
USUAL = {
    "params": np.geomspace(1e8, 3e9, ROWS),
    "tokens": np.geomspace(2e9, 9e10, ROWS),
    "compute": np.geomspace(1e18, 1e21, ROWS),
    "loss": np.linspace(3.4, 2.6, ROWS),
    "source_loss": np.linspace(3.6, 2.7, ROWS),
    "unique_tokens": np.geomspace(1e9, 4e10, ROWS),
    "embedding_params": np.geomspace(3e7, 2e8, ROWS),
    "experts": np.array([1.0, 2, 8, 32, 64, 128]),
    "chance": np.full(ROWS, 0.25),
    "accuracy": np.linspace(0.3, 0.8, ROWS),
    "is_target": np.array([0.0, 1, 0, 1, 0, 1]),
    "is_pretrained": np.array([0.0, 1, 0, 1, 0, 1]),
    "mix_web": np.array([1.0, 0.5, 0.2, 0.6, 0.1, 0.3]),
    "mix_books": np.array([0.0, 0.5, 0.2, 0.3, 0.8, 0.3]),
    "mix_code": np.array([0.0, 0.0, 0.6, 0.1, 0.1, 0.4]),
}


def columns(law: type[bs.Law]) -> dict[str, Quantity]:
    """All columns that a law needs, by name."""
    return {quantity.name: quantity for quantity in (*law.arguments.values(), law.response)}


def usual(law: type[bs.Law]) -> pd.DataFrame:
    """A small table that the law takes."""
    return pd.DataFrame({name: USUAL.get(name, np.linspace(0.1, 0.9, ROWS)) for name in columns(law)})


def bad_values(quantity: Quantity) -> dict[float, str]:
    """Values outside a quantity's domain, and what is said of them."""
    below = "is not positive" if quantity.strict else "is negative" if quantity.lower == 0 else "is below 1"
    found = {quantity.lower if quantity.strict else quantity.lower - 0.5: below, np.inf: "is infinite"}
    return found | ({1.5: "is above 1"} if quantity.upper == 1 else {})


def refusal(table: pd.DataFrame, law: type[bs.Law], bayescale: Any) -> str:
    """What both doors say, once it is the same but for the option that a shell takes."""
    table.to_csv("runs.csv", index=False)
    with pytest.raises(bs.DataError) as caught:
        bs.read_runs("runs.csv", law=law)
    shown = bayescale("fit", "runs.csv", "--law", law.name)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == f"error: {in_shell(str(caught.value))}\n"
    return shown.err


@pytest.fixture(autouse=True)
def _there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@every_law
@pytest.mark.filterwarnings("ignore::bayescale.DataWarning")
def test_the_usual_table_is_read(law):
    """Else nothing below would be about what was changed."""
    assert len(bs.read_runs(usual(law), law=law)) == ROWS


@every_law
def test_values_outside_the_domain_of_each_column_are_named_with_their_row(law, bayescale):
    for name, quantity in columns(law).items():
        for value, reason in bad_values(quantity).items():
            table = usual(law)
            table.loc[3, name] = value
            shown = refusal(table, law, bayescale)
            assert "has 1 unusable cell: " in shown
            assert f"row 4, {name}: '{value}' {reason}" in shown, shown


@every_law
def test_a_column_that_is_missing_is_named_with_the_remedy(law, bayescale):
    for name in columns(law):
        table = usual(law).rename(columns={name: f"my_{name}"})
        shown = refusal(table, law, bayescale)
        # Of a name of two letters nothing is guessed.
        column = f"my_{name}" if len(name) > 2 else "'<column>'"
        assert f"--columns {name}={column}" in shown, shown
        assert f"my_{name}" in shown.partition("its columns: ")[2].partition(")")[0]


TOGETHER = {
    "weights that do not sum to 1": ("data-mixing", {"mix_web": 0.9}, "row 4, mix_books: '0.3' and the other weights"),
    "an accuracy below guessing": (
        "downstream-accuracy",
        {"accuracy": 0.2},
        "row 4, accuracy: '0.2' is below the 0.25",
    ),
    "more unique tokens than tokens": ("data-constrained", {"unique_tokens": 1e12}, "row 4, unique_tokens: '1000000"),
    "less than one pass": ("data-constrained", {"repeats": 0.5}, "row 4, repeats: '0.5' is below 1"),
    "neither yes nor no": ("loss-to-loss-joint", {"is_target": 0.5}, "row 4, is_target: '0.5' is neither 0 (no) nor 1"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_rows_that_contradict_themselves_are_named(case, bayescale):
    name, changed, reason = TOGETHER[case]
    law = bs.laws.find_law(name)
    table = usual(law)
    for column, value in changed.items():
        table[column] = table.get(column, 1.0)
        table.loc[3, column] = value
    shown = refusal(table, law, bayescale)
    assert "has 1 unusable cell: " in shown
    assert reason in shown
