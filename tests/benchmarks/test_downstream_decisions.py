"""The benchmark of decisions by task error: which scale is the largest, and how decisions are counted."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "downstream_decisions.py"
if not PATH.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)


@pytest.fixture(scope="module")
def study():
    """The script as a module, its neighbours beside it."""
    spec = importlib.util.spec_from_file_location("benchmarks_downstream_decisions", PATH)
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    sys.path.insert(0, str(PATH.parent))
    try:
        spec.loader.exec_module(made)
    finally:
        sys.path.remove(str(PATH.parent))
    return made


def test_the_largest_scale_is_one_that_all_corpora_have(study):
    rows = [
        ("web", 1e8, 2e9, 0.6), ("code", 1e8, 2e9, 0.7), ("web", 1e9, 2e10, 0.5), ("code", 1e9, 2e10, 0.45),
        ("web", 2e9, 1e10, 0.4), ("code", 2e9, 1e10, 0.41), ("web", 1e11, 2e12, 0.2),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["family", "params", "tokens", "error"])
    table["cell"] = [f"{n} {d}" for n, d in zip(table["params"], table["tokens"], strict=True)]
    # 1e11 parameters are of one corpus alone; of the two sizes of the next compute the one of less error in the mean.
    assert study.at_scale(table) == (2e9, 1e10, {"web": 0.4, "code": 0.41})


def test_decisions_are_counted_by_pairs(study):
    pairs = pd.DataFrame(
        {
            "data": "runs", "measure": "tasks", "wins": [0.9, 0.6, 0.2], "truth": [1.0, 0.0, 0.0],
            "ranking": [1.0, 1.0, 1.0], "apart": [0.1, 0.01, 0.1],
        }
    )  # fmt: skip
    one, together, close = study.decision_rows(pairs)
    assert one[2:] == ["3", "2", "67%", "33%", "0.137", "0.667", "77%"]
    assert together[2:] == one[2:]
    assert close[2:7] == ["1", "1", "0%", "0%", "0.360"]
