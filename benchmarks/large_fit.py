"""One fit of a large table in a process of its own: CPU seconds, draws against the truth, and memory at its peak."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import arviz_stats
import numpy as np
import scipy.optimize  # noqa: F401  of the interpreter, not of the fit
from clock import cpu_seconds
from memory import peak

import bayescale as bs
from bayescale.laws import Chinchilla

PARAMETERS = ("E", "A", "B", "alpha", "beta", "sigma")


def main() -> None:
    """Print the measurements of the table of a file as JSON: TABLE TRUTH.npz DRAWS."""
    table, truth, draws = sys.argv[1], np.load(sys.argv[2]), int(sys.argv[3])
    bs.fit  # noqa: B018  imports what a fit needs
    start = peak()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = bs.read_runs(Path(table))
        read, before = peak() - start, cpu_seconds()
        fit = bs.fit(Chinchilla, runs, residuals="ar1", draws=draws, seed=1, progress=False)
        cpu, fitted = cpu_seconds() - before, peak() - start
    posterior = fit.posterior
    names = [name for name in posterior.data_vars if posterior[name].dtype.kind == "f"]
    ess = {name: float(arviz_stats.ess(posterior[[name]], method="bulk")[name].min()) for name in names}
    tail = {name: float(arviz_stats.ess(posterior[[name]], method="tail")[name].min()) for name in names}
    r_hat = max(float(arviz_stats.rhat(posterior[[name]])[name].max()) for name in names)
    away = distances(fit, truth)
    print(
        json.dumps(
            {
                "rows": len(runs),
                "table_mb": float(runs.table.memory_usage(deep=True).sum() / 1e6),
                "read_mb": read,
                "fit_mb": fitted,
                "cpu": cpu,
                "draws": draws,
                "likelihood": fit.likelihood,
                "leapfrogs": float(fit.sample_stats["n_steps"].mean()),
                "divergences": int(fit.sample_stats["diverging"].sum()),
                "ess": min(ess.values()),
                "tail": min(tail.values()),
                "r_hat": r_hat,
                "z": away.tolist(),
            }
        )
    )


def distances(fit: bs.Fit, truth: np.lib.npyio.NpzFile) -> np.ndarray:
    """How many posterior sds the truth is from the posterior's mean, for every parameter of every family."""
    posterior, found = fit.posterior, []
    for name in PARAMETERS:
        draws = np.log(posterior[name].sel(family=truth["family"]).to_numpy())
        found.append((draws.mean((0, 1)) - np.log(truth[name])) / draws.std((0, 1)))
    return np.concatenate(found)


if __name__ == "__main__":
    main()
