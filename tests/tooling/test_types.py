"""Type checkers see what the package hands on, and a program of a user's is checked against it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

import bayescale

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "write_stub.py"
if not SCRIPT.exists():
    pytest.skip("the checkout is not beside these tests", allow_module_level=True)


def test_the_stub_names_what_the_package_hands_on():
    made = runpy.run_path(str(SCRIPT))
    assert made["STUB"].read_text("utf-8") == made["stub"](), "run tools/write_stub.py"
    named = {line.rsplit(" as ", 1)[1] for line in made["stub"]().splitlines() if " as " in line}
    assert named == set(bayescale.__all__)


def test_a_type_checker_follows_the_public_functions(tmp_path, monkeypatch):
    """mypy, strictly, on a program of a user's: the types are known, and a wrong argument is one error."""
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(Path(bayescale.__file__).parents[1]))
    program = tmp_path / "program.py"
    program.write_text(
        "import bayescale as bs\n"
        'runs = bs.read_runs("runs.csv")\n'
        'fit = bs.fit("chinchilla", runs, seed=0)\n'
        "reveal_type(fit)\n"
        "reveal_type(bs.allocate(fit, compute=1e23))\n"
        'bs.fit("chinchilla", runs, seed="zero")\n',
        encoding="utf-8",
    )
    options = ["--strict", "--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary"]
    place = ["--python-executable", sys.executable, "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    printed = api.run([*options, *place, str(program)])[0].splitlines()
    assert [line.split("note: ")[-1] for line in printed if "Revealed" in line] == [
        'Revealed type is "bayescale.inference.fit.Fit"',
        'Revealed type is "bayescale.decisions.allocation.plan.Plan"',
    ]
    errors = [line for line in printed if ": error: " in line]
    assert len(errors) == 1
    assert "program.py:6" in errors[0]
    assert '"seed"' in errors[0]
