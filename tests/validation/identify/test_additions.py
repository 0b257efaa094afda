"""The run that is said to help most does, when it is added and everything is asked again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.validation.identify.design import Design, slopes_of

CANDIDATES = pd.DataFrame({"params": [1e8, 1e10, 3e9, 1e9, 2e9, 2e8], "tokens": [1e12, 1e10, 2e12, 2e10, 8e9, 1e9]})


@pytest.fixture(scope="module")
def small(simulated) -> bs.Runs:
    return simulated("small", sigma=0.002)


@pytest.fixture(scope="module")
def found(small) -> bs.Identification:
    return bs.identify("chinchilla", small, sigma=0.002, candidates=CANDIDATES)


def test_gains_are_those_of_the_design_with_the_run_in_it(found):
    """By hand: the row is put into the design, whose determinant and sds are taken anew."""
    design, table = found.design(), found.additions()
    columns = {name: table[name].to_numpy() for name in ("params", "tokens")}
    slopes = slopes_of(design.model, design.anchors, design.value, columns)
    for (_, row), slope in zip(table.iterrows(), slopes, strict=True):
        larger = Design(
            "", design.model, design.anchors, design.value, design.noise,
            np.vstack([design.slopes, slope]), np.append(design.weight, np.median(design.weight)),
        )  # fmt: skip
        gain = 0.5 * (np.linalg.slogdet(design.covariance)[1] - np.linalg.slogdet(larger.covariance)[1])
        assert row["gain"] == pytest.approx(gain, rel=1e-6)
        ratios = larger.expected_sd / design.expected_sd
        assert row["helps"] == design.names[ratios.argmin()] and row["sd_ratio"] == pytest.approx(ratios.min())
        slope = found.interests[0].slope
        narrower = np.sqrt((slope @ larger.covariance @ slope) / (slope @ design.covariance @ slope))
        assert row["interest_ratio"] == pytest.approx(narrower)
    assert table["interest_ratio"].is_monotonic_increasing


def test_candidates_rank_as_refits_do(found, small, truth):
    """Each candidate is simulated, added and the table fitted again: the sd of log N* falls as expected.

    Expected ratios of 0.45 to 1 against means of twelve refits each. A refit's noise scale scatters by a fifth, so the
    mean of its ratio by some 0.06; the order of the best and of the worst third may not turn round.
    """
    table = found.additions()
    budget = float(found.table()["parameter"].iloc[-1].split()[3])
    seeds = range(12)
    tables = {}
    for seed in seeds:
        base = bs.simulate(truth, small.to_frame()[["params", "tokens"]], sigma=0.002, seed=seed)
        tables[f"{seed}"] = bs.read_runs(base)
        for i, row in table.iterrows():
            extra = bs.simulate(truth, pd.DataFrame([row[["params", "tokens"]]]), sigma=0.002, seed=100 + seed)
            tables[f"{seed} {i}"] = bs.read_runs(pd.concat([base, extra], ignore_index=True))
    fits = bs.fit_many(
        "chinchilla", tables, noise="normal", priors={"sigma": bs.LogNormal(0.002, 0.01)}, progress=False
    )

    def sd(label: str) -> float:
        plan = bs.allocate(fits[label], compute=budget, discrepancy=None)
        return float(np.log(plan.draws["params"]).std())

    alone = {seed: sd(f"{seed}") for seed in seeds}
    refitted = np.array([np.mean([sd(f"{seed} {i}") / alone[seed] for seed in seeds]) for i in table.index])
    print(f"\n{table.assign(refitted=refitted).to_string()}")
    third = len(table) // 3
    assert refitted[:third].max() < refitted[-third:].min()
    assert refitted.argmin() == 0
    assert np.abs(refitted - table["interest_ratio"]).max() < 0.15


def test_the_default_candidates_stay_within_the_compute_and_the_ratios_of_the_table(grid, found):
    made = bs.identify("chinchilla", grid).additions()
    compute = grid.table["compute"]
    assert made["compute"].between(compute.min() * (1 - 1e-9), compute.max() * (1 + 1e-9)).all()
    assert made["tokens"].div(made["params"]).between(2 * (1 - 1e-9), 500 * (1 + 1e-9)).all() and len(made) > 30
    line = bs.identify("kaplan-n", grid).additions()
    assert line["params"].agg(["min", "max"]).tolist() == pytest.approx([1e8, 1e10])


def test_the_best_addition_is_in_the_words(found):
    best, text = found.additions().iloc[0], repr(found)
    assert f"The run that would help most: params {best['params']:.3g}, tokens {best['tokens']:.3g}" in text
    assert f"the sd of log N* falls to {100 * best['interest_ratio']:.0f} %" in text


def test_the_size_of_interest_is_the_closed_form_s(found, truth):
    """Slopes of log N* in logs of A, B, alpha and beta, where Chinchilla has it in closed form."""
    design = found.design()
    law = design.law
    budget = 10 * found.runs[0].table["compute"].max()
    a_, b_ = float(law.alpha), float(law.beta)
    scale = np.array([float(v) for v in (law.A, law.B, law.N0, law.D0)])

    def log_size(A: float, B: float, alpha: float, beta: float) -> float:
        size, data = A * scale[2] ** alpha, B * scale[3] ** beta
        return (np.log(alpha * size / (beta * data)) + beta * np.log(budget / 6)) / (alpha + beta)

    at, step = np.log([scale[0], scale[1], a_, b_]), 1e-6
    by_hand = [(log_size(*np.exp(at + step * e)) - log_size(*np.exp(at - step * e))) / (2 * step) for e in np.eye(4)]
    assert found.interests[0].slope == pytest.approx([0.0, *by_hand], rel=1e-5, abs=1e-6)
