"""Every kind of bad input gives one sentence that says what is wrong and what to do."""

from __future__ import annotations

import contextlib
import gzip
import re
import tracemalloc

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescale.data import read_runs
from bayescale.data.read import read_quietly
from bayescale.data.schema import COLUMNS
from bayescale.language.errors import BadCell, BayescaleError, DataError, SettingsError

HEADER = "params,tokens,loss\n"
GOOD = "1e8,2e9,3.1\n3e8,2e9,2.9\n3e8,8e9,2.7\n"
OK = HEADER + GOOD
SLOW_GZ = gzip.compress(OK.encode())


def test_the_smallest_usable_table_is_read(write):
    with pytest.warns(UserWarning, match="few-runs"):
        assert len(read_runs(write(OK))) == 3


# kind: (content, settings, error class, the whole message)
FILES = {
    "empty file": ("", {}, DataError, "runs.csv is empty: expected a header and one row per run."),
    "only a byte order mark": (
        b"\xef\xbb\xbf",
        {},
        DataError,
        "runs.csv is empty: expected a header and one row per run.",
    ),
    "only blank lines": ("\n \n\n", {}, DataError, "runs.csv is empty: expected a header and one row per run."),
    "only separators": (
        HEADER + ",,\n,,\n",
        {},
        DataError,
        "runs.csv has a header and no rows: expected one row per run.",
    ),
    "header only": (HEADER, {}, DataError, "runs.csv has a header and no rows: expected one row per run."),
    "one row": (HEADER + "1e8,2e9,3.1\n", {}, DataError, "runs.csv has 1 run: a fit needs at least 3."),
    "two rows": (HEADER + "1e8,2e9,3.1\n2e8,2e9,3\n", {}, DataError, "runs.csv has 2 runs: a fit needs at least 3."),
    "missing loss": (
        "params,tokens,val_loss\n" + GOOD,
        {},
        DataError,
        "runs.csv has no column 'loss' (its columns: params, tokens, val_loss): "
        "say which with columns={'loss': 'val_loss'}.",
    ),
    "compute alone": (
        "compute,n_params,loss\n" + GOOD,
        {},
        DataError,
        "runs.csv needs two of params, tokens, compute and has only compute (its columns: compute, n_params, loss): "
        "say which with columns={'params': 'n_params'}.",
    ),
    "nothing by a canonical name": (
        "N,D,y\n" + GOOD,
        {},
        DataError,
        "runs.csv needs two of params, tokens, compute and has none of them and no column 'loss' "
        "(its columns: N, D, y): say which with columns={'params': 'N', 'tokens': 'D', 'loss': '<column>'}.",
    ),
    "no header": (
        GOOD,
        {},
        DataError,
        "runs.csv needs two of params, tokens, compute and has none of them and no column 'loss' "
        "(its columns: 1e8, 2e9, 3.1): "
        "say which with columns={'params': '<column>', 'tokens': '<column>', 'loss': '<column>'}.",
    ),
    "mapped column is absent": (
        OK,
        {"columns": {"loss": "losss"}},
        DataError,
        "runs.csv has no column 'losss' for loss, did you mean 'loss'? (its columns: params, tokens, loss).",
    ),
    "group is absent": (
        OK,
        {"group": "corpus"},
        DataError,
        "runs.csv has no column 'corpus' for family (its columns: params, tokens, loss).",
    ),
    "unknown canonical name": (
        OK,
        {"columns": {"parms": "params"}},
        SettingsError,
        "columns maps 'parms', which is no canonical column: write columns={'params': 'parms'}, "
        "the canonical name first.",
    ),
    "mapping of an unheard-of name": (
        OK,
        {"columns": {"lrr": "rate"}},
        SettingsError,
        f"columns maps 'lrr', which is no canonical column, did you mean 'lr'? ({', '.join(COLUMNS)}).",
    ),
    "one column for two": (
        OK,
        {"columns": {"params": "tokens", "tokens": "tokens"}},
        SettingsError,
        "column 'tokens' cannot be both params and tokens: name one column each.",
    ),
    "mapping to a number": (
        OK,
        {"columns": {"params": 0}},
        SettingsError,
        "columns must map params to a column name or None, got 0.",
    ),
    "mapping that is a list": (
        OK,
        {"columns": ["params"]},
        SettingsError,
        "columns must map canonical names to source columns, got list.",
    ),
    "two groups": (
        OK,
        {"columns": {"family": "a"}, "group": "b"},
        SettingsError,
        "group='b' and columns={'family': 'a'} disagree: give one.",
    ),
    "several group columns": (
        OK,
        {"group": ["a", "b"]},
        SettingsError,
        "group must be the name of one column, got ['a', 'b'].",
    ),
    "column named twice": (
        "params,tokens,loss,loss\n1,2,3,4\n",
        {},
        DataError,
        "runs.csv has more than one column named 'loss': rename or remove the others.",
    ),
    "semicolons": (
        OK.replace(",", ";"),
        {},
        DataError,
        "runs.csv is separated by ';' where ',' was expected: save it as a CSV with commas, or pass the DataFrame that "
        "pandas.read_csv(..., sep=';') returns.",
    ),
    "tabs in a csv": (
        OK.replace(",", "\t"),
        {},
        DataError,
        "runs.csv is separated by tabs where ',' was expected: save it as a CSV with commas, or pass the DataFrame "
        r"that pandas.read_csv(..., sep='\t') returns.",
    ),
    "Latin-1": (
        "params,tokens,loss,café\n".encode("latin-1"),
        {},
        DataError,
        "runs.csv is not UTF-8 at byte 22 (0xe9): save it as UTF-8, or pass the DataFrame that "
        "pandas.read_csv(..., encoding=...) returns.",
    ),
    "cut in the middle of a character": (
        "params,tokens,loss\ncaf\u00e9".encode()[:-1],
        {},
        DataError,
        "runs.csv is not UTF-8 at byte 22 (0xc3): save it as UTF-8, or pass the DataFrame that "
        "pandas.read_csv(..., encoding=...) returns.",
    ),
    "UTF-16": (OK.encode("utf-16"), {}, DataError, "runs.csv is encoded in UTF-16: save it as UTF-8."),
    "UTF-16 without a mark": (
        OK.encode("utf-16-le"),
        {},
        DataError,
        "runs.csv has a NUL at byte 1: it is binary or UTF-16, save it as CSV in UTF-8.",
    ),
    "NUL": (
        OK + "\0",
        {},
        DataError,
        f"runs.csv has a NUL at byte {len(OK)}: it is binary or UTF-16, save it as CSV in UTF-8.",
    ),
    "workbook": (
        b"PK\x03\x04\x14",
        {},
        DataError,
        "runs.csv is a spreadsheet or zip archive: save the table as CSV in UTF-8.",
    ),
    "Parquet named csv": (b"PAR1\x15", {}, DataError, "runs.csv is a Parquet file: name it .parquet."),
    "gzip named csv": (SLOW_GZ, {}, DataError, "runs.csv is compressed with gzip: give its name the ending .gz."),
    "endless line": (
        b"x" * (3 << 20),
        {},
        DataError,
        "runs.csv has a line longer than 1,048,576 bytes: it is not a table of runs.",
    ),
    "too many fields": (
        OK + "1e8,2,5e9,3.1\n",
        {},
        DataError,
        "runs.csv has 4 fields in row 4 where the header has 3: "
        "look for a separator inside a number or an unquoted name.",
    ),
    "open quotation mark": (
        OK + '"1e8,2e9,3.1\n',
        {},
        DataError,
        "runs.csv cannot be split into fields at line 5 (unexpected end of data): "
        "look for a quotation mark that is not closed or not at the end of its field.",
    ),
    "too many rows": (
        OK + GOOD,
        {"max_rows": 5},
        DataError,
        "runs.csv has more than max_rows=5 rows: keep one row per run or thin the checkpoints, or raise max_rows.",
    ),
    "unknown loss unit": (
        OK,
        {"loss_unit": "bpb"},
        SettingsError,
        "loss_unit must be one of 'nats/token', 'bits/token', 'bits/byte', 'perplexity', got 'bpb'.",
    ),
    "bits per byte without bytes": (
        OK,
        {"loss_unit": "bits/byte"},
        SettingsError,
        "loss_unit='bits/byte' needs bytes_per_token=..., the mean bytes per token of the test set.",
    ),
    "bytes that are not positive": (
        OK,
        {"loss_unit": "bits/byte", "bytes_per_token": 0},
        SettingsError,
        "bytes_per_token must be a positive number such as 4.2, got 0.",
    ),
    "bytes beyond any tokenizer": (
        OK,
        {"loss_unit": "bits/byte", "bytes_per_token": 1e300},
        SettingsError,
        "bytes_per_token must be a positive number such as 4.2, got 1e+300.",
    ),
    "a unit beyond any": (
        OK,
        {"columns": {"params": "params*1e300"}},
        DataError,
        "runs.csv has no column 'params*1e300' for params, did you mean 'params'? (its columns: params, tokens, loss).",
    ),
    "bytes of no use": (
        OK,
        {"bytes_per_token": 4.0},
        SettingsError,
        "bytes_per_token is used with loss_unit='bits/byte' only, got loss_unit='nats/token'.",
    ),
    "unknown convention": (
        OK,
        {"params_convention": "dense"},
        SettingsError,
        "params_convention must be one of 'total', 'non_embedding', 'active', got 'dense'.",
    ),
    "no rows allowed": (OK, {"max_rows": 0}, SettingsError, "max_rows must be an integer of at least 3, got 0."),
}


