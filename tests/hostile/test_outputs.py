"""What is printed and written of hostile names, and hostile words of the command line."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayescale as bs
from bayescale.cli import main
from bayescale.cli.output import print_table
from bayescale.cli.reporting import in_shell
from bayescale.language.errors import LONGEST_MESSAGE, DataError, sentence
from bayescale.show.inert import inert

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
COMMANDS = (
    "identify",
    "fit",
    "summary",
    "predict",
    "allocate",
    "compare",
    "batch",
    "datasets",
    "laws",
    "next",
    "nothing",
)
OPTIONS = (
    "--law",
    "--group",
    "--out",
    "--prob",
    "--seed",
    "--columns",
    "--compute",
    "--params",
    "--format",
    "--input",
    "--",
)
WORDS = ("", "nan", "-1", "1e999", "=", "a=b", "../x", "x.csv", "runs.csv", "\u202ex", "a\nb", "x" * 5000, "[[bold]]")


@given(st.text(alphabet="=+-@;a1\t\r\n \u3000\uff1d", max_size=8))
def test_no_cell_is_a_formula_whatever_separates_cells(text):
    printed = inert(pd.DataFrame({"family": [text]})).to_csv(index=False)
    found = pd.read_csv(io.StringIO(printed), dtype=str, keep_default_na=False, skip_blank_lines=False)["family"]
    for whole in found:
        assert not FORMULA.match(whole)
        assert not any(FORMULA.match(cell) for cell in whole.split(";"))


def test_without_an_apostrophe_the_formula_would_be_seen():
    assert FORMULA.match("=1+1") and FORMULA.match(" \uff1d1")


@given(st.text())
def test_a_message_is_one_printable_line_of_bounded_length(text):
    for message in (sentence(text), sentence(text * 2000), str(DataError(text))):
        assert message.isprintable() and len(message) <= LONGEST_MESSAGE


@pytest.mark.parametrize("name", [r"columns={'a': '\'}", r"columns={'a': '\N{x}'}", "columns={'a': '\\u12'}"])
def test_a_column_that_looks_like_an_option_is_only_a_name(name):
    assert in_shell(f"there is {name}") == f"there is {name}"


def test_no_name_turns_the_line_it_stands_in(capsys):
    print_table(("family",), [("dense\u202e3.1",)])
    assert "dense3.1" in capsys.readouterr().out


@given(command=st.sampled_from(COMMANDS), words=st.lists(st.sampled_from((*OPTIONS, *WORDS)), max_size=6))
def test_any_words_are_usage_or_a_sentence(tmp_path_factory, command, words):
    import contextlib
    import os

    before, err = os.getcwd(), io.StringIO()
    os.chdir(tmp_path_factory.getbasetemp())
    try:
        with (
            contextlib.redirect_stderr(err),
            contextlib.redirect_stdout(io.StringIO()),
            pytest.raises(SystemExit) as stop,
        ):
            main([command, *words])
    finally:
        os.chdir(before)
    assert stop.value.code in (0, None, 1, 2), err.getvalue()
    assert "Traceback" not in err.getvalue()


@pytest.mark.parametrize(
    "content", [b"\xff", b"params,tokens\nmany,x\n", b"a" * 11_000_000, b"", b"params\n" + b"9" * 5000], ids=range(5)
)
def test_candidates_are_a_small_csv_of_runs(tmp_path, content, capsys):
    (tmp_path / "c.csv").write_bytes(content)
    (tmp_path / "runs.csv").write_text("params,tokens,loss\n1e8,2e9,3.1\n3e8,2e9,2.9\n3e8,8e9,2.7\n9e8,8e9,2.5\n")
    with pytest.raises(SystemExit) as stop:
        main(["identify", str(tmp_path / "runs.csv"), "--candidates", str(tmp_path / "c.csv")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


def test_candidates_are_not_fetched(capsys, tmp_path):
    (tmp_path / "runs.csv").write_text("params,tokens,loss\n1e8,2e9,3.1\n3e8,2e9,2.9\n3e8,8e9,2.7\n")
    with pytest.raises(SystemExit) as stop:
        main(["identify", str(tmp_path / "runs.csv"), "--candidates", "http://localhost:1/c.csv"])
    assert stop.value.code == 2
    assert "must be a CSV of runs" in capsys.readouterr().err


def test_the_errors_of_the_package_are_one_family():
    assert all(
        issubclass(getattr(bs, name), bs.BayescaleError) for name in ("DataError", "StoreError", "SettingsError")
    )
