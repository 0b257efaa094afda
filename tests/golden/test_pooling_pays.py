"""With eight runs of a corpus, a hierarchy over six corpora predicts its other runs no worse than no pooling does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

STUDY = Path(__file__).parents[2] / "benchmarks" / "pooling_study.py"
# Choices of the eight runs that a corpus keeps: the comparison hangs on them more than on anything else.
CHOICES = 5
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
    rows = [
        pooling_study.study(loss_to_loss, corpus, seed=seed, poolings=("none", "partial"), warmup=300, draws=500)
        for seed in range(CHOICES)
    ]
    mean, error = pooling_study.gain(rows)
    print(corpus, f"{mean:+.3f} ({error:.3f}) nats per run", rows)
    assert pooling_study.wins_or_ties(rows), rows


@pytest.mark.slow
@pytest.mark.golden
def test_one_curve_for_all_corpora_does_not_win_or_tie(loss_to_loss, pooling_study):
    """The criterion can tell: the corpora differ, so complete pooling loses by far more than its error."""
    rows = [
        pooling_study.study(loss_to_loss, CORPORA[0], seed=seed, poolings=("none", "complete"), warmup=300, draws=500)
        for seed in range(2)
    ]
    assert not pooling_study.wins_or_ties(rows, "complete"), rows
