"""The path of compute-optimal sizes from interpolated IsoFLOP curves, with the scatter of budgets about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.interpolate import Akima1DInterpolator

from bayescale.data import Runs
from bayescale.inference.path_posterior import draw_path
from bayescale.inference.settings import check_seed, seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import DataError, SettingsError

# Akima's interpolation needs an end slope on either side; with fewer sizes a curve is two lines.
FEWEST_SIZES, FEWEST_BUDGETS = 3, 3
# Points of each curve at which its minimum is looked for: a thousandth of a decade of size for the widest curves.
POINTS = 2000
# Between budgets that are a factor of two apart this is no budget; interpolated as one, its losses would fall with C.
WIDEST_BUDGET = 1.1
# A budget whose lowest loss is at its smallest or largest size in more replicates than this has no bottom to find.
MOST_AT_EDGE = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class IsoFLOPPath:
    """The posterior of N* = k (C / C0)^a, from the minimum of each budget.

    Args:
        minima: one row per budget: budget, compute (FLOP, geometric mean), sizes, params (the minimum), log_sd (of
            log params, from the noise of the losses), at_edge (share of replicates whose minimum is at an end), used.
        draws: a, b, k (parameters at C0) and scatter (sd of log N* of a budget about the path) over chain, draw.
        compute: C0 in FLOP, the geometric mean of the budgets used.
    """

    minima: pd.DataFrame
    draws: xr.Dataset
    compute: float

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval of each quantity.

        Args:
            prob: probability of the interval, in (0, 1).
        """
        rows = []
        for name, values in self.draws.items():
            median, lower, upper = interval(values, check_prob(prob), axis=(0, 1))
            unit = values.attrs["units"]
            rows.append([name, values.attrs["long_name"], unit, prob, float(median), float(lower), float(upper)])
        return pd.DataFrame(rows, columns=["quantity", "meaning", "unit", "prob", "median", "lower", "upper"])

    def __repr__(self) -> str:
        used = int(self.minima["used"].sum())
        head = f"IsoFLOP path from {used} of {len(self.minima)} budgets, C0 = {self.compute:.4g} FLOP"
        return f"{head}\n{self.table().to_string(index=False)}"


def isoflop_path(
    runs: Runs, *, noise: float = 0.001, replicates: int = 400, draws: int = 4000, seed: int = 0
) -> IsoFLOPPath:
    """Find the best size of each budget by interpolation, and the power law of compute that these scatter about.

    Losses of a budget are interpolated over log size (Akima), which supposes no shape of the valleys and no frontier;
    replicates with noise say how well each minimum is known. The minima are then normal about a power law, with a
    scatter that is estimated. Checkpoints of one run err together: where the table has a column ``run``, its rows with
    the same value share their noise. Intervals are rather too wide: replicates add noise to losses that have theirs.

    Args:
        runs: with a column ``budget``, some sizes at each, on both sides of the best one.
        noise: sd of log loss from seeds; 0.001 is 0.1 %, in the range of healthy seeds. Rows with ``loss_se`` have
            theirs besides.
        replicates: of the losses.
        draws: of the posterior.
        seed: of both.

    Returns:
        an :class:`IsoFLOPPath`.

    Raises:
        DataError: no column ``budget``, budgets whose runs differ in compute, several families, or fewer than three
            budgets with a minimum inside.
        SettingsError: noise or counts that are not positive, no seed.

    References:
        porian2024resolving, hoffmann2022training
    """
    _check(runs, noise, replicates, draws)
    rng = np.random.default_rng(seed_for(check_seed(seed), "isoflop path"))
    table = runs.table.assign(noise=_noise(runs.table, noise, replicates, rng))
    found = [_minimum(budget, rows) for budget, rows in table.groupby("budget", sort=False)]
    minima = pd.DataFrame([record for record, _ in found]).sort_values("compute", ignore_index=True)
    used = minima[minima["used"]]
    if len(used) < FEWEST_BUDGETS:
        raise DataError(
            f"A path needs {FEWEST_BUDGETS} budgets whose lowest loss is inside their range of sizes, got {len(used)} "
            f"of {len(minima)}: add smaller or larger sizes at the others."
        )
    center = float(np.exp(np.log(used["compute"]).mean()))
    log_compute = np.log(used["compute"].to_numpy() / center)
    errors = {record["budget"]: error for record, error in found}
    covariance = np.cov(np.stack([errors[budget] for budget in used["budget"]]))
    path = draw_path(log_compute, np.log(used["params"].to_numpy()), covariance, draws, rng)
    return IsoFLOPPath(minima, _labelled(path), center)