@pytest.mark.parametrize("kind", FILES)
def test_bad_file_is_refused_in_one_sentence(kind, write):
    content, settings, error, message = FILES[kind]
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        read_runs(write(content), **settings)


# kind: (the cells of row 2, settings, what the error says of them)
CELLS = {
    "text": ("abc,2e9,2.9", {}, "row 2, params: 'abc' is not a number"),
    "suffix": ("7B,2e9,2.9", {}, "row 2, params: '7B' is not a number (write 7e9)"),
    "suffix after a space": ("1.5 m,2e9,2.9", {}, "row 2, params: '1.5 m' is not a number (write 1.5e6)"),
    "thousands": (
        '"1,000,000",2e9,2.9',
        {},
        "row 2, params: '1,000,000' is not a number (write it without thousands separators)",
    ),
    "decimal comma": (
        '3e8,2e9,"2,9"',
        {},
        "row 2, loss: '2,9' is not a number (write a point as the decimal mark and no thousands separators)",
    ),
    "empty": ("3e8,,2.9", {}, "row 2, tokens: '' is missing"),
    "spaces": ("3e8,  ,2.9", {}, "row 2, tokens: '' is missing"),
    "short row": ("3e8,2e9", {}, "row 2, loss: '' is missing"),
    "NaN": ("3e8,2e9,NaN", {}, "row 2, loss: 'NaN' is missing"),
    "NA": ("3e8,2e9,N/A", {}, "row 2, loss: 'N/A' is missing"),
    "infinity": ("3e8,2e9,inf", {}, "row 2, loss: 'inf' is infinite"),
    "overflow": ("1e999,2e9,2.9", {}, "row 2, params: '1e999' is infinite"),
    "zero": ("0,2e9,2.9", {}, "row 2, params: '0' is not positive"),
    "negative": ("3e8,2e9,-2.9", {}, "row 2, loss: '-2.9' is not positive"),
    "long text": ("3e8,2e9," + "x" * 99, {}, f"row 2, loss: '{'x' * 39}…' is not a number"),
    "impossible perplexity": (
        "3e8,2e9,0.9",
        {"loss_unit": "perplexity"},
        "row 2, loss: '0.9' is not above 1, as a perplexity must be",
    ),
    "beyond what is measured": ("1e51,2e9,2.9", {}, "row 2, params: '1e51' is beyond 1e+50"),
    "next to nothing": ("3e8,2e9,1e-51", {}, "row 2, loss: '1e-51' is nearer to 0 than 1e-50"),
    "compute beyond what is measured": (
        "1e40,1e40,2.9",
        {},
        "row 2, compute: '6e+80' follows from 6ND and is beyond 1e+50",
    ),
}


