"""Plans of 1,000 budgets under 4,000 draws: the best split of each draw, the one plan over all draws, and its regret.

python benchmarks/bench_allocate.py [--budgets 1000] [--draws 4000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import report
from cells import table_lines
from scipy.optimize import minimize_scalar
from tables import chinchilla_runs

import bayescale as bs

LOWEST, HIGHEST = 1e20, 1e26
# Minimisations that stand for all of a loop over draws and budgets, and over budgets.
SINGLE, MEANS = 300, 20
HOW = (
    "Wall seconds of a second call, after one that compiled. *Optimum*: the best size of every draw at every budget "
    "and its loss, `bs.allocate`. *Plan*: the size with the least expected loss over all draws, `plan.action`. "
    "*Regret*: the compute that this plan wastes in each draw, `plan.regret()`. *SciPy loop*: "
    "`minimize_scalar(method='bounded', xatol=1e-6)` over log size with the loss in NumPy, one call per draw and "
    f"budget, or one per budget of the mean over draws; timed on {SINGLE} and {MEANS} of them and multiplied."
)
HEAD = ("law and cost", "optimum, s", "SciPy loop, s", "ratio", "plan, s", "SciPy loop, s", "ratio", "regret, s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=4000)
    chosen = parser.parse_args()
    runs, described = chinchilla_runs()
    fit = bs.fit("chinchilla", runs, seed=0, draws=chosen.draws // 4, progress=False)
    shapes = bs.costs.ShapeFamily(aspect=60, vocabulary=32_000, context=2048)
    costs = {"closed form, 6ND": bs.costs.SixND(), "generic, Hoffmann F": bs.costs.HoffmannF(shapes)}
    budgets = np.geomspace(LOWEST, HIGHEST, chosen.budgets)
    rows = [row(label, fit, budgets, cost) for label, cost in costs.items()]
    lines = [
        f"Chinchilla's law fitted to {described}; {chosen.budgets:,} budgets from {LOWEST:g} to {HIGHEST:g} FLOP, "
        f"{chosen.draws:,} draws, without a discrepancy. {HOW}",
        "",
        *table_lines(HEAD, rows),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Plans of many budgets", lines)


def row(label: str, fit: bs.Fit, budgets: np.ndarray, cost: Any) -> list[str]:
    """Times of one cost."""
    for _ in range(2):
        optimum, plan = timed(lambda: bs.allocate(fit, compute=budgets, cost=cost, discrepancy=None))
        action, _ = timed(lambda plan=plan: plan.action)
        regret, _ = timed(lambda plan=plan: plan.regret())
    print(label, optimum, action, regret, flush=True)
    law, draws = plan.problem.one_law, plan.problem.draws
    one, found = timed(lambda: by_scipy(law, budgets, cost, plan.draws["params"].to_numpy().reshape(draws, -1)))
    mean, apart = timed(lambda: means_by_scipy(law, budgets, cost, plan.action["params"].to_numpy()))
    if max(found, apart) > 1e-3:
        raise SystemExit(f"SciPy finds other sizes: {found:.1e} and {apart:.1e} apart in log size")
    loops = one / SINGLE * draws * budgets.size, mean / MEANS * budgets.size
    cells = [optimum, loops[0], loops[0] / optimum, action, loops[1], loops[1] / action, regret]
    return [label, *(f"{value:,.2f}" if value < 10 else f"{value:,.0f}" for value in cells)]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a piece of work, and what it returns."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def by_scipy(law: Any, budgets: np.ndarray, cost: Any, ours: np.ndarray) -> float:
    """Minimise single draws at single budgets, and return how far in log size the answers are apart from ours."""
    rng, apart = np.random.default_rng(0), 0.0
    for draw, i in zip(rng.integers(len(ours), size=SINGLE), rng.integers(budgets.size, size=SINGLE), strict=True):
        one = {name: float(np.ravel(value)[draw if np.size(value) > 1 else 0]) for name, value in parts(law).items()}
        found = minimised(lambda x, one=one, i=i: loss(one, x, budgets[i], cost))
        apart = max(apart, abs(found - np.log(ours[draw, i])))
    return apart


def means_by_scipy(law: Any, budgets: np.ndarray, cost: Any, ours: np.ndarray) -> float:
    """Minimise the mean over draws at some budgets."""
    values, apart = parts(law), 0.0
    for i in np.linspace(0, budgets.size - 1, MEANS).astype(int):
        found = minimised(lambda x, i=i: float(np.mean(loss(values, x, budgets[i], cost))))
        apart = max(apart, abs(found - np.log(ours[i])))
    return apart


def parts(law: Any) -> dict[str, np.ndarray]:
    """Parameters and anchors by name."""
    return {name: np.asarray(getattr(law, name)) for name in ("E", "A", "B", "alpha", "beta", "N0", "D0")}


def loss(p: dict[str, Any], log_params: float, budget: float, cost: Any) -> Any:
    """Chinchilla's law at a size of a budget."""
    params = np.exp(log_params)
    tokens = cost.tokens(params, budget)
    return p["E"] + p["A"] * (params / p["N0"]) ** -p["alpha"] + p["B"] * (tokens / p["D0"]) ** -p["beta"]


def minimised(function: Callable[[float], Any]) -> float:
    """The log size with the least value."""
    return minimize_scalar(function, bounds=np.log([1e6, 1e15]), method="bounded", options={"xatol": 1e-6}).x


if __name__ == "__main__":
    main()
