"""The help of every command: examples that are understood and run, tables that fit, completion, and five lines."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer.main

import bayescale as package
from bayescale.cli.app import app
from bayescale.cli.examples import EXAMPLES, FIVE_LINES
from bayescale.cli.verbs import VERBS

GROUP = typer.main.get_command(app)
LINES = [line for lines in EXAMPLES.values() for line in lines]
# They compile or fit for many seconds each.
SLOW = {"demo", "fit", "backtest", "compare", "review", "report", "batch"}
MARKED = [pytest.param(line, marks=pytest.mark.slow) if line.split()[1] in SLOW else line for line in LINES]
OWN_LAW = Path(__file__).parents[2] / "examples" / "my_law.py"


def understood(line: str) -> str:
    """Parse an example as its command does, without running it, and return the command's name."""
    program, verb, *words = shlex.split(line)
    GROUP.commands[verb].make_context(verb, words)
    return program


@pytest.mark.parametrize("verb", GROUP.commands)
def test_the_help_of_every_command_ends_with_its_examples(bayescale, verb):
    assert verb in EXAMPLES, f"give {verb} examples in bayescale/cli/examples.py"
    result = bayescale(verb, "--help")
    assert result.code == 0
    assert result.out.rstrip().endswith("\n".join(("Examples:", *(f"    {line}" for line in EXAMPLES[verb]))))


def test_the_list_of_commands_has_a_whole_line_of_each(bayescale, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = bayescale("--help").out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(VERBS)
    assert all(line.endswith(verb.line) and len(line) <= 80 for line, verb in zip(lines, VERBS.values(), strict=True))


def test_examples_fit_80_columns_and_belong_to_commands_that_exist():
    assert set(EXAMPLES) <= set(GROUP.commands)
    assert max(len(line) + 4 for line in LINES) <= 80


@pytest.mark.parametrize("line", LINES + [line for line, _ in FIVE_LINES])
def test_every_example_is_understood(line):
    assert understood(line) == "bayescale"


def test_an_example_with_a_word_that_does_not_exist_is_noticed():
    with pytest.raises(Exception, match="No such option"):
        understood("bayescale check fit.nc --colour")


@pytest.mark.parametrize("line", MARKED)
def test_every_example_runs_and_its_table_fits_80_columns(
    bayescale, example_files, tmp_path, monkeypatch, passing, line
):
    shutil.copytree(example_files, tmp_path, dirs_exist_ok=True)
    table = pd.read_csv(tmp_path / "runs.csv")
    if "n_params" in line:
        table = table.rename(columns={"params": "n_params", "loss": "val_loss"})
    if "my_laws.py" in line:
        text = OWN_LAW.read_text("utf-8")
        (tmp_path / "my_laws.py").write_text(text.replace("class Frontier", "class MyLaw"), encoding="utf-8")
    table.to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    result = bayescale(*shlex.split(line)[1:])
    # A study says with 1 that fits of it are flagged.
    assert result.code in ((0, 1) if line.split()[1] == "batch" else (0,)), result.err
    assert result.out
    if "--format" not in line and "--latex" not in line:
        # A command to copy stays in one piece, however long its file's name is.
        lines = [shown for shown in result.out.splitlines() if not shown.startswith("  bayescale ")]
        assert [shown for shown in lines if len(shown) > 80] == []


def test_without_a_command_five_lines_say_where_to_begin(bayescale):
    result = bayescale()
    assert (result.code, result.out) == (2, "")
    lines = result.err.splitlines()
    assert [line.split("  ")[1] for line in lines[:5]] == [line for line, _ in FIVE_LINES]
    assert max(map(len, lines)) <= 80
    assert lines[5:] == ["", "All commands: bayescale --help. One of them: bayescale fit --help."]


def run(*words: object, **environment: str) -> str:
    """What a process of its own prints; from where the package is."""
    done = subprocess.run(
        [sys.executable, "-m", "bayescale", *map(str, words)],
        cwd=Path(package.__file__).parents[1],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_shell_completes_commands_and_options():
    bash = {"_BAYESCALE_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    assert run(COMP_WORDS="bayescale f", **bash).split() == [v for v in GROUP.commands if v.startswith("f")]
    zsh = {"_BAYESCALE_COMPLETE": "complete_zsh"}
    assert '"--law"' in run(_TYPER_COMPLETE_ARGS="bayescale fit --la", **zsh)


def test_where_there_is_no_terminal_there_are_no_colours_and_no_progress(fit_nc):
    """Even where a terminal that knows colours is promised."""
    for words in (("summary", fit_nc), ("laws", "chinchilla"), ("--help",)):
        assert "\x1b" not in run(*words, TERM="xterm-256color", COLORTERM="truecolor")


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_titles_of_the_demo_are_bold(tmp_path):
    """Or else the claim above would claim nothing."""
    assert "\x1b[1m[1/7] Data" in _on_a_terminal("demo", "--out", tmp_path / "demo", until="[1/7] Data")


def _on_a_terminal(*words: object, until: str) -> str:
    """What a command prints on a pseudo-terminal, up to some words."""
    import pty

    theirs, ours = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "bayescale", *map(str, words)],
        cwd=Path(package.__file__).parents[1],
        env=os.environ | {"TERM": "xterm-256color"},
        stdin=ours,
        stdout=ours,
        stderr=subprocess.DEVNULL,
    )
    os.close(ours)
    printed = ""
    try:
        while until not in printed and (chunk := os.read(theirs, 4096)):
            printed += chunk.decode("utf-8", "replace")
    finally:
        done.kill()
        done.wait()
        os.close(theirs)
    return printed