@pytest.mark.parametrize("kind", CELLS)
def test_bad_cell_is_named_with_row_column_and_reason(kind, write):
    row, settings, told = CELLS[kind]
    path = write(f"{HEADER}1e8,2e9,3.1\n{row}\n3e8,8e9,2.7\n")
    with pytest.raises(DataError, match=f"^{re.escape(f'runs.csv has 1 unusable cell: {told}.')}$") as caught:
        read_runs(path, **settings)
    assert [cell.row for cell in caught.value.cells] == [2]


@given(st.data())
def test_numbers_up_to_the_bounds_are_computed_with(data):
    """Every suspicion about units and designs is computed, without an overflow, whatever the counts are."""
    number = st.sampled_from((1e-50, 1e-20, 1.0, 1e9, 1e24, 1e50))
    columns = [
        "params",
        "tokens",
        "loss",
        *data.draw(st.sets(st.sampled_from(("compute", "loss_se", "unique_tokens")))),
    ]
    rows = data.draw(st.lists(st.tuples(*[number] * len(columns)), min_size=6, max_size=9))
    with contextlib.suppress(DataError):
        read_quietly(pd.DataFrame(rows, columns=columns))


OPTIONAL = {
    "negative standard error": ("loss_se", "-0.1", "is negative"),
    "missing standard error": ("loss_se", "", "is missing"),
    "zero learning rate": ("lr", "0", "is not positive"),
    "negative step": ("step", "-1", "is negative"),
    "zero batch": ("batch_tokens", "0", "is not positive"),
    "infinite unique tokens": ("unique_tokens", "inf", "is infinite"),
    "missing run": ("run", "", "is missing"),
    "missing budget": ("budget", "nan", "is missing"),
}


