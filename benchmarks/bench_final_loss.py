"""The final loss of a run predicted from its first third, with three models of the curve."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from final_loss_table import introduction, lines
from jax import Array
from report import write_section
from tables import REAL_DATA
from training_curves import Curve, read_curves

import bayescale as bs
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Tokens
from bayescale.laws import Law

CURVES = REAL_DATA / "learning-curves" / "colpret.npz"


class PowerAndFloor(Law):
    """Loss along a run: a floor, and a power of the tokens."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.9, 0.35), unit="nats/token")
    B: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    beta: Array = parameter("data exponent", prior=LogNormal(0.4, 0.5))
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, D: Tokens) -> Loss:
        return self.E + self.B * (D / self.D0) ** -self.beta

    @staticmethod
    def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
        E, B, beta = logs
        return E.__array_namespace__().logaddexp(E, B), B + beta, beta

    @staticmethod
    def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        level, slope, beta = coordinates
        xp = level.__array_namespace__()
        floor = xp.log1p(-xp.exp(slope - beta - level))
        return (level + floor, slope - beta, beta), -floor


# Draws that are kept of each prediction.
KEPT = 1000
# Of the run, where the loss is predicted.
PARTS = (0.5, 0.75, 1.0)
MODELS: dict[str, tuple[Any, str | None]] = {
    "power and floor, independent": (PowerAndFloor, None),
    "power and floor, OU": (PowerAndFloor, "ou"),
    "annealing, OU": ("annealing", "ou"),
}


def predicted(curve: Curve, law: Any, residuals: str | None, at: list[int]) -> tuple[np.ndarray, str]:
    """Draws of the log of some rows' loss given those of the first third, row x draw, and the engine that ran."""
    later = curve.table(np.array(at))
    runs = bs.read_runs(curve.table(curve.early()), law=law)
    inputs = {name: later[name].to_numpy() for name in bs.laws.find_law(law).inputs()}
    try:
        fit = bs.fit(law, runs, residuals=residuals, draws=1000, engine="instant")
    except bs.FitError:
        # The annealing term without decay in the data is its prior's: NUTS takes minutes over such a posterior.
        if law == "annealing":
            raise
        fit = bs.fit(law, runs, residuals=residuals, draws=250, max_tree_depth=8, engine="nuts")
    if residuals is None:
        made = bs.predict(fit, discrepancy=None, **inputs)
    else:
        made = bs.continue_run(fit, curve.name, **inputs | {"tokens": later["tokens"].to_numpy()})
    draws = made.draws["loss"].to_numpy().reshape(-1, len(at))
    # A law that has fallen below zero there says: lower than anything.
    kept = draws[np.linspace(0, len(draws) - 1, KEPT).astype(int)].T
    return np.log(np.nan_to_num(kept, nan=1e-9, posinf=1e9)), fit.record["engine"]["name"]


def predict_all(curves: list[Curve], path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """One row per curve, model and place that is predicted, and the draws of each row, also as a growing file."""
    rows, draws = [], []
    for curve in curves:
        at = [int(np.abs(curve.tokens - part * curve.tokens[-1]).argmin()) for part in PARTS]
        for name, (law, residuals) in MODELS.items():
            try:
                found, engine = predicted(curve, law, residuals, at)
            except bs.FitError as error:
                print(curve.name, name, error, flush=True)
                continue
            for part, row, drawn in zip(PARTS, at, found, strict=True):
                about = {"curve": curve.name, "group": curve.group, "model": name, "part": part, "engine": engine}
                rows.append({**about, "truth": float(curve.loss[row])})
                draws.append(drawn)
        table = pd.DataFrame(rows)
        np.savez(path, draws=np.array(draws), **{name: table[name].to_numpy(str) for name in table})
        print(curve.name, flush=True)
    return pd.DataFrame(rows), np.array(draws)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=CURVES, help="colpret.npz")
    parser.add_argument("--rows", type=Path, default=Path("final_loss.npz"), help="where the rows of all curves go")
    parser.add_argument("--every", type=int, default=1, help="use every k-th curve only")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", bs.DataWarning)
    warnings.simplefilter("ignore", bs.SettingsWarning)
    curves, left = read_curves(chosen.file)
    table, draws = predict_all(curves[:: chosen.every], chosen.rows)
    found = lines(table, draws)
    print("\n".join(found))
    if chosen.every == 1:
        write_section("Final loss of a run from its first third", [introduction(table, left), "", *found])


if __name__ == "__main__":
    main()
