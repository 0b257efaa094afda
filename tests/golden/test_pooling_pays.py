"""With eight runs of a corpus, a hierarchy over six corpora predicts its other runs no worse than no pooling does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

STUDY = Path(__file__).parents[2] / "benchmarks" / "pooling_study.py"
CORPORA = ("fineweb-100b", "fineweb-edu-100b", "proof-pile-2", "slimpajama-chunk1", "smollm-corpus", "starcoder")


@pytest.fixture(scope="module")
def pooling_study():
    spec = importlib.util.spec_from_file_location("pooling_study", STUDY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.golden
@pytest.mark.parametrize("corpus", CORPORA)
def test_partial_pooling_wins_or_ties_the_log_score(corpus, loss_to_loss, pooling_study):
    row = pooling_study.study(loss_to_loss, corpus, warmup=300, draws=500)
    print(row)
    assert pooling_study.wins_or_ties(row), row