@pytest.mark.parametrize("kind", OPTIONAL)
def test_bad_optional_cell_says_how_to_leave_the_column_out(kind, clean):
    column, value, reason = OPTIONAL[kind]
    clean[column] = [value, *["1"] * (len(clean) - 1)]
    message = (
        f"DataFrame has 1 unusable cell: row 1, {column}: {value!r} {reason} "
        f"(to leave out what is not needed: columns={{{column!r}: None}})."
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read_runs(clean)
    assert column not in read_runs(clean, {column: None}).table


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is missing"),
        ("  ", "is missing"),
        (None, "is missing"),
        ("(all)", "is a reserved name"),
        ("(New Family)", "is a reserved name"),
        ("(population)", "is a reserved name"),
        ("a\x1b[31m", "contains control characters"),
    ],
)
def test_unusable_family_name_is_a_bad_cell(name, reason, clean):
    clean.loc[2, "family"] = name
    with pytest.raises(DataError, match=rf"^DataFrame has 1 unusable cell: row 3, family: '.*' {reason}\.$"):
        read_runs(clean)


def test_a_bad_compute_can_be_left_out_only_where_it_can_be_computed(clean):
    table = clean.assign(compute=-1.0)
    with pytest.raises(DataError, match=r"\(to leave out what is not needed: columns=\{'compute': None\}\)\.$"):
        read_runs(table)
    with pytest.raises(DataError, match=r"row 10, compute: '-1' is not positive; and 2 more\.$"):
        read_runs(table.drop(columns="tokens"))


def test_all_bad_cells_of_all_columns_come_in_one_error(write):
    path = write("family,params,tokens,loss\na,x,0,3\nb,1e8,1e9,3\n,1e8,inf,\nc,7B,1e9,-1\n")
    with pytest.raises(DataError) as caught:
        read_runs(path)
    assert caught.value.cells == (
        BadCell(1, "params", "x", "is not a number"),
        BadCell(1, "tokens", "0", "is not positive"),
        BadCell(3, "tokens", "inf", "is infinite"),
        BadCell(3, "loss", "", "is missing"),
        BadCell(3, "family", "", "is missing"),
        BadCell(4, "params", "7B", "is not a number (write 7e9)"),
        BadCell(4, "loss", "-1", "is not positive"),
    )
    assert str(caught.value).startswith("runs.csv has 7 unusable cells: row 1, params: 'x' is not a number; row 1, tok")


def test_a_message_shows_ten_cells_and_counts_the_rest(write):
    with pytest.raises(DataError, match=r"has 25 unusable cells: .*; and 15 more\.$") as caught:
        read_runs(write(OK + "x,2e9,3\n" * 25))
    assert len(caught.value.cells) == 25
    assert str(caught.value).count("row ") == 10


