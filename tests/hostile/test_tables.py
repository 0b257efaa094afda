"""Whatever the bytes and cells of a table are, it is read or refused in one sentence."""

from __future__ import annotations

import contextlib
import gzip
import warnings
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayescale as bs
from bayescale.language.errors import LONGEST_MESSAGE

GOOD = "params,tokens,loss,family\n" + "".join(
    f"{n},{d},{3 - i / 9},a\n"
    for i, (n, d) in enumerate([("1e8", "2e9"), ("3e8", "2e9"), ("3e8", "8e9"), ("9e8", "8e9")])
)
HEADS = ("params", "tokens", "loss", "compute", "family", "run", "loss_se", "mix_a", "chance", "", "a\nb", "\u202ex")
CELLS = ("1e8", "nan", "inf", "-1", "0", "1e309", "", "=1+1", "7B", "1,5", "٣", '"', "\0", "9" * 5000, "x" * 100_000)
cells = st.one_of(st.sampled_from(CELLS), st.floats().map(str), st.text(max_size=20))
change = st.tuples(
    st.floats(0, 1), st.integers(0, 8), st.one_of(st.binary(max_size=8), st.text(max_size=3).map(str.encode))
)


@contextlib.contextmanager
def read_or_refused():
    """Anything but a result or a sentence is an error of the test."""
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield
        except bs.BayescaleError as error:
            said = str(error)
    assert said.isprintable() and len(said) <= LONGEST_MESSAGE


def spoilt(content: bytes, changes) -> bytes:
    for place, deleted, put in changes:
        at = int(place * len(content))
        content = content[:at] + put + content[at + deleted :]
    return content


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@given(content=st.binary(max_size=500), ending=st.sampled_from((".csv", ".tsv", ".txt", ".csv.gz", ".parquet")))
def test_random_bytes(place, content, ending):
    (place / f"t{ending}").write_bytes(content)
    with read_or_refused():
        bs.read_runs(place / f"t{ending}")


@given(changes=st.lists(change, min_size=1, max_size=5), packed=st.booleans())
def test_a_table_that_was_spoilt(place, changes, packed):
    path = place / ("t.csv.gz" if packed else "t.csv")
    content = spoilt(GOOD.encode(), changes)
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    with read_or_refused():
        bs.read_runs(path)


@given(changes=st.lists(change, min_size=1, max_size=3))
def test_parquet_that_was_spoilt(place, parquet, changes):
    (place / "t.parquet").write_bytes(spoilt(parquet, changes))
    with read_or_refused():
        bs.read_runs(place / "t.parquet")


@pytest.fixture(scope="module")
def parquet(place) -> bytes:
    (place / "good.csv").write_text(GOOD)
    pd.read_csv(place / "good.csv").to_parquet(place / "good.parquet")
    return (place / "good.parquet").read_bytes()


@given(data=st.data())
def test_odd_cells_and_columns_of_a_data_frame(data):
    table = pd.DataFrame({"params": [1e8, 2e8, 4e8], "tokens": [2e9, 4e9, 2e9], "loss": [3.3, 3.1, 3.0]}, dtype=object)
    odd = st.one_of(cells, st.integers(), st.none(), st.floats(), st.binary(max_size=3), st.just(10**5000), st.just([]))
    for name in data.draw(st.lists(st.sampled_from(HEADS), max_size=3, unique=True)):
        table[name] = pd.Series(data.draw(st.lists(odd, min_size=3, max_size=3)), dtype=object)
    with read_or_refused():
        assert len(bs.read_runs(table).sha256) == 64


def test_an_error_that_is_not_ours_would_be_noticed():
    with pytest.raises(KeyError), read_or_refused():
        raise KeyError("broken")


def test_halves_of_characters_are_no_name():
    table = pd.DataFrame({"params": [1e8] * 3, "tokens": [1e9] * 3, "loss": [3.0] * 3})
    table["family"] = pd.Series(["a", "\ud800", "b"], dtype=object)
    with pytest.raises(bs.DataError, match=r"row 2, family: .* contains halves of characters \(surrogates\)"):
        bs.read_runs(table)


def test_whole_numbers_that_python_does_not_print_are_cells():
    table = pd.DataFrame({"params": pd.Series([10**5000, 1, 2], dtype=object), "tokens": [1e9] * 3, "loss": [3.0] * 3})
    with pytest.raises(bs.DataError, match="params: 'a whole number of 16,610 bits' is not a number"):
        bs.read_runs(table)


def test_a_name_that_is_too_long_is_refused():
    with pytest.raises(bs.DataError, match=r"cannot be reached|\.\.\."):
        bs.read_runs("a" * 5000 + ".csv")
    with pytest.raises(bs.LawError, match="There is no file"):
        bs.laws.find_law("a" * 5000 + ".py:Law")
    with pytest.raises(bs.DataError, match="is no file"):
        bs.datasets.load("chinchilla", path="a/" * 3000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (",".join("a" * 3 + str(i) for i in range(20_000)) + "\n1\n", "has 20,000 columns and up to 10,000 are read"),
        ("params,tokens,loss\n" + '"a\n' * 300, "cannot be split into fields at line"),
        ("params,tokens,loss\n" + '"\n",' * 300, "a row of more than 100 lines"),
        (GOOD + "\n" * 1_100_000, "has more than 1,000,000 blank lines: it is not a table of runs"),
    ],
)
def test_tables_that_take_for_ever_are_refused(place, content, message):
    (place / "t.csv").write_text(content)
    with pytest.raises(bs.DataError, match=message):
        bs.read_runs(place / "t.csv")


def test_many_families_are_refused_by_what_cannot_take_them():
    n = 1_100
    columns = {"params": [1e8, 3e8, 1e9, 3e9], "tokens": [2e9, 8e9, 2e9, 4e10], "loss": [3.1, 2.9, 2.8, 2.5]}
    table = pd.DataFrame({name: values * n for name, values in columns.items()})
    table["family"] = [f"f{i // 4}" for i in range(4 * n)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        runs = bs.read_runs(table)
    for made in (lambda: bs.fit("chinchilla", runs), lambda: bs.identify("chinchilla", runs)):
        with pytest.raises(bs.FitError, match=r"^The table has 1,100 families and up to 1,000 are "):
            made()
