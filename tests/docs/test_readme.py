"""What the README promises: its Python runs as printed, and its commands and options exist."""

from __future__ import annotations

import ast
import inspect
import math
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


# The ends of 90 % intervals are 5 % quantiles: at an ESS of 400, the least that passes the checks, their Monte-Carlo sd
# is sqrt(0.05 x 0.95 / 400) / 0.103 posterior sds = 3.2 % of the interval's width of 3.29 sds; medians have half of it.
# Two runs differ by sqrt(2) times as much, and the limit is three sds of that.
MOVES = 3 * 2**0.5 * 0.032
NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e[+-]\d+)?")
# The last cell of some rows, of three words.
LEARNT = re.compile(r"learnt, (\d+) families$")


def same_as_printed(promised: str, printed: str) -> None:
    """Claim that two outputs have the same lines and words, and intervals that differ by Monte-Carlo error only."""
    pairs = list(zip(promised.splitlines(), printed.splitlines(), strict=True))
    header: list[str] = []
    for expected, found in pairs:
        words, seen = (LEARNT.sub(r"learnt-\1", line).split() for line in (expected, found))
        if "median" in words:
            header = words
        # Blank cells (a parameter without a unit) are on the left, so that columns count from the right.
        places = [header.index(name) - len(header) for name in ("median", "lower", "upper")] if header else []
        is_row = bool(places) and len(words) > -places[0] and all(NUMBER.fullmatch(words[place]) for place in places)
        moving = {len(words) + place for place in places} if is_row else set()
        assert len(seen) == len(words), (expected, found)
        assert [w for i, w in enumerate(seen) if i not in moving] == [w for i, w in enumerate(words) if i not in moving]
        if is_row:
            (median, lower, upper), (m, low, high) = ([float(row[at]) for at in places] for row in (words, seen))
            assert low < m < high, found
            for old, new in ((median, m), (lower, low), (upper, high)):
                # All quantities are positive, and some range over decades.
                assert abs(math.log(new / old)) < MOVES * math.log(upper / lower), (expected, found)


def test_the_python_block_runs_as_printed(tmp_path, monkeypatch, capsys, pile_fit):
    """Line by line, with the fit that other tests have made by the same call."""

    def fit(law, runs, *, seed):
        assert (law, runs.sha256, seed) == ("chinchilla", pile_fit.runs.sha256, pile_fit.seed)
        return pile_fit

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bs, "fit", fit)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    same_as_printed(blocks("text")[0], capsys.readouterr().out)
    assert bs.load("pile.nc").seed == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("all 10 checks pass", "all 9 checks pass"),
        ("E nats/token", "E bits/token"),
        (r"(?<=E nats/token   1\.)\d", lambda digit: str((int(digit[0]) + 1) % 10)),
        ("tokens_per_param tokens/parameter", "ratio tokens/parameter"),
        ("3.177966", "3.277966"),
        (r"(?<=run nats/token   0\.9 1\.)\d", lambda digit: str((int(digit[0]) + 1) % 10)),
        ("learnt, 25 families", "learnt, 26 families"),
        ("Compute-optimal plan, Pythia\n", ""),
    ],
)
def test_a_printed_block_that_differs_is_noticed(old, new):
    promised = blocks("text")[0]
    same_as_printed(promised, promised)
    other = re.sub(old, new, promised, count=1)
    assert other != promised
    with pytest.raises((AssertionError, ValueError)):
        same_as_printed(promised, other)
