"""A table of millions of checkpoints with a known truth, simulated by the package's own model, as a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.evaluate import replicates
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import AR1, Normal, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.names import FAMILY

# The population: medians of the law's parameters at 1e9 parameters and 2e10 tokens, and sds of their logs.
POPULATION = {"E": (1.8, 0.12), "A": (0.45, 0.25), "B": (0.40, 0.25), "alpha": (0.34, 0.12), "beta": (0.36, 0.12)}
SIGMA, SIGMA_SD, RHO = 0.01, 0.3, 0.8
FEW, MANY = 0.4, 1.6


class Truth(NamedTuple):
    """What a table was simulated from.

    Args:
        laws: of every family, at anchors of 1e9 parameters and 2e10 tokens.
        sigma: noise scale of every family.
        rho: correlation of residuals from checkpoint to checkpoint.
    """

    laws: dict[str, Chinchilla]
    sigma: dict[str, float]
    rho: float


def draw_truth(families: int, seed: int = 0) -> Truth:
    """Families scattered around a population."""
    rng = np.random.default_rng(seed)
    laws, sigma = {}, {}
    for i in range(families):
        values = {name: middle * np.exp(sd * rng.standard_normal()) for name, (middle, sd) in POPULATION.items()}
        laws[f"family-{i:02d}"] = Chinchilla(**values, N0=1e9, D0=2e10)
        sigma[f"family-{i:02d}"] = SIGMA * float(np.exp(SIGMA_SD * rng.standard_normal()))
    return Truth(laws, sigma, RHO)


def design(rows: int, families: int, curves: int, seed: int = 0) -> pd.DataFrame:
    """Checkpoints evenly spaced in tokens from a tenth of each run to its end; lengths of curves differ fourfold."""
    rng = np.random.default_rng(seed + 1)
    share = rng.uniform(FEW, MANY, curves)
    lengths = np.maximum(2, np.round(rows * share / share.sum()).astype(int))
    family = np.sort(rng.integers(0, families, curves))
    family[:families] = np.arange(families)
    family = np.sort(family)
    params = 10 ** rng.uniform(7.5, 10.5, curves)
    ends = params * 10 ** rng.uniform(0.8, 2.3, curves)
    part = np.concatenate([np.linspace(0.1, 1.0, count) for count in lengths])
    return pd.DataFrame(
        {
            "family": pd.Categorical.from_codes(
                np.repeat(family, lengths), [f"family-{i:02d}" for i in range(families)]
            ),
            "run": pd.Categorical.from_codes(
                np.repeat(np.arange(curves), lengths), [f"run-{i}" for i in range(curves)]
            ),
            "params": np.repeat(params, lengths),
            "tokens": np.repeat(ends, lengths) * part,
        }
    )


def simulate_table(rows: int, families: int, curves: int, seed: int = 0) -> tuple[pd.DataFrame, Truth]:
    """The design with losses: the law's, times residuals that follow each other along each run."""
    truth, table = draw_truth(families, seed), design(rows, families, curves, seed)
    table["loss"] = 1.0
    runs = read_quietly(table)
    anchors = design_anchors(Chinchilla, runs)
    layout = lay_out(Chinchilla, runs, None, anchors, Normal, AR1)
    model = build_model(Chinchilla, noise=Normal, pooling=Pooling("partial"), n_families=families, residuals=AR1)
    with computing():
        drawn = replicates(
            model, unconstrained(model, truth, layout.families, anchors), layout.arrays, jax.random.key(seed)
        )
        table["loss"] = np.exp(np.asarray(drawn)[0][layout.position])
    return table, truth


def unconstrained(model: bs.models.Model, truth: Truth, families: tuple[str, ...], anchors: dict) -> dict:
    """The truth as one draw of what the model samples, at the anchors of a table."""
    found = []
    for name in families:
        law = truth.laws[name]
        at = {
            "E": law.E,
            "A": law.A * (anchors["N0"] / 1e9) ** -law.alpha,
            "B": law.B * (anchors["D0"] / 2e10) ** -law.beta,
            "alpha": law.alpha,
            "beta": law.beta,
        }
        found.append(np.log([float(at[p.name]) for p in model.partial_law]))
    own = np.asarray(jax.vmap(model.pool)(np.array(found)))
    sigma = np.log([truth.sigma[name] for name in families])
    return {FAMILY: own[None], "sigma_family": sigma[None], "rho": np.array([np.log(truth.rho / (1 - truth.rho))])}


def write_table(path: Path, rows: int, families: int, curves: int, seed: int = 0) -> Truth:
    """Simulate a table into a Parquet file."""
    table, truth = simulate_table(rows, families, curves, seed)
    table.to_parquet(path, index=False)
    return truth
