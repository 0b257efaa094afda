"""One measurement in a process of its own: ``python measure.py CASE SEED OUT.npz`` times one fit and saves its draws.

CPU seconds are those of this process and its children, from before the fit to its draws in natural units: tracing and
compiling count, imports and reading the table do not. No compile cache is used.
"""

from __future__ import annotations

import os

os.environ["BAYESCALE_COMPILE_CACHE"] = "off"
os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)

import resource
import runpy
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import bayescale as bs

REAL_DATA = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "real_data.py"))["FOLDER"]
CHAINS = 4


def single_runs() -> tuple[bs.Runs, str]:
    """Hoffmann et al.'s digitised points without the five of the highest loss, or else simulated ones."""
    path = REAL_DATA / "chinchilla" / "svg_extracted_data.csv"
    if path.exists():
        table = pd.read_csv(path).rename(columns={"Model Size": "params", "Training FLOP": "compute"})
        table = table[["params", "compute", "loss"]].sort_values("loss", ignore_index=True).iloc[:240]
        return bs.read_runs(table), "240 digitised runs of Hoffmann et al."
    rng = np.random.default_rng(0)
    compute = rng.choice([6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21], 245)
    params = np.sqrt(compute / 6 / np.exp(rng.uniform(np.log(2), np.log(200), 245)))
    design = pd.DataFrame({"params": params, "tokens": compute / 6 / params})
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    return bs.read_runs(bs.simulate(truth, design, sigma=0.005, nu=4.0)), "245 simulated runs"


def hierarchical_runs() -> tuple[bs.Runs, str]:
    """The loss-to-loss sweep, or else six simulated families of its size."""
    path = REAL_DATA / "loss-to-loss" / "sweep.csv"
    if path.exists():
        return bs.read_runs(path, {"loss": "val_loss"}, group="data"), "529 runs on six corpora"
    rng = np.random.default_rng(0)
    compute = np.exp(rng.uniform(np.log(2e17), np.log(5e19), 528))
    params = np.sqrt(compute / 6 / np.exp(rng.uniform(np.log(2), np.log(200), 528)))
    family = [f"family {i % 6}" for i in range(528)]
    design = pd.DataFrame({"params": params, "tokens": compute / 6 / params, "family": family})
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    laws = {f"family {i}": truth.replace(E=truth.E * np.exp(0.2 * rng.standard_normal())) for i in range(6)}
    return bs.read_runs(bs.simulate(laws, design)), "528 simulated runs in six families"


def cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def fit_bayescale(runs: bs.Runs, seed: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    fit = bs.fit("chinchilla", runs, seed=seed)
    draws = {str(name): value.to_numpy() for name, value in fit.posterior.data_vars.items()}
    settings = {"warmup": fit.settings.warmup * ("n_steps" in fit.sample_stats), "draws": fit.settings.draws}
    steps = float(fit.sample_stats["n_steps"].mean()) if "n_steps" in fit.sample_stats else float("nan")
    return draws, settings | {"steps": steps, "divergences": divergences(fit)}


def divergences(fit: bs.Fit) -> int:
    """Divergent draws; the instant engine has none."""
    return int(fit.sample_stats["diverging"].sum()) if "diverging" in fit.sample_stats else 0


def fit_naive(name: str, runs: bs.Runs, seed: int, warmup: int, n_draws: int, target: float):
    import jax
    import naive_models
    from numpyro.infer import MCMC, NUTS, init_to_uniform, init_to_value

    table = runs.table
    N, D = table["params"].to_numpy(), table["tokens"].to_numpy()
    names = list(runs.families)
    family = np.array([names.index(f) for f in table["family"]]) if names else np.zeros(len(runs), int)
    N0, D0 = (float(np.exp(np.log(v).mean())) for v in (N, D))
    start = init_to_value(values=naive_models.raw_start(len(names))) if name == "raw" else init_to_uniform
    kernel = NUTS(getattr(naive_models, name), init_strategy=start, target_accept_prob=target)
    mcmc = MCMC(kernel, num_warmup=warmup, num_samples=n_draws, num_chains=CHAINS, progress_bar=False)
    mcmc.run(
        jax.random.key(seed), N, D, table["loss"].to_numpy(), family, N0, D0, extra_fields=("diverging", "num_steps")
    )
    draws = {k: np.asarray(v) for k, v in mcmc.get_samples(group_by_chain=True).items()}
    extra = mcmc.get_extra_fields()
    steps, divergences = float(np.mean(extra["num_steps"])), int(np.sum(extra["diverging"]))
    return draws, {"warmup": warmup, "draws": n_draws, "steps": steps, "divergences": divergences}


def main() -> None:
    case, seed, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    data, method, *sizes = case.split(":")
    runs, _ = single_runs() if data == "single" else hierarchical_runs()
    if method == "bayescale":
        # Lazy imports are done before the clock starts.
        import bayescale.inference.fit
        import bayescale.inference.posterior
        import bayescale.laws.catalogue  # noqa: F401
    else:
        import naive_models  # noqa: F401
        import numpyro

        numpyro.enable_x64()
        numpyro.set_host_device_count(CHAINS)
    cpu, wall = cpu_seconds(), time.perf_counter()
    if method == "bayescale":
        draws, stats = fit_bayescale(runs, seed)
    else:
        warmup, n_draws, target = sizes
        draws, stats = fit_naive(method, runs, seed, int(warmup), int(n_draws), float(target))
    stats |= {"cpu": cpu_seconds() - cpu, "wall": time.perf_counter() - wall}
    np.savez(out, **draws, **{f"stats/{name}": value for name, value in stats.items()})


if __name__ == "__main__":
    main()
