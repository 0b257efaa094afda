"""What the README promises: its Python runs as printed, and its commands and options exist."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

import bayescale as bs
from bayescale.cli.app import app

README = Path(__file__).parents[2] / "README.md"
if not README.exists():
    pytest.skip("the README is not beside these tests", allow_module_level=True)
TEXT = README.read_text(encoding="utf-8")
VERBS = set(typer.main.get_command(app).commands)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The words after ``bayescale`` of every command in a shell block or between backticks."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    spans = re.findall(r"`(bayescale [^`]+)`", TEXT)
    found = [re.match(r"(?:\.venv/bin/)?bayescale (.*)", line) for line in lines + spans]
    return [shlex.split(match[1], comments=True) for match in found if match]


def test_the_readme_has_one_python_block_and_the_five_commands():
    assert len(blocks("python")) == 1
    assert {"fit", "check", "summary", "predict", "allocate"} <= {words[0] for words in commands()}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_of_the_readme_exists(words):
    verb = words[0]
    assert verb in VERBS
    shown = CliRunner().invoke(app, [verb, "--help"])
    assert shown.exit_code == 0
    options = set(re.findall(r"--[a-z][a-z-]*", shown.output))
    assert {word for word in words if word.startswith("--")} <= options


def test_options_named_in_the_text_exist():
    shown = [CliRunner().invoke(app, [verb, "--help"]).output for verb in VERBS]
    known = set(re.findall(r"--[a-z][a-z-]*", " ".join([*shown, CliRunner().invoke(app, ["--help"]).output])))
    spans = " ".join(re.findall(r"`([^`\n]+)`", TEXT))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", spans)) <= known


def test_the_python_block_calls_what_exists_with_arguments_that_exist():
    tree = ast.parse(blocks("python")[0])
    called = {"fit": bs.fit, "predict": bs.predict, "allocate": bs.allocate}
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "bs":
            assert hasattr(bs, node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in called:
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "bs"):
                continue
            keywords = {keyword.arg: None for keyword in node.keywords}
            inspect.signature(called[node.func.attr]).bind(*node.args, **keywords)
            seen.add(node.func.attr)
    assert seen == set(called)


def test_files_and_headings_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    headings = {
        re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    for link in links:
        if link.startswith("#"):
            assert link[1:] in headings
        elif not link.startswith("http"):
            assert (README.parent / link).exists(), link


@pytest.mark.slow
def test_the_python_block_runs_as_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("Fit of chinchilla to 30 runs, 6 families")
    assert "(new family)" in printed and "tokens_per_param" in printed
    assert (tmp_path / "pile.nc").exists()