def test_row_numbers_count_blank_lines_and_go_on_across_chunks(write):
    block = "1e8,2e9,3.1\n" * 60_000
    with pytest.raises(DataError) as caught:
        read_runs(write(f"\n{HEADER}1e8,2e9,3.1\n\n   \nx,2e9,3.1\n,,\n{block}1e8,2e9,-3\n"))
    assert [(cell.row, cell.column) for cell in caught.value.cells] == [(4, "params"), (60_006, "loss")]


def test_a_bad_cell_carries_the_name_that_the_source_gives_its_column(write):
    with pytest.raises(DataError, match="row 1, n_params: 'x'"):
        read_runs(write("n_params,tokens,loss\nx,2e9,3\n" + GOOD), {"params": "n_params"})


@pytest.mark.parametrize("source", [[1, 2], {"params": [1]}, None, 3])
def test_other_sources_are_refused(source):
    message = f"read_runs expects a path or a pandas DataFrame, got {type(source).__name__}."
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        read_runs(source)


def test_a_path_that_is_no_table_is_refused(tmp_path, write):
    with pytest.raises(DataError, match=r"nowhere\.csv does not exist\.$"):
        read_runs(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match=r" is a directory: give the path of one file\.$"):
        read_runs(str(tmp_path))
    with pytest.raises(DataError, match=r"^runs\.xlsx is of no kind that read_runs knows .* pass the DataFrame\.$"):
        read_runs(write("x", "runs.xlsx"))
    with pytest.raises(DataError, match=r"^runs\.parquet is not a readable Parquet file: write it again, or save it"):
        read_runs(write("x" * 100, "runs.parquet"))
    with pytest.raises(DataError, match=r"^runs\.csv\.gz is not a whole gzip file \(.*\): compress it again\.$"):
        read_runs(write(SLOW_GZ[:-9], "runs.csv.gz"))
    with pytest.raises(DataError, match=r"^plain\.csv\.gz is not a whole gzip file \(.*\): compress it again\.$"):
        read_runs(write(OK, "plain.csv.gz"))


def test_bad_data_frames_are_refused(clean):
    with pytest.raises(DataError, match=r"^DataFrame has no rows: expected one row per run\.$"):
        read_runs(clean.iloc[:0])
    with pytest.raises(DataError, match=r"^DataFrame has more than one column named 'loss': rename or remove"):
        read_runs(pd.concat([clean, clean["loss"]], axis=1))
    with pytest.raises(DataError, match=r"^DataFrame has columns of several levels: flatten them to one name each\.$"):
        read_runs(pd.concat({"a": clean}, axis=1))
    with pytest.raises(DataError, match=r"^DataFrame has more than max_rows=5 rows: "):
        read_runs(clean, max_rows=5)
    with pytest.raises(DataError, match="row 1, loss: 'True' is not a number"):
        read_runs(clean.assign(loss=True))
    with pytest.raises(DataError, match=r"row 1, loss: '\(3\+0j\)' is not a number"):
        read_runs(clean.assign(loss=3 + 0j))


def repeated(path, rows):
    """Write a table of many rows, a block at a time, and return its path."""
    with path.open("wb") as stream:
        stream.write(HEADER.encode())
        for _ in range(rows // 100_000):
            stream.write(b"1e8,2e9,3\n" * 100_000)
    return path


def test_ten_million_rows_are_refused(tmp_path):
    path = repeated(tmp_path / "runs.csv", 10_000_000)
    message = "runs.csv has more than max_rows=5,000,000 rows: keep one row per run or thin the checkpoints, or raise"
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        read_runs(path)
    path.unlink()


def test_the_limit_on_rows_holds_before_memory_is_taken(tmp_path):
    path = repeated(tmp_path / "runs.csv", 1_000_000)
    # Tracing slows the scan tenfold, so this is done on fewer rows; what is held does not depend on their number.
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than max_rows=500,000 rows"):
            read_runs(path, max_rows=500_000)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_every_error_of_reading_is_a_value_error():
    assert issubclass(DataError, BayescaleError) and issubclass(BayescaleError, ValueError)
