"""What those who carry the project on rely on: one licence, one version, and the same checks everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / ".pre-commit-config.yaml").exists():
    pytest.skip("the checkout is not beside these tests", allow_module_level=True)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_hooks_before_a_commit_are_the_commands_of_make_lint():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    hooks = re.findall(r"^ +entry: (.*)$", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"), re.MULTILINE)
    assert hooks == commands


def test_the_licence_is_the_same_everywhere():
    assert PROJECT["license"] == "Apache-2.0"
    assert "\nlicense: Apache-2.0\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert "Apache-2.0" in (ROOT / "README.md").read_text("utf-8").splitlines()[-1]
    words = (ROOT / "LICENSE").read_text("utf-8").split()
    assert words[:4] == ["Apache", "License", "Version", "2.0,"]


def test_the_version_is_the_same_everywhere():
    version = PROJECT["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "bayescale" / "py.typed").exists()


def test_every_tool_of_the_extras_is_pinned():
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()}
    for extra in ("test", "docs", "dist"):
        names = {re.split(r"[>=\[]", need)[0].lower() for need in PROJECT["optional-dependencies"][extra]}
        assert names <= pinned


def test_ci_runs_what_people_run():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = set(re.findall(r"\$make ([a-z-]+)", script))
    assert {"install", "lint", "docs", "test"} <= called <= targets
