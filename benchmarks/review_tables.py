"""Simulated tables that review is tried on: right ones, and ones that are wrong in one way each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import bayescale as bs

TRUTH = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
SIGMA = 0.001


def isoflop() -> pd.DataFrame:
    """Thirty-five runs: seven sizes at each of five budgets."""
    rows = [
        {"params": (c / 6 / ratio) ** 0.5, "tokens": (c / 6 * ratio) ** 0.5, "budget": f"{c:.0e}"}
        for c in np.geomspace(1e18, 1e21, 5)
        for ratio in np.geomspace(2, 200, 7)
    ]
    return pd.DataFrame(rows)


def grid() -> pd.DataFrame:
    """Twenty-eight runs: seven sizes, each at four ratios of tokens to parameters."""
    rows = [{"params": n, "tokens": n * ratio} for n in np.geomspace(1e8, 1e10, 7) for ratio in (5, 20, 80, 320)]
    return pd.DataFrame(rows)


def right(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Runs of the law that is fitted, with its noise."""
    return bs.simulate(TRUTH, design, sigma=SIGMA, seed=seed)


def _bent(column: str, size: float) -> Callable[[pd.DataFrame, int], pd.DataFrame]:
    def made(design: pd.DataFrame, seed: int) -> pd.DataFrame:
        runs = right(design, seed)
        x = np.log(runs[column])
        x = (x - x.mean()) / x.std()
        return runs.assign(loss=runs["loss"] * np.exp(size * x**3))

    return made


def _drifting(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The floor rises by one per cent per decade of compute over the upper half of the decades."""
    runs = right(design, seed)
    decades = np.log10(6 * runs["params"] * runs["tokens"])
    above = np.maximum(decades - (decades.min() + decades.max()) / 2, 0.0)
    return runs.assign(loss=runs["loss"] + 0.01 * TRUTH.E * above)


def _sharp_valleys(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Runs away from twenty tokens per parameter lose more than the law says."""
    runs = right(design, seed)
    away = np.log(runs["tokens"] / runs["params"] / 20)
    return runs.assign(loss=runs["loss"] * np.exp(0.003 * away**2))


def _noisy_budget(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The runs of the middle budget scatter ten times as much."""
    runs, names = right(design, seed), design["budget"].unique()
    loud = bs.simulate(TRUTH, design, sigma=10 * SIGMA, seed=seed + 10_000)["loss"]
    return runs.assign(loss=runs["loss"].where(runs["budget"] != names[len(names) // 2], loud))


def _smoothed(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Losses read off a curve: they scatter by a fiftieth of what seeds do."""
    return bs.simulate(TRUTH, design, sigma=6e-6, seed=seed)


def _scattered(design: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Mistuned runs: they scatter by one per cent."""
    return bs.simulate(TRUTH, design, sigma=0.01, seed=seed)


WRONG = {
    "losses bend along params": _bent("params", 0.002),
    "losses bend along tokens": _bent("tokens", 0.002),
    "E rises with compute": _drifting,
    "valleys too curved": _sharp_valleys,
    "one budget is noisy": _noisy_budget,
    "losses read off a curve": _smoothed,
    "runs are mistuned": _scattered,
}
