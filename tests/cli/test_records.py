"""Records on stdout have the columns, the order and the types that the documentation says."""

from __future__ import annotations

import io
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import typer.main

from bayescale.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)

TYPES = {
    "text": (str,),
    "number": (float, int),
    "number or null": (float, int, type(None)),
    "integer": (int,),
    "true or false": (bool,),
    "text or null": (str, type(None)),
    "list of texts": (list,),
    "list of records": (list,),
}
# They fit many models.
SLOW = ("compare", "backtest", "review")


def documented() -> dict[str, dict]:
    import runpy

    return runpy.run_path(str(DOCS / "record_columns.py"))


SAID = documented()


def marked(commands):
    return [pytest.param(c, marks=pytest.mark.slow) if c.split()[0] in SLOW else c for c in commands]


@pytest.fixture
def ask(bayescale, example_files, tmp_path, monkeypatch):
    """Run a command in a folder with the files of the examples and return its JSON."""
    shutil.copytree(example_files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)

    def call(command: str):
        result = bayescale(*shlex.split(command), "--format", "json")
        assert result.code in (0, 1), result.err
        return result.records

    return call


@pytest.mark.parametrize("command", marked(SAID["COMMANDS"]))
def test_records_are_as_documented(ask, command):
    records = ask(command)
    assert records
    names = SAID["COMMANDS"][command]
    for record in records:
        assert tuple(record) == names
        for name, value in record.items():
            kinds = TYPES[SAID["column"](command, name)[0]]
            assert type(value) in kinds, (name, value)


# What asks one question inside the data of the examples, whose largest run has 9e20 FLOP, and two beyond them.
INSIDE_AND_BEYOND = {
    "predict": "predict fit.nc --params 1e9 7e9 7e10 --tokens 2e10 2e11 1e12",
    "allocate": "allocate fit.nc --compute 1e20 1e22 1e24",
    "allocate --answer plan": "allocate fit.nc --compute 1e20 1e22 1e24 --answer plan",
    "pareto": "pareto fit.nc --compute 1e20 1e22 1e24 --serve 1e12",
    "arms": "arms fit.nc --compute 1e20 1e22 1e24",
    "arms --answer pairs": "arms fit.nc --compute 1e20 1e22 1e24 --answer pairs",
}


@pytest.mark.parametrize("command", INSIDE_AND_BEYOND.values(), ids=INSIDE_AND_BEYOND)
def test_each_row_has_a_note_of_its_own_distance(ask, bayescale, command):
    records = ask(command)
    for record in records:
        beyond = record["extrapolation"]
        assert record["note"].startswith(f"Extrapolated {beyond:.3g}x in compute; " if beyond > 1 else "")
        assert bool(record["note"]) == (beyond > 1)
    assert len({record["note"] for record in records}) >= 3
    printed = bayescale(*shlex.split(command), "--format", "csv")
    assert pd.read_csv(io.StringIO(printed.out))["note"].fillna("").tolist() == [r["note"] for r in records]


def test_a_table_for_people_tells_the_notes_of_a_few_rows_and_of_many_that_of_the_furthest(ask, bayescale):
    command = shlex.split(INSIDE_AND_BEYOND["predict"])
    (near, far) = (record["note"] for record in ask(INSIDE_AND_BEYOND["predict"])[1:])
    shown = " ".join(bayescale(*command).out.split())
    assert shown.endswith(f"{far.replace('Extrapolated', 'Extrapolated up to')} {near}")
    many = bayescale("predict", "fit.nc", "--params", *range(10**10, 7 * 10**10, 10**10), "--tokens", "1e12")
    assert many.out.count("Extrapolated") == 1


def test_an_input_far_outside_is_noted_in_its_own_row(ask):
    inside, small = ask("predict fit.nc --params 1e9 1e6 --tokens 2e10 2e9")
    assert inside["note"] == ""
    assert small["note"].startswith("params 1e+06 is 50x below the smallest of the data")


@pytest.mark.parametrize("command", marked(SAID["OBJECTS"]))
def test_objects_have_the_documented_keys(ask, command):
    assert tuple(ask(command)) == SAID["OBJECTS"][command]


def test_every_command_with_json_is_documented():
    with_format = {
        name
        for name, command in typer.main.get_command(app).commands.items()
        if any("--format" in parameter.opts for parameter in command.params)
    }
    assert {command.split()[0] for command in (*SAID["COMMANDS"], *SAID["OBJECTS"])} - {"fit"} == with_format
