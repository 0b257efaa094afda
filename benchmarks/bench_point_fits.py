"""Cost of the point fit, and what scipy's default tolerances do to a bootstrap of it.

Every optimiser gets the same resamples, the same objective (Huber loss of log loss, tip 1e-3) and begins at the same
optimum. Only the tolerances differ.

    python benchmarks/bench_point_fits.py [--resamples 200]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import report
from clock import cpu_seconds
from tables import LEFT_OUT, chinchilla_runs

DELTA = 1e-3
NAMES = ("E", "A", "B", "alpha", "beta", "a")
# What a scipy user writes: the published objective, a sum over runs, with scipy's own differences or with a gradient.
# The tight one needs the objective scaled up, since the tolerance of the gradient is absolute.
SCIPY = {
    "scipy L-BFGS-B, defaults": {"gradient": False, "scale": 1.0, "options": {}},
    "scipy L-BFGS-B, defaults, exact gradient": {"gradient": True, "scale": 1.0, "options": {}},
    "scipy L-BFGS-B, tight, exact gradient": {
        "gradient": True,
        "scale": 1e6,
        "options": {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 20_000, "maxfun": 100_000, "maxcor": 20},
    },
}


def objective(point: np.ndarray, log_params, log_tokens, log_loss, weights) -> tuple[float, np.ndarray]:
    """Sum of Huber losses at (log E, log A, log B, alpha, beta), and its gradient."""
    e, a, b, alpha, beta = point
    terms = np.stack([np.full_like(log_params, e), a - alpha * log_params, b - beta * log_tokens])
    top = terms.max(axis=0)
    parts = np.exp(terms - top)
    residual = log_loss - top - np.log(parts.sum(axis=0))
    size = np.abs(residual)
    value = weights * np.where(size < DELTA, 0.5 * size**2, DELTA * (size - 0.5 * DELTA))
    pull = -weights * np.clip(residual, -DELTA, DELTA) * parts / parts.sum(axis=0)
    return value.sum(), np.array([*pull.sum(axis=1), -(pull[1] * log_params).sum(), -(pull[2] * log_tokens).sum()])


def natural(points: np.ndarray) -> dict[str, np.ndarray]:
    e, a, b, alpha, beta = points.T
    return dict(zip(NAMES, (np.exp(e), np.exp(a), np.exp(b), alpha, beta, beta / (alpha + beta)), strict=True))


def by_scipy(start: np.ndarray, data, weights: np.ndarray, how: dict) -> tuple[np.ndarray, np.ndarray, float]:
    """Where every resample ends, its objective, and CPU seconds per resample."""
    from scipy.optimize import minimize  # not part of what is timed in timing()

    before, ends = cpu_seconds(), []
    for row in weights:

        def scaled(point, row=row):
            value, slope = objective(point, *data, row)
            return (how["scale"] * value, how["scale"] * slope) if how["gradient"] else how["scale"] * value

        ends.append(minimize(scaled, start, jac=how["gradient"], method="L-BFGS-B", options=how["options"]).x)
    seconds = (cpu_seconds() - before) / len(weights)
    values = np.array([objective(end, *data, row)[0] for end, row in zip(ends, weights, strict=True)])
    return np.array(ends), values, seconds


def compare(resamples: int) -> list[str]:
    import bayescale as bs
    from bayescale.inference.point.resamples import Resamples
    from bayescale.inference.settings import seed_for

    runs, described = chinchilla_runs(drop=LEFT_OUT)
    point = bs.point_fit("chinchilla", runs, delta=DELTA, resamples=resamples, seed=0)
    stream = seed_for(seed_for(0, "point/(all)"), "resamples")
    weights = Resamples(runs, "run", len(runs), stream)(resamples).astype(float)
    data = [np.log(runs.table[name].to_numpy(float)) for name in ("params", "tokens", "loss")]

    def logs(values) -> np.ndarray:
        return np.stack(
            [np.log(values["E"]), np.log(values["A"]), np.log(values["B"]), values["alpha"], values["beta"]]
        )

    start = logs({name: np.float64(value) for name, value in point.law.values.items()})
    ours = logs({name: point.draws[name].to_numpy() for name in NAMES}).T
    best = np.array([objective(end, *data, row)[0] for end, row in zip(ours, weights, strict=True)])
    wanted = {name: point.draws[name].to_numpy().std(ddof=1) for name in NAMES}
    print(point, flush=True)

    columns = " | ".join(f"sd({name})" for name in NAMES)
    lines = [
        f"{described}; the same {resamples} resamples, all begun at the optimum. In parentheses: of bayescale's sd. "
        "Excess: median of the objective above the least that any of the four reached.",
        "",
        f"| optimiser | {columns} | excess | CPU ms per resample |",
        f"| --- | {'--- | ' * len(NAMES)}--- | --- |",
    ]
    rows = {"bayescale": (wanted, best, None)}
    for name, how in SCIPY.items():
        ends, values, seconds = by_scipy(start, data, weights, how)
        rows[name] = ({n: v.std(ddof=1) for n, v in natural(ends).items()}, values, 1e3 * seconds)
        print(name, rows[name][0], flush=True)
    least = np.min([values for _, values, _ in rows.values()], axis=0)
    for name, (sds, values, cost) in rows.items():
        cells = " | ".join(f"{sds[n]:.3g} ({sds[n] / wanted[n]:.2g})" for n in NAMES)
        excess = np.median(values / least - 1)
        lines.append(f"| {name} | {cells} | {excess:.1e} | {'see below' if cost is None else f'{cost:.1f}'} |")
    lines += ["", f"bayescale: {'; '.join(str(point).splitlines()[2:]).strip()}."]
    return lines


def costs() -> list[str]:
    """CPU seconds of the whole point fit in a process of its own, without a compile cache: first and later calls."""
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "BAYESCALE_COMPILE_CACHE": "off"}
    command = [sys.executable, __file__, "--timing"]
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True, timeout=600)
    cold, *warm = map(float, done.stdout.split())
    return [
        "",
        "4,500 starts and 4,000 resamples, in a process of its own on one core without a compile cache, with imports: "
        f"**{cold:.1f} CPU s**; again in the same process: {', '.join(f'**{w:.1f} CPU s**' for w in warm)}.",
    ]


def timing() -> None:
    # On one core, where there is a choice: sharing small operations among threads saves little time and costs CPU.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    runs, _ = chinchilla_runs(drop=LEFT_OUT)
    for call in range(4):
        before = 0.0 if call == 0 else cpu_seconds()
        import bayescale as bs

        bs.point_fit("chinchilla", runs, seed=call)
        print(cpu_seconds() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--timing", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.timing:
        timing()
        return
    began = time.perf_counter()
    report.write_section("Point fits", compare(chosen.resamples) + costs())
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
