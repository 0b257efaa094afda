"""Effective draws per CPU-second of the default fits and of hand-written NumPyro models with the same posterior.

The figure is the smallest rank-normalised bulk ESS over all parameters in natural units (textbook A and B), divided by
the CPU seconds of one cold fit; see measure.py. Before a ratio is printed, the posteriors are compared.

    python benchmarks/bench_sampling.py [--case single|hierarchical|hierarchical-raw] [--seeds 1]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import arviz as az
import numpy as np
import report

HERE = Path(__file__).parent
# Method, then warm-up and draws per chain and mean acceptance; raw runs shorter, which ESS per second allows.
CASES = {
    "single": ("bayescale", "single:1000:1000:0.8"),
    "hierarchical": ("bayescale", "centred:1000:1000:0.8"),
    "hierarchical-raw": ("bayescale", "raw:300:300:0.8"),
}
GOALS = {"single": 15.0, "hierarchical": 5.0, "hierarchical-raw": 5.0}
LIMIT_S = 1500


def measure(data: str, method: str, seed: int) -> tuple[dict[str, np.ndarray], dict[str, float]] | None:
    """Draws by parameter and statistics of one fit in a fresh process; None if it does not end in time."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "draws.npz"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
        command = [sys.executable, str(HERE / "measure.py"), f"{data}:{method}", str(seed), str(out)]
        try:
            subprocess.run(command, check=True, env=environment, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return None
        with np.load(out) as file:
            stats = {name.removeprefix("stats/"): float(file[name]) for name in file if name.startswith("stats/")}
            return {name: file[name] for name in file if not name.startswith("stats/")}, stats


def scalars(draws: dict[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
    """Chain x draw per scalar parameter."""
    flat = {}
    for name in names:
        value = draws[name].reshape(*draws[name].shape[:2], -1)
        flat.update({f"{name}[{j}]": value[..., j] for j in range(value.shape[-1])})
    return flat


def smallest_ess(flat: dict[str, np.ndarray]) -> tuple[float, str]:
    return min((float(az.ess(value, method="bulk")), name) for name, value in flat.items())


def agreement(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> tuple[bool, str]:
    """How far two samples of log parameters are apart, and whether that is Monte-Carlo error.

    Logs, since moments of A and B are those of heavy tails. Means: |z| of their difference, below the 99.9 % point of
    the largest of that many normals. Sds: within 10 % plus three standard errors of their ratio.
    """
    from scipy.stats import norm

    z, ratios, allowed = [], [], []
    for name, value in ours.items():
        a, b = np.log(value), np.log(theirs[name])
        z.append((a.mean() - b.mean()) / np.hypot(float(az.mcse(a)), float(az.mcse(b))))
        ratios.append(a.std() / b.std())
        errors = [float(az.mcse(x, method="sd")) / x.std() for x in (a, b)]
        allowed.append(0.1 + 3 * float(np.hypot(*errors)))
    limit, names = float(norm.isf(0.0005 / len(z))), list(ours)
    agree = max(map(abs, z)) < limit and all(abs(r - 1) < t for r, t in zip(ratios, allowed, strict=True))
    worst_mean, worst_sd = names[int(np.argmax(np.abs(z)))], names[int(np.argmax(np.abs(np.log(ratios))))]
    words = (
        f"{len(z)} parameters, largest |z| of means {max(map(abs, z)):.2f} ({worst_mean}; limit {limit:.2f}), "
        f"ratio of sds {min(ratios):.2f}-{max(ratios):.2f} (farthest from 1: {worst_sd})"
    )
    return bool(agree), words


def run_case(case: str, seeds: int) -> list[str]:
    import measure as one

    data = case.split("-")[0]
    _, described = one.single_runs() if data == "single" else one.hierarchical_runs()
    lines = [
        f"{data}: {described}",
        "",
        "| method | seed | draws (warm-up) | leapfrogs/draw | divergences | min ESS | CPU s | ESS / CPU-s | wall s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rates: dict[str, list[float]] = {}
    kept: dict[str, dict[str, np.ndarray]] = {}
    for method in CASES[case]:
        name = method if method == "bayescale" else f"naive NumPyro, {method.split(':')[0]}"
        for seed in range(seeds):
            measured = measure(data, method, seed)
            if measured is None:
                lines.append(f"| {name} | {seed} | not done in {LIMIT_S} s | | | | | | |")
                continue
            draws, stats = measured
            names = sorted(set(draws) & set(kept_names(data)))
            flat = scalars(draws, names)
            ess, worst = smallest_ess(flat)
            kept.setdefault(name, flat)
            rates.setdefault(name, []).append(ess / stats["cpu"])
            lines.append(
                f"| {name} | {seed} | 4 x {stats['draws']:.0f} ({stats['warmup']:.0f}) | {stats['steps']:.0f} | "
                f"{stats['divergences']:.0f} | {ess:.0f} ({worst}) | {stats['cpu']:.1f} | {ess / stats['cpu']:.2f} | "
                f"{stats['wall']:.1f} |"
            )
            print(lines[-1], flush=True)
    lines.append("")
    for name in [n for n in kept if n != "bayescale"]:
        agree, compared = agreement(kept["bayescale"], kept[name])
        if not agree:
            lines.append(f"* against {name}: NO RATIO, the posteriors do not agree: {compared}.")
            continue
        ratio = float(np.median(rates["bayescale"]) / np.median(rates[name]))
        goal = "reached" if ratio >= GOALS[case] else "NOT reached"
        lines.append(f"* against {name}: **{ratio:.1f}x** cold; the goal of {GOALS[case]:g}x is {goal}; {compared}.")
    print("\n".join(line for line in lines if line.startswith("*")), flush=True)
    return lines


def kept_names(data: str) -> list[str]:
    law = ["E", "A", "B", "alpha", "beta", "sigma"]
    if data == "single":
        return [*law, "nu"]
    between = [f"{name}_between" for name in ("level", "size_share", "data_share", "alpha", "beta", "sigma")]
    return [*law, "nu", *(f"{name}_population" for name in law), *between]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    for case in chosen.case or CASES:
        report.write_section(f"Sampling cost, {case}", run_case(case, chosen.seeds))


if __name__ == "__main__":
    main()
