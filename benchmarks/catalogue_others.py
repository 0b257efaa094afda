"""Tables for the laws of other inputs than size, tokens and compute; simulated ones where no runs are public."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from catalogue_cases import Case
from tables import registered

import bayescale as bs

SIZES, TOKENS = (2e7, 1e8, 5e8, 2e9), (4e9, 2e10, 1e11)
ADDITIVE = {"E": 1.6, "A": 0.4, "B": 0.4, "alpha": 0.35, "beta": 0.35, "N0": 2e8, "D0": 2e10}
PAIR = ("fineweb-100b", "starcoder")


def pairs() -> bs.Runs:
    """Losses of two corpora at the same size and budget."""
    table = registered("loss-to-loss").table
    table = table.assign(budget=table["budget"].astype(float))
    wide = table.pivot(index=["params", "budget"], columns="family", values="loss")[list(PAIR)].dropna()
    return bs.read_runs(wide.set_axis(["source_loss", "loss"], axis=1), law="loss-to-loss")


def both_losses() -> bs.Runs:
    """The same two corpora, a row for every loss."""
    table = registered("loss-to-loss").table
    table = table[table["family"].isin(PAIR)]
    table = table.assign(is_target=(table["family"] == PAIR[1]).astype(float))
    return bs.read_runs(table[["params", "tokens", "is_target", "loss"]], law="loss-to-loss-joint")


def routed(technique: str) -> bs.Runs:
    """Clark et al.'s last checkpoints of one technique, and of the dense models."""
    table = registered("routing").select([technique, "Dense"]).table
    return bs.read_runs(table[["params", "experts", "loss"]], law="routing")


def simulated(law: bs.Law, **design: tuple[float, ...]) -> bs.Runs:
    """Every combination of a design, with 0.3 % of scatter."""
    grid = pd.DataFrame(list(itertools.product(*design.values())), columns=list(design)).astype(float)
    return bs.read_runs(bs.simulate(law, grid, sigma=0.003, seed=3), law=type(law))


def transfer() -> bs.Runs:
    """Runs from scratch and from a trained model."""
    law = bs.laws.EffectiveTransfer(**ADDITIVE | {"D0": 3e8}, k=1.5, alpha_T=0.2, beta_T=0.4)
    return simulated(law, params=SIZES, finetune_tokens=(1e7, 1e8, 1e9, 1e10), is_pretrained=(0, 1))


def granular() -> bs.Runs:
    law = bs.laws.ExpertsGranularity(**ADDITIVE, g=0.3, gamma=0.6)
    return simulated(law, params=SIZES, tokens=TOKENS, granularity=(1, 2, 4, 16))


def expert_counts() -> bs.Runs:
    law = bs.laws.ExpertsJoint(**ADDITIVE, delta=-0.12, omega=0.05, gamma=0.01, zeta=0.005, m=60.0)
    return simulated(law, params=SIZES, tokens=TOKENS, experts=(1, 2, 4, 8, 32, 128))


def few_bits() -> bs.Runs:
    law = bs.laws.Precision(**ADDITIVE, gamma_w=2.7, gamma_a=2.2, gamma_kv=0.95)
    few = {"bits_weights": (3, 6, 16), "bits_activations": (4, 16), "bits_kv": (3, 16)}
    return simulated(law, params=SIZES, tokens=TOKENS, **few)


def quantised() -> bs.Runs:
    law = bs.laws.PostTrainingQuantisation(**ADDITIVE, Q=10.0, gamma_P=0.6, gamma_N=0.34, gamma_D=0.5)
    return simulated(law, params=SIZES, tokens=TOKENS, bits_post=(3, 4, 5, 16))


def mixtures() -> bs.Runs:
    """18 random mixtures of three domains."""
    weights = np.random.default_rng(1).dirichlet([1, 1, 1], 18)
    table = pd.DataFrame(weights, columns=bs.laws.DataMixing.inputs())
    law = bs.laws.DataMixing(Y=2.9, f=0.62, g_web=-0.15, g_books=-0.06)
    return bs.read_runs(bs.simulate(law, table, sigma=0.003, seed=3), law="data-mixing")


CORPORA = "loss-to-loss, FineWeb to StarCoder"
OTHERS: tuple[Case, ...] = (
    Case("loss-offset", CORPORA, pairs),
    Case("loss-to-loss", CORPORA, pairs),
    Case("loss-to-loss-joint", CORPORA, both_losses),
    Case("effective-transfer", "simulated", transfer),
    *(Case("routing", f"routing, {name} and dense", lambda n=name: routed(n)) for name in ("S-Base", "RL-R", "Hash")),
    Case("experts-granularity", "simulated", granular),
    Case("experts-joint", "simulated", expert_counts),
    Case("precision", "simulated", few_bits),
    Case("post-training-quantisation", "simulated", quantised),
    Case("data-mixing", "simulated", mixtures),
)
