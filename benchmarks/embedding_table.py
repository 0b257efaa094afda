"""What an offset of tokens and a weight of embeddings do to forecasts of held-out compute: prints a table.

Posterior modes of each corpus of the loss-to-loss sweep under the declared priors, with the robust loss of point fits
(soft L1 of log losses at 0.3 %), as a posterior of each would take: python benchmarks/embedding_table.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from tables import registered

from bayescale.laws import CATALOGUE, Law

LAWS = ("chinchilla", "chinchilla-offset", "chinchilla-embedding", "chinchilla-offset-embedding")
SCALE = 0.003


def fitted(law: type[Law], rows: pd.DataFrame) -> Law:
    """The law at the mode of its parameters, anchored at the rows' geometric means."""
    center = {a.name: float(np.exp(np.log(rows[law.arguments[a.argument].name]).mean())) for a in law.anchors}
    moments = np.array([p.prior.unconstrained_moments() for p in law.parameters])
    log_loss = np.log(rows["loss"].to_numpy())

    def residuals(logs: np.ndarray) -> np.ndarray:
        off = (np.log(at(law, logs, center).at(**columns(rows))) - log_loss) / SCALE
        robust = np.sign(off) * np.sqrt(2 * (np.sqrt(1 + off**2) - 1))
        return np.concatenate([robust, (logs - moments[:, 0]) / moments[:, 1]])

    return at(law, least_squares(residuals, moments[:, 0], x_scale=moments[:, 1], max_nfev=2000).x, center)


def at(law: type[Law], logs: np.ndarray, center: dict[str, float]) -> Law:
    """The law at logs of its parameters."""
    return law(*np.exp(logs), **center)


def columns(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The inputs of all laws."""
    return {name: rows[name].to_numpy() for name in ("params", "tokens", "embedding_params")}


def budget_ranks(rows: pd.DataFrame) -> pd.Series:
    """The number of each run's budget, from the smallest on."""
    return rows["compute"].round(-15).rank(method="dense").astype(int)


def main() -> None:
    """Print bias and root mean square error of the held-out log losses in percent, and weights where all are fitted."""
    laws, found = {law.name: law for law in CATALOGUE}, []
    for corpus, rows in registered("loss-to-loss").table.groupby("family"):
        budgets = budget_ranks(rows)
        for held in range(4):
            top = budgets > budgets.max() - held
            for name in LAWS:
                law = fitted(laws[name], rows[~top])
                tested = rows[top] if held else rows
                error = 100 * np.log(law.at(**columns(tested)) / tested["loss"].to_numpy())
                weight = float(law.w) if hasattr(law, "w") else np.nan
                found.append([corpus, held, name, error.mean(), np.sqrt((error**2).mean()), weight])
    table = pd.DataFrame(found, columns=["corpus", "budgets held out", "law", "bias", "rms", "w"])
    print(table.groupby(["budgets held out", "law"], sort=False)[["bias", "rms", "w"]].mean().round(2).to_string())
    print(
        table[table["budgets held out"] == 1].pivot(index="corpus", columns="law", values="bias").round(2).to_string()
    )
    print(table[table["budgets held out"] == 0].pivot(index="corpus", columns="law", values="w").round(2).to_string())


if __name__ == "__main__":
    main()
