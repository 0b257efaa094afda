"""Step Law's surface against the authors' draws and the best runs of the public grid: prints tables.

python benchmarks/step_law_table.py [--parts one nd scatter]

``one``: a surface of all cells. ``nd``: a batch size that may fall with size and a floor of its own for each cell,
bounds at 1 %. ``scatter``: floor and best settings of each cell scatter, with 2,000 draws in each of two chains.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from catalogue_cases import settings_grid
from scipy.interpolate import LinearNDInterpolator
from tables import REAL_DATA

import bayescale as bs

CELL = ["params", "tokens"]
AUTHORS = "li2025predictable"
# Our names, the authors' in the order of their columns, and whether their column is a log.
NAMES = {"eta_1": True, "a_N": False, "a_D": False, "B_1": True, "b_D": False}
SETTINGS = {"noise": "censored", "seed": 0, "chains": 2, "draws": 400, "warmup": 250, "target_accept": 0.9}
EDGES = np.linspace(0.5, 0.999, 500)


def authors() -> pd.DataFrame:
    """The authors' 1,000 bootstrap draws, constants as logs."""
    file = REAL_DATA / "step-law" / "1004_fitted_lr_bs_scaling_model_parameters.csv"
    return pd.read_csv(file).set_axis(list(NAMES), axis=1)


def fitted(law: str, excess: float, *, cells: bool = False, **settings: object) -> bs.Fit:
    """A surface fitted to the grid, with bounds from ``excess`` above the best of a cell on."""
    table = bs.censor(settings_grid(), excess=excess)
    if cells:
        table["cell"] = table["params"].map("{:.0f}".format) + "/" + table["tokens"].map("{:.0f}".format)
    runs = bs.read_runs(table, law=law, group="cell" if cells else None, params_convention="non_embedding")
    return bs.fit(law, runs, **SETTINGS | settings)


def misses(settings: pd.DataFrame) -> np.ndarray:
    """How far the loss at the settings is above the best of each cell in per cent, interpolated between its runs."""
    chosen = settings.pivot(index=CELL, columns="setting", values="median")
    found = []
    for cell, runs in settings_grid().groupby(CELL):
        loss = LinearNDInterpolator(np.log(runs[["lr", "batch_tokens"]]), np.log(runs["loss"]))
        found.append(float(loss(*np.log(chosen.loc[cell, ["lr", "batch_tokens"]]))) - np.log(runs["loss"].min()))
    return 100 * np.expm1(found)


def settings_of(source: bs.Fit | str) -> pd.DataFrame:
    """Best settings of every cell, of a fit or of a paper."""
    cells = settings_grid()[CELL].drop_duplicates()
    return bs.hyperparameters(source, params=cells["params"].to_numpy(), tokens=cells["tokens"].to_numpy()).table()


def overlaps(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The least probability at which the central intervals of two sets of draws overlap."""
    low, high = (np.array([np.quantile(x, (1 - EDGES) / 2), np.quantile(x, (1 + EDGES) / 2)]) for x in (ours, theirs))
    touching = (low[0] < high[1]) & (high[0] < low[1])
    return float(EDGES[touching.argmax()]) if touching.any() else 1.0


def interval(draws: np.ndarray) -> str:
    return "{1:.3g} ({0:.3g} to {2:.3g})".format(*np.quantile(draws, [0.05, 0.5, 0.95]))


def coefficients(fit: bs.Fit) -> None:
    """Print the five coefficients beside the authors'."""
    theirs = authors()
    print("| coefficient | ours, median (90 %) | the authors' | overlap from |\n|---|---|---|---|")
    for name, log in NAMES.items():
        population = f"{name}_population"
        draws = fit.posterior[population if population in fit.posterior else name].to_numpy().ravel()
        draws = np.log(draws) if log else draws
        shown = interval(draws), interval(theirs[name].to_numpy()), overlaps(draws, theirs[name].to_numpy())
        print(f"| {'log ' * log}{name} | {shown[0]} | {shown[1]} | {100 * shown[2]:.0f} % |", flush=True)


def about(name: str, fit: bs.Fit) -> None:
    """Print how sampling went and how far the best settings are from the best run of each cell."""
    failed = ", ".join(check.name for check in fit.checks.failed) or "none"
    ess = min(check.value for check in fit.checks.checks if check.name.startswith("ess"))
    print(f"{name}: {fit.engine}; failing checks: {failed}; min ESS {ess:.0f}", flush=True)
    _say(name, misses(settings_of(fit)))


def _say(name: str, found: np.ndarray) -> None:
    print(f"{name}: {found.max():.3f} % above the best at most, within 0.2 % in {(found < 0.2).sum()} of {len(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=("one", "nd", "scatter"), default=("one", "nd", "scatter"))
    parts = parser.parse_args().parts
    warnings.simplefilter("ignore", bs.DataWarning)
    _say("the authors' constants", misses(settings_of(AUTHORS)))
    if "one" in parts:
        fit = fitted("step-law", 0.02)
        coefficients(fit)
        about("one surface", fit)
    if "nd" in parts:
        fit = fitted("step-law-nd", 0.01, cells=True, pooling={"default": "complete", "L_0": "partial"})
        about("floors of cells, batch by size", fit)
        print(f"b_N: {interval(fit.posterior['b_N'].to_numpy())}")
    if "scatter" in parts:
        partial = {"default": "complete", "L_0": "partial", "eta_0": "partial", "B_0": "partial"}
        fit = fitted("step-law", 0.02, cells=True, pooling=partial, draws=2000)
        coefficients(fit)
        about("cells that scatter", fit)


if __name__ == "__main__":
    main()
