"""Bad input: one line on stderr, the right exit code, nothing on stdout, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import pytest

POINT = ("--params", "1e9", "--tokens", "1e10")

BUDGET = ("--compute", "1e21")
HOFFMANN = ("allocate", "{fit}", *BUDGET, "--cost", "hoffmann", "--shape")
BAD = {
    "no such table": (("fit", "{tmp}/none.csv"), "none.csv"),
    "missing column": (("fit", "{tmp}/lacks.csv"), "loss"),
    "unknown column": (("fit", "{runs}", "--columns", "loss=val_loss"), "val_loss"),
    "columns without =": (("fit", "{runs}", "--columns", "val_loss"), "NAME=COLUMN"),
    "column twice": (("fit", "{runs}", "--columns", "loss=a", "loss=b"), "twice"),
    "text in numbers": (("fit", "{tmp}/text.csv"), "many"),
    "empty file": (("fit", "{tmp}/empty.csv"), "empty"),
    "unknown group": (("fit", "{runs}", "--group", "corpus"), "corpus"),
    "unknown law": (("fit", "{runs}", "--law", "chincila"), "chinchilla"),
    "missing law file": (("fit", "{runs}", "--law", "{tmp}/none.py:Mine"), "none.py"),
    "broken law file": (("fit", "{runs}", "--law", "{tmp}/broken.py:Mine"), "SyntaxError"),
    "unknown pooling": (("fit", "{runs}", "--pooling", "some"), "pooling"),
    "two poolings": (("fit", "{runs}", "--pooling", "none", "--pooling", "partial"), "--pooling"),
    "unknown noise": (("fit", "{runs}", "--noise", "cauchy"), "noise"),
    "unknown unit": (("fit", "{runs}", "--loss-unit", "nits"), "loss_unit"),
    "one chain": (("fit", "{runs}", "--chains", "1"), "chains"),
    "negative seed": (("fit", "{runs}", "--seed", "-1"), "seed"),
    "effects without column": (("fit", "{runs}", "--effects", "budget"), "budget"),
    "out is the table": (("fit", "{runs}", "--out", "{runs}"), "table of runs itself"),
    "out is another file": (("fit", "{runs}", "--out", "{tmp}/text.csv"), "no saved fit"),
    "out is HDF5 of another program": (("fit", "{runs}", "--out", "{tmp}/other.h5"), "no saved fit"),
    "out is a folder": (("fit", "{runs}", "--out", "{tmp}"), "folder"),
    "out in no folder": (("fit", "{runs}", "--out", "{tmp}/none/fit.nc"), "no folder"),
    "no such fit": (("summary", "{tmp}/none.nc"), "none.nc"),
    "not a fit": (("check", "{runs}"), "runs.csv"),
    "probability of a percent": (("summary", "{fit}", "--prob", "90"), "prob"),
    "unknown family": (("predict", "{fit}", *POINT, "--group", "java"), "starcoder"),
    "unknown kind": (("predict", "{fit}", *POINT, "--kind", "mean"), "kind"),
    "negative size": (("predict", "{fit}", "--params", "-1e9", "--tokens", "1e10"), "params"),
    "nan tokens": (("predict", "{fit}", "--params", "1e9", "--tokens", "nan"), "tokens"),
    "lengths differ": (("predict", "{fit}", "--params", "1e9", "2e9", "--tokens", "1e9", "1e9", "1e9"), "length"),
    "unknown input": (("predict", "{fit}", *POINT, "--input", "lr=1"), "lr"),
    "input without number": (
        ("predict", "{fit}", *POINT, "--input", "lr=fast"),
        "--input lr must be a number, got 'fast'.",
    ),
    "input that is an option": (("predict", "{fit}", *POINT, "--input", "params=1"), "--params"),
    "no compute": (("allocate", "{fit}", "--compute", "0"), "compute"),
    "shapes of 6ND": (("allocate", "{fit}", *BUDGET, "--shape", "aspect=60"), "--shape says nothing to 6ND"),
    "count without shapes": (("allocate", "{fit}", *BUDGET, "--cost", "kaplan"), "aspect and vocabulary and context"),
    "unknown shape": (("allocate", "{fit}", *BUDGET, "--cost", "active", "--shape", "depth=3"), "'depth'"),
    "shape without number": ((*HOFFMANN, "aspect=60", "vocabulary=big", "context=2048"), "vocabulary must be a number"),
    "no shape": ((*HOFFMANN, "aspect=-60", "vocabulary=5e4", "context=2048"), "aspect must be positive"),
    "serving nobody": (("allocate", "{fit}", *BUDGET, "--serve", "0"), "served must be positive"),
    "error of compute in percent": (("allocate", "{fit}", *BUDGET, "--compute-error", "10"), "relative_sd"),
    "another law": (("summary", "{fit}", "--law", "kaplan-nd"), "kaplan-nd"),
    "unknown data set": (("datasets", "pile"), "pile-families"),
    "no such law": (("laws", "chinchila"), "chinchilla"),
    "demo into a file": (("demo", "--out", "{runs}"), "is a file"),
    "demo below a file": (("demo", "--out", "{runs}/demo"), "is a file"),
}


@pytest.fixture
def places(tmp_path, runs_csv, request, monkeypatch):
    """Paths by the names used in BAD; the fit only where it is needed."""
    monkeypatch.chdir(tmp_path)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["weights"] = [1.0]
    (tmp_path / "lacks.csv").write_text("params,tokens\n1e8,1e9\n2e8,1e9\n3e8,2e9\n")
    (tmp_path / "text.csv").write_text("params,tokens,loss\n1e8,1e9,3\nmany,1e9,3\n3e8,2e9,3\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.py").write_text("class Mine(:\n")
    return lambda word: word.format(
        tmp=tmp_path, runs=runs_csv, fit=request.getfixturevalue("fit_nc") if "{fit}" in word else ""
    )


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(bayescale, places, case):
    words, expected = BAD[case]
    result = bayescale(*map(places, words))
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert expected in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("fit",),
        ("nothing",),
        ("predict", "--params", "1e9"),
        ("predict", "fit.nc", "--params", "many", "--tokens", "1e9"),
        ("cheapest", "fit.nc", "--loss", "2", "some"),
        ("summary", "fit.nc", "--format", "yaml"),
    ],
)
def test_wrong_usage_exits_2_without_a_traceback(bayescale, words):
    result = bayescale(*words)
    assert result.code == 2
    assert "Error: " in result.err
    assert "Traceback" not in result.err


def test_a_refused_table_is_left_as_it_was(bayescale, runs_csv):
    before = runs_csv.read_bytes()
    bayescale("fit", runs_csv, "--out", runs_csv)
    assert runs_csv.read_bytes() == before


@pytest.mark.parametrize("words", [("--debug", "summary"), ("summary", "--debug")])
def test_debug_shows_the_traceback_before_or_after_the_command(bayescale, tmp_path, words):
    result = bayescale(*words, tmp_path / "none.nc")
    assert result.code == 2
    assert "Traceback (most recent call last)" in result.err
    assert "StoreError" in result.err


def test_an_unexpected_error_is_called_a_bug_and_exits_3(bayescale, monkeypatch):
    from bayescale import laws

    def broken(law):
        raise KeyError("surprise")

    monkeypatch.setattr(laws, "law_record", broken)
    result = bayescale("laws")
    assert result.code == 3
    assert result.err.startswith("internal error: KeyError: 'surprise'; run the command with --debug")


def test_coded_warnings_are_single_lines_on_stderr(bayescale, tmp_path, frame):
    import pandas as pd

    path = tmp_path / "twice.csv"
    pd.concat([frame, frame.iloc[:1]]).to_csv(path, index=False)
    result = bayescale("fit", path, "--pooling", "some", "--out", tmp_path / "fit.nc")
    lines = result.err.splitlines()
    assert any(line.startswith("warning [duplicate-rows]: ") for line in lines)
    assert len(lines) == len(set(lines))
    assert not any(".py:" in line for line in lines)


def _process(*words, **more):
    return subprocess.run(
        [sys.executable, "-m", "bayescale", *map(str, words)], capture_output=True, text=True, timeout=120, **more
    )


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["fit", "--help"], ["allocate", "--help"]])
def test_help_and_version_import_neither_jax_nor_pandas(words):
    code = (
        "import sys\nfrom bayescale.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'jax', 'numpyro', 'pandas', 'numpy', 'matplotlib', 'arviz'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_no_command_says_where_to_begin_and_exits_2():
    done = _process()
    assert done.returncode == 2
    assert "allocate" in done.stdout + done.stderr


def test_a_reader_that_leaves_causes_no_complaint():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "bayescale", "datasets", "pile-families"],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


def test_an_interrupt_exits_130_with_one_word(bayescale, monkeypatch):
    from bayescale import laws

    def interrupted(law):
        raise KeyboardInterrupt

    monkeypatch.setattr(laws, "law_record", interrupted)
    result = bayescale("laws")
    assert (result.code, result.out, result.err) == (130, "", "interrupted\n")
