"""The final loss of a run predicted from its first third, with three models of the curve."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jax import Array
from final_loss_table import introduction, lines
from report import write_section
from training_curves import Curve, read_curves

import bayescale as bs
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Tokens
from bayescale.laws import Law

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
MODELS: dict[str, tuple[Any, str | None]] = {
    "power and floor, independent": (PowerAndFloor, None),
    "power and floor, OU": (PowerAndFloor, "ou"),
    "annealing, OU": ("annealing", "ou"),
}


def final_draws(curve: Curve, law: Any, residuals: str | None) -> np.ndarray:
    """Draws of the log of the last row's loss given the rows of the first third."""
    last = curve.table(np.array([curve.tokens.size - 1]))
    runs = bs.read_runs(curve.table(curve.early()), law=law)
    inputs = {name: float(last[name].iloc[0]) for name in bs.laws.find_law(law).inputs()}
    fit = bs.fit(law, runs, residuals=residuals, draws=1000, engine="instant")
    if residuals is None:
        made = bs.predict(fit, **inputs)
    else:
        made = bs.continue_run(fit, curve.name, **inputs | {"tokens": float(last["tokens"].iloc[0])})
    draws = made.draws["loss"].to_numpy().ravel()[:: 4000 // KEPT]
    # A law that has fallen below zero there says: lower than anything.
    return np.log(np.nan_to_num(draws, nan=1e-9, posinf=1e9))


def predict_all(curves: list[Curve], path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """One row per curve and model with the reason why there is no fit, if so; and the draws of each row."""
    rows, draws = [], []
    for curve in curves:
        for name, (law, residuals) in MODELS.items():
            row = {"curve": curve.name, "group": curve.group, "model": name, "final": curve.loss[-1], "failed": ""}
            try:
                draws.append(final_draws(curve, law, residuals))
            except bs.FitError as error:
                row["failed"] = str(error)
                draws.append(np.full(KEPT, np.nan))
            rows.append(row)
        np.savez(path, rows=np.array([[str(value) for value in row.values()] for row in rows]), draws=np.array(draws))
    return pd.DataFrame(rows), np.array(draws)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="colpret.npz")
    parser.add_argument("--rows", type=Path, default=Path("final_loss.npz"), help="where the rows of all curves go")
    parser.add_argument("--every", type=int, default=1, help="use every k-th curve only")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore", bs.DataWarning)
    warnings.simplefilter("ignore", bs.SettingsWarning)
    curves, short = read_curves(chosen.file)
    table, draws = predict_all(curves[:: chosen.every], chosen.rows)
    found = lines(table, draws)
    print("\n".join(found))
    if chosen.every == 1:
        write_section("Final loss of a run from its first third", [introduction(len(curves), short), "", *found])


if __name__ == "__main__":
    main()
