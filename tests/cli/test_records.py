"""Records on stdout have the columns, the order and the types that the documentation says."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

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
