"""Designs for calibration by simulation: every input of a law, spread evenly over the range of published experiments.

Rows come from a Halton sequence, so that the first rows of a long design are a short one of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm, qmc

import bayescale as bs
from bayescale.laws import Law

ROWS = 36
# The default prior of the noise scale is open to losses that scatter tenfold, which is no table to fit a curve to.
SIGMA = {"sigma": bs.HalfNormal(0.02)}
# Where the declared priors reach to tables that no experiment gives; the same in truths and fits.
NARROWED: Mapping[str, dict[str, bs.Prior]] = {
    # Losses below zero, which have no logarithm: annealing cannot save more than there is.
    "annealing": {"C": bs.LogNormal(1.5, 0.5)},
}


def priors_for(law: type[Law]) -> dict[str, bs.Prior]:
    """Priors that replace the declared ones."""
    return SIGMA | NARROWED.get(law.name, {})


def design(law: type[Law], rows: int = ROWS) -> pd.DataFrame:
    """So many rows of every input of a law."""
    mixture = [name for name in law.inputs() if name.startswith("mix_")]
    if mixture:
        return pd.DataFrame(_weights(len(mixture), rows), columns=mixture)
    table = _every_input(rows)
    return table[list(law.inputs())]


def _weights(domains: int, rows: int) -> np.ndarray:
    """Mixtures of all domains, evenly over the simplex (of exponentials, over their sum)."""
    waits = -np.log1p(-qmc.Halton(domains, seed=1).random(rows))
    return waits / waits.sum(axis=1, keepdims=True)


def _every_input(rows: int) -> pd.DataFrame:
    """Columns for all inputs of the catalogue's laws but mixtures."""
    u = qmc.Halton(10, seed=1).random(rows).T
    compute = _between(u[0], 1e18, 1e21)
    ratio = _between(u[1], 5.0, 100.0)  # tokens per parameter
    params = np.sqrt(compute / 6.0 / ratio)
    tokens = params * ratio
    lr_area = _between(u[0], 3.0, 30.0)
    return pd.DataFrame(
        {
            "params": params,
            "tokens": tokens,
            "compute": compute,
            "unique_tokens": tokens / _between(u[2], 1.0, 40.0),  # epochs
            # Large vocabularies are most of a small model and little of a large one.
            "embedding_params": params * 0.6 / (1.0 + (params / 1e8) ** 0.6) * np.exp(0.2 * norm.ppf(u[2])),
            "step": tokens / 2.0**19 * _between(u[2], 0.1, 1.0),
            "lr": 1e-3 * _between(u[2], 1 / 8, 8.0),
            "batch_tokens": 5e5 * _between(u[3], 1 / 8, 8.0),
            "lr_area": lr_area,
            "annealing_area": 0.06 * lr_area * u[2],
            "examples": _between(u[0], 1e7, 1e10),
            "loss": _between(u[0], 2.0, 4.0),
            "chance": 0.25,
            "source_loss": _between(u[0], 1.8, 4.0),
            "experts": 2.0 ** np.floor(9 * u[2]),
            "granularity": 2.0 ** np.floor(5 * u[2]),
            "finetune_tokens": _between(u[2], 1e7, 1e10),
            "is_target": np.arange(rows) % 2.0,
            "is_pretrained": np.arange(rows) % 2.0,
            "bits_weights": np.array([3.0, 4.0, 6.0, 8.0, 16.0])[(5 * u[2]).astype(int)],
            "bits_activations": np.array([3.0, 4.0, 6.0, 8.0, 16.0])[(5 * u[3]).astype(int)],
            "bits_kv": np.array([3.0, 4.0, 6.0, 8.0, 16.0])[(5 * u[4]).astype(int)],
            "bits_post": np.array([3.0, 4.0, 5.0, 6.0, 16.0])[(5 * u[2]).astype(int)],
        }
    )


def _between(share: np.ndarray, low: float, high: float) -> np.ndarray:
    """Log-uniform values of uniform shares."""
    return low * (high / low) ** share
