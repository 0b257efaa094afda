"""Designs on one line: how many parameters they tell, and in which words that is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares
from scipy.stats import chi2

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.validation.identify.design import law_at

WORDS = {"D = 20 N": "your D/N is constant (20): only 3 of 5", "optimal": "your D follows N (as N^0.95): only 3 of 5"}


def test_a_line_tells_three_of_five(line):
    """Rank 3 at the truth of the optimal path, and wherever on constant D/N the exponents agree."""
    name, runs = line
    found = bs.identify("chinchilla", runs)
    design, checks = found.design(), found.checks.table().set_index("name")
    assert (design.rank, design.seen, design.condition) == (3, 3, np.inf)
    assert checks["status"].to_dict() == {
        "runs": "pass",
        "rank": "warn",
        "identified": "warn",
        "conditioning": "warn",
        "separable": "fail",
    }
    assert checks.loc["identified", "advice"].startswith(WORDS[name])
    assert "to four digits the losses change in 3 ways only" in checks.loc["rank", "advice"]
    unseen = found.combinations().query("not seen")
    assert {frozenset(words.split(" against ")) for words in unseen["combination"]} == {
        frozenset({"A", "B"}),
        frozenset({"alpha", "beta"}),
    }
    table = found.table().set_index("parameter")
    assert np.isfinite(table.loc["E", "data_sd"]) and np.isinf(table.loc[["A", "B", "alpha", "beta"], "data_sd"]).all()


def test_the_rank_on_the_optimal_path_is_three_in_closed_form(truth):
    """Slopes of the loss in E, A, B, alpha, beta on D proportional to N^(alpha/beta), by hand: three independent."""
    n = np.geomspace(1e8, 1e10, 12)
    d = 2e10 * (n / 1e9) ** (truth.alpha / truth.beta)
    u, v = truth.A * n**-truth.alpha, truth.B * d**-truth.beta
    slopes = np.stack([np.ones_like(n), u, v, u * np.log(n), v * np.log(d)], axis=1)
    singular = np.linalg.svd(slopes / np.linalg.norm(slopes, axis=0), compute_uv=False)
    assert (singular > 1e-10 * singular[0]).sum() == 3


def test_what_is_not_seen_can_be_moved_and_what_is_seen_cannot(line, truth):
    """Brute force: one parameter is moved, the others are fitted again, with priors, to losses without noise.

    Half a prior sd of an exponent or share leaves it inside the 90 % interval of its profile (a fall of twice the log
    density of 2.71, the quantile of chi squared), the same of E, which is seen, takes it outside.
    """
    name, runs = line
    design = bs.identify("chinchilla", runs).design()
    n, d = runs.table["params"].to_numpy(), runs.table["tokens"].to_numpy()
    exact = np.log(np.asarray(truth(n, d)))
    mean, sd = np.array([design.model.prior(p).unconstrained_moments() for p in design.names]).T

    def misfit(values: np.ndarray) -> np.ndarray:
        law = law_at(design.model, design.anchors, values[None], flat=True)
        return np.append(np.sqrt(design.weight) * (np.log(np.asarray(law(n, d))) - exact), (values - mean) / sd)

    best = least_squares(misfit, design.value)

    def moved(j: int, by: float) -> float:
        found = least_squares(lambda v: misfit(np.insert(v, j, best.x[j] + by)), np.delete(best.x, j))
        return 2 * (found.cost - best.cost)

    unseen = [moved(j, 0.5 * sd[j]) for j in range(1, 5)]
    seen = [moved(0, by * sd[0]) for by in (-0.5, 0.5)]
    print(f"\n{name}: {unseen}, E {seen}")
    assert design.names[0] == "E" and max(unseen) < chi2(1).ppf(0.9) < min(seen)


def test_runs_off_the_line_are_seen(truth):
    """A tenth of a decade to either side is enough for the rank, not for the fit to be well conditioned."""
    n = np.geomspace(1e8, 1e10, 12)
    design = pd.DataFrame({"params": n, "tokens": 20 * n * np.where(np.arange(12) % 2, 4.0, 0.25)})
    found = bs.identify("chinchilla", read_quietly(bs.simulate(truth, design, sigma=0.001, seed=1)))
    assert found.design().rank == 5 and not found.checks.failed


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("params", "your params is constant"),
        ("tokens", "your tokens is constant"),
        ("compute", "your compute is const"),
    ],
)
def test_what_does_not_vary_is_named(truth, column, words):
    x = np.geomspace(1e8, 1e10, 12)
    tables = {
        "params": {"params": 1e9, "tokens": 20 * x},
        "tokens": {"params": x, "tokens": 2e10},
        "compute": {"params": x, "tokens": 1e21 / 6 / x},
    }
    runs = read_quietly(bs.simulate(truth, pd.DataFrame(tables[column]), sigma=0.003, seed=2))
    advice = bs.identify("chinchilla", runs).checks.table().set_index("name").loc["identified", "advice"]
    assert advice.startswith(words)


def test_precise_losses_are_not_called_blind(truth):
    """Rounding is of losses as they are usually written; a scale below it counts instead."""
    n = np.geomspace(1e8, 1e10, 12)
    design = pd.DataFrame({"params": n, "tokens": 20 * n**0.9 * 1e9**0.1})
    runs = read_quietly(bs.simulate(truth, design, sigma=1e-3, seed=1))
    coarse, fine = bs.identify("chinchilla", runs).design(), bs.identify("chinchilla", runs, sigma=1e-7).design()
    assert coarse.rank < fine.rank and fine.rank >= fine.seen