def _check(runs: Runs, noise: float, replicates: int, draws: int) -> None:
    if len(runs.families) > 1:
        raise DataError(f"A path is of one family, the runs have {', '.join(runs.families)}; use runs.select(family).")
    for name in ("params", "compute", "loss", "budget"):
        if name not in runs.table:
            raise DataError(f"A path needs the column {name!r}: runs of one budget have the same text in 'budget'.")
    spread = runs.table.groupby("budget")["compute"].agg(lambda c: c.max() / c.min())
    if spread.max() > WIDEST_BUDGET:
        raise DataError(
            f"Runs of one budget must have the same compute, to {100 * (WIDEST_BUDGET - 1):.0f} %; in budget "
            f"{spread.idxmax()!r} it differs by a factor of {spread.max():.3g}. Leave runs off the budget out, or fit "
            "the law 'isoflop', which takes the compute of each run."
        )
    for name, value in (("noise", noise), ("replicates", replicates), ("draws", draws)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
            raise SettingsError(f"{name} must be a positive number, got {value!r}.")


def _noise(table: pd.DataFrame, noise: float, replicates: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Errors of log loss, one array of replicates per row: one per run from seeds, one per row from measuring."""
    run = pd.factorize(table["run"])[0] if "run" in table else np.arange(len(table))
    seeds = noise * rng.standard_normal((run.max() + 1, int(replicates)))[run]
    if "loss_se" in table:
        relative = (table["loss_se"] / table["loss"]).fillna(0.0).to_numpy()[:, None]
        seeds = seeds + relative * rng.standard_normal(seeds.shape)
    return list(seeds)


def _minimum(budget: str, rows: pd.DataFrame) -> tuple[dict[str, Any], np.ndarray]:
    """The size of least loss of one budget, and its log errors in replicates; runs of the same size are averaged."""
    log_loss = np.log(rows["loss"].to_numpy())[:, None] + np.column_stack(
        [np.zeros(len(rows)), np.stack(rows["noise"])]
    )
    sizes, which = np.unique(np.log(rows["params"].to_numpy()), return_inverse=True)
    found = {"budget": budget, "compute": np.exp(np.log(rows["compute"]).mean()), "sizes": len(sizes)}
    if len(sizes) < FEWEST_SIZES:
        return found | {"params": np.nan, "log_sd": np.nan, "at_edge": np.nan, "used": False}, np.zeros(0)
    mean = np.zeros((len(sizes), log_loss.shape[1]))
    np.add.at(mean, which, log_loss)
    grid = np.linspace(sizes[0], sizes[-1], POINTS)
    lowest = Akima1DInterpolator(sizes, mean / np.bincount(which)[:, None])(grid).argmin(axis=0)
    inside = (lowest > 0) & (lowest < POINTS - 1)
    at_edge = 1.0 - float(inside[1:].mean())
    used = bool(inside[0]) and at_edge <= MOST_AT_EDGE
    minima = grid[lowest[1:]]
    # Replicates with a minimum at an end say nothing of where it is; as the mean of the others they add no error.
    error = np.where(inside[1:], minima - minima[inside[1:]].mean(), 0.0) if used else np.zeros(0)
    log_sd = float(error[inside[1:]].std()) if used else np.nan
    params = float(np.exp(grid[lowest[0]]))
    return found | {"params": params, "log_sd": log_sd, "at_edge": at_edge, "used": used}, error


def _labelled(path: dict[str, np.ndarray]) -> xr.Dataset:
    meaning = {
        "a": ("exponent of compute-optimal size in compute", ""),
        "b": ("exponent of compute-optimal tokens in compute", ""),
        "k": ("compute-optimal size at C0", "parameters"),
        "scatter": ("sd of log best size of a budget about the path", ""),
    }
    return xr.Dataset(
        {
            name: (("chain", "draw"), path[name][None], {"long_name": text, "units": unit})
            for name, (text, unit) in meaning.items()
        }
    )
