"""The forecast of task errors: what is held out, how coverage is counted, and what is certain of the result."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "downstream_study.py"
if not PATH.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
SPEC = importlib.util.spec_from_file_location("benchmarks_downstream_study", PATH)
STUDY = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = STUDY
SPEC.loader.exec_module(STUDY)


@pytest.fixture(scope="module")
def table(real_file) -> pd.DataFrame:
    return STUDY.table_of_runs(real_file(STUDY.FILE).parents[1])


def test_in_every_corpus_the_largest_and_the_most_over_trained_run_are_held_out(table):
    held = table[table["held_out"]]
    assert held.groupby("family")["params"].apply(list).map(len).to_dict() == dict.fromkeys(STUDY.CORPORA.values(), 2)
    # The runs of 1.4B that are left are those of 20 tokens per parameter, as in the paper.
    left = table[~table["held_out"] & (table["params"] > 1e9)]
    np.testing.assert_allclose(left["tokens"] / left["params"], 20, rtol=0.01)


def test_coverage_counts_the_intervals_with_the_value_inside():
    made = pd.DataFrame({"actual": [1.0, 2.0, 3.0], "lower": [0.5, 2.5, np.nan], "upper": [1.5, 3.0, np.nan]})
    assert STUDY.coverage(made) == (1, 2)


def test_the_chain_forecasts_redpajama(table):
    """What is certain whatever the draws are: losses to 2 % and errors to 5 % (sizes of what the paper calls good).

    Its own misses are .7 % in loss and up to 3.6 % in error. Intervals of the chain are wider than with a loss that is
    taken as known.
    """
    made = STUDY.predictions(table[table["family"] == "RedPajama"], corpora=("RedPajama",))
    assert made["measure"].value_counts().to_dict() == {"loss": 2, "46 tasks": 2, "17 tasks": 2}
    off = (made["median"] / made["actual"] - 1).abs()
    assert off[made["measure"] == "loss"].max() < 0.02
    assert off.max() < 0.05
    errors = made[made["measure"] != "loss"]
    assert ((errors["upper"] - errors["lower"]) > (errors["plug_upper"] - errors["plug_lower"])).all()
