"""The weight of embeddings on real runs: that one corpus is enough for it, and what it does to a forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

LAWS = ("chinchilla", "chinchilla-offset", "chinchilla-embedding", "chinchilla-offset-embedding")


@pytest.fixture(scope="module")
def corpus(loss_to_loss) -> pd.DataFrame:
    """The runs on SmolLM's corpus with their embeddings."""
    table = loss_to_loss.select("smollm-corpus").table
    return table[["params", "tokens", "embedding_params", "loss"]].assign(iso_flop=table["budget"].astype(float))


def fitted(law: str, rows: pd.DataFrame) -> bs.Fit:
    fit = bs.fit(law, bs.read_runs(rows.drop(columns="iso_flop")), seed=0)
    fit.check()
    return fit


@pytest.mark.parametrize("law", LAWS[2:])
def test_one_corpus_is_sampled_at_once_and_says_that_embeddings_count_for_less(corpus, law):
    """Point fits of ours have weights of .52 and .36; before there were coordinates for it, no engine got through."""
    fit = fitted(law, corpus)
    assert fit.engine.startswith("instant")
    low, middle, high = np.quantile(fit.posterior["w"], [0.05, 0.5, 0.95])
    assert low < {"chinchilla-embedding": 0.52, "chinchilla-offset-embedding": 0.36}[law] < high
    assert 0.1 < low < middle < 1


def test_the_weight_moves_a_forecast_of_larger_budgets_towards_the_truth(corpus):
    """Without the budget of 4.84e19 FLOP: losses there are predicted too high, and less so with each correction."""
    top = corpus["iso_flop"] == corpus["iso_flop"].max()
    held, bias = corpus[top], {}
    for law in LAWS:
        columns = {name: held[name].to_numpy() for name in ("params", "tokens", "embedding_params")}
        fit = fitted(law, corpus[~top])
        asked = {name: columns[name] for name in fit.law.inputs()}
        predicted = bs.predict(fit, **asked, kind="law", discrepancy=None).draws["loss"]
        bias[law] = float(np.log(predicted.median(("chain", "draw")).to_numpy() / held["loss"].to_numpy()).mean())
    assert bias["chinchilla"] > bias["chinchilla-embedding"] > 0
    assert bias["chinchilla"] > bias["chinchilla-offset"] > bias["chinchilla-offset-embedding"] > 0
