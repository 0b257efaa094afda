"""A law of one's own, as the example and the documentation have it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLE, PAGE = ROOT / "examples" / "my_law.py", ROOT / "docs" / "add_a_law.md"
if not (EXAMPLE.exists() and PAGE.exists()):
    pytest.skip("the example and the documentation are not beside these tests", allow_module_level=True)


def call(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def frontier_csv(tmp_path):
    """Seven budgets over three decades, with a loss that the example describes."""
    law = bs.laws.find_law(f"{EXAMPLE}:Frontier")
    compute = np.geomspace(1e18, 1e21, 7)
    size = (compute / 120) ** 0.5
    design = pd.DataFrame({"params": size, "tokens": 20 * size, "compute": compute})
    path = tmp_path / "frontier.csv"
    bs.simulate(law(E=1.7, K=1900.0, gamma=0.17), design, sigma=0.002, seed=3).to_csv(path, index=False)
    return path


def test_the_command_line_takes_the_example(frontier_csv, tmp_path, capsys):
    out = tmp_path / "fit.nc"
    law = f"{EXAMPLE}:Frontier"
    assert call("fit", frontier_csv, "--law", law, "--out", out, "--seed", "0") == 0
    assert bs.load(out, law=bs.laws.find_law(law)).law.name == "frontier"
    capsys.readouterr()
    assert call("laws", law, "--format", "json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["formula"] == "L(C) = E + K·(C/C₀)^-γ"
    assert record["claims"].startswith("The best loss at a budget")
    assert record["unidentified"] == ""


def test_the_example_is_short_enough_to_copy():
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= 40


def test_the_code_of_the_page_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    scope: dict = {"__name__": "__main__"}
    exec(compile("\n".join(blocks), PAGE.name, "exec", dont_inherit=True), scope)
    assert "gamma" in capsys.readouterr().out
    low, high = np.quantile(scope["fit"].posterior["gamma"], [0.001, 0.999])
    assert low < 0.35 < high


def test_files_that_the_page_names_exist():
    text = PAGE.read_text("utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        assert (PAGE.parent / link).exists(), link
    for path in re.findall(r"`((?:tests|bayescale|examples)/[^`:]*)", text):
        assert (ROOT / path).exists(), path
