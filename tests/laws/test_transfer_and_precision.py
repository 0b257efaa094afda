"""What earlier training is worth, and what few bits cost: the papers' formulas and their domains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import Chinchilla, EffectiveTransfer, PostTrainingQuantisation, Precision

CHINCHILLA = Chinchilla(E=1.7, A=400.0, B=1500.0, alpha=0.35, beta=0.36)


def test_transfer_adds_effective_tokens_to_those_of_fine_tuning():
    """L(N, D_F + k D_F^alpha N^beta)."""
    law = EffectiveTransfer(**CHINCHILLA.values, k=2e4, alpha_T=0.18, beta_T=0.38)
    N, D = 1e8, 1e7
    transferred = 2e4 * D**0.18 * N**0.38
    assert law.transferred(N, D) == pytest.approx(transferred, rel=1e-12)
    assert transferred > 10 * D
    found = law.at(params=N, finetune_tokens=D, is_pretrained=1.0)
    assert found == pytest.approx(CHINCHILLA(N, D + transferred), rel=1e-12)
    assert law.at(params=N, finetune_tokens=D, is_pretrained=0.0) == pytest.approx(CHINCHILLA(N, D), rel=1e-12)


def test_transfer_without_fine_tuning_is_refused():
    table = pd.DataFrame({"params": [1e8] * 4, "finetune_tokens": [0, 1e7, 1e8, 1e9], "loss": [3.0, 2.9, 2.8, 2.7]})
    with pytest.warns(bs.DataWarning):
        runs = bs.read_runs(table.assign(is_pretrained=1), law="effective-transfer")
    with pytest.raises(bs.BayescaleError, match="finetune_tokens"):
        bs.fit("effective-transfer", runs, seed=0)


def test_a_run_starts_from_a_trained_model_or_it_does_not():
    table = pd.DataFrame({"params": [1e8] * 3, "finetune_tokens": [1e7, 1e8, 1e9], "loss": [2.9, 2.8, 2.7]})
    with pytest.raises(bs.DataError, match=r"row 3, is_pretrained: '0\.3' is neither 0 \(no\) nor 1 \(yes\)"):
        bs.read_runs(table.assign(is_pretrained=[0, 1, 0.3]), law="effective-transfer")


def test_few_bits_take_a_share_of_the_size():
    """N_eff = N (1 - e^(-P_w/g_w)) (1 - e^(-P_a/g_a)) (1 - e^(-P_kv/g_kv))."""
    law = Precision(**CHINCHILLA.values, gamma_w=2.7, gamma_a=2.2, gamma_kv=0.95)
    kept = (1 - np.exp(-4 / 2.7)) * (1 - np.exp(-6 / 2.2)) * (1 - np.exp(-3 / 0.95))
    found = law.at(params=1e9, tokens=2e10, bits_weights=4.0, bits_activations=6.0, bits_kv=3.0)
    assert found == pytest.approx(CHINCHILLA(1e9 * kept, 2e10), rel=1e-12)
    many = law.at(params=1e9, tokens=2e10, bits_weights=64.0, bits_activations=64.0, bits_kv=64.0)
    assert many == pytest.approx(CHINCHILLA(1e9, 2e10), rel=1e-9)


def test_quantising_afterwards_costs_more_the_longer_a_model_was_trained():
    """C_T e^(-P/gamma) D^gamma_D / N^gamma_N; at four bits some number of tokens is best, at 16 none is."""
    law = PostTrainingQuantisation(**CHINCHILLA.values, Q=0.06, gamma_P=0.6, gamma_N=0.34, gamma_D=0.5)
    added = 0.06 * np.exp(-4 / 0.6) * 2e10**0.5 / 1e9**0.34
    assert law.at(params=1e9, tokens=2e10, bits_post=4.0) == pytest.approx(CHINCHILLA(1e9, 2e10) + added, rel=1e-12)
    tokens = np.geomspace(1e9, 1e14, 200)
    four, sixteen = (law.at(params=1e8, tokens=tokens, bits_post=bits) for bits in (4.0, 16.0))
    assert 0 < np.argmin(four) < 199
    assert (np.diff(sixteen) < 0).all()


@pytest.mark.parametrize("column", ["bits_weights", "bits_activations", "bits_kv", "bits_post"])
def test_no_bits_are_refused_with_their_row(column):
    bits = {name: [16, 8, 4] for name in ("bits_weights", "bits_activations", "bits_kv", "bits_post")} | {
        column: [16, 0, 4]
    }
    table = pd.DataFrame({"params": [1e8, 2e8, 4e8], "tokens": [1e9, 2e9, 4e9], "loss": [3.0, 2.9, 2.8], **bits})
    with pytest.raises(bs.DataError, match=rf"row 2, {column}: '0' is not positive"):
        bs.read_runs(table, law="post-training-quantisation" if column == "bits_post" else "precision")
