"""Checks of a design: what it cannot see, in which words, and what to add."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescale.data import Runs
from bayescale.inference.checks import Check
from bayescale.inference.limits import OFF_LINE
from bayescale.inference.separable import distance_from_line, inseparable
from bayescale.language.errors import DataError
from bayescale.laws import Law
from bayescale.validation.identify.combinations import combinations
from bayescale.validation.identify.design import Design

# A ratio or an input whose log has a smaller sd than this is constant.
CONSTANT = 0.05
# Designs over a factor of 4 in size to either side at several budgets have about 60; above this the worst direction is
# known a thousand times less well than the best one.
CONDITION = 1000.0
RUNS_PER_PARAMETER = 2


def design_checks(design: Design, runs: Runs, additions: pd.DataFrame) -> tuple[Check, ...]:
    """Return the checks of one family's design."""
    count, law = len(design.names), design.model.law
    of = f"{design.family}: " if design.family else ""
    add = f" {best_addition(additions)}" if len(additions) else ""
    return (
        _least(
            "runs", len(runs), RUNS_PER_PARAMETER * count, f"{of}{len(runs)} runs for {count} parameters; add more."
        ),
        _least(
            "rank",
            design.rank,
            count,
            f"{of}to four digits the losses change in {design.rank} ways only, whatever the {count} parameters do; "
            "without priors there is no fit.",
        ),
        _least("identified", design.seen, count, f"{of}{not_seen(design, runs)}{add}"),
        _most("conditioning", design.condition, CONDITION, f"{of}the worst seen combination of parameters is known "
              f"over {CONDITION:g} times less well than the best one."),
        *_separable(law, runs, of),
    )  # fmt: skip


def worst_checks(each: list[tuple[Check, ...]]) -> tuple[Check, ...]:
    """Return of every check the worst over families, with how many do not pass."""
    found = []
    for name in dict.fromkeys(check.name for checks in each for check in checks):
        same = [check for checks in each for check in checks if check.name == name]
        bad = [check for check in same if check.status != "pass"]
        if not bad:
            found.append(same[0])
            continue
        # Of conditioning the largest is worst, of all others what lies furthest below.
        margin = [c.threshold / c.value if name == "conditioning" else c.value / c.threshold for c in bad]
        worst = bad[int(np.argmin(margin))]
        more = f" So it is in {len(bad)} of {len(same)} families." if len(bad) > 1 else ""
        found.append(Check(name, worst.status, worst.value, worst.threshold, worst.advice + more))
    return tuple(found)


def not_seen(design: Design, runs: Runs) -> str:
    """Return what keeps the design from seeing all, what it does not see, and what that means."""
    reason = constant_words(runs, design.model.law.inputs())
    said = f"{reason}: only" if reason else "Only"
    unseen = [combination for combination in combinations(design) if not combination.seen]
    sentences = "; ".join(combination.sentence for combination in unseen)
    return (
        f"{said} {design.seen} of {len(design.names)} are identified. {sentences}: of these the posterior will be "
        "mostly the prior."
    )


def constant_words(runs: Runs, inputs: tuple[str, ...]) -> str:
    """Return what does not vary in a design, such as ``"your D/N is constant (20)"``; empty where all does."""
    logs = {name: np.log(runs.table[name].to_numpy(float)) for name in inputs if (runs.table[name] > 0).all()}
    if {"params", "tokens"} <= set(logs):
        for words, sign in (("D/N", -1.0), ("compute", 1.0)):
            values = logs["tokens"] + sign * logs["params"]
            if values.std() < CONSTANT and logs["params"].std() >= CONSTANT:
                at = f" ({np.exp(values.mean()):.3g})" if sign < 0 else ""
                return f"your {words} is constant{at}"
        if (power := _power(logs["params"], logs["tokens"])) is not None:
            return f"your D follows N (as N^{power:.2f})"
    still = [name for name, values in logs.items() if values.std() < CONSTANT]
    return f"your {' and '.join(still)} {'are' if len(still) > 1 else 'is'} constant" if still else ""


def _power(sizes: np.ndarray, tokens: np.ndarray) -> float | None:
    """The power of N that D follows in these runs, from their logs; None where it follows none, or two runs do it."""
    if len(np.unique(sizes)) < 3 or min(sizes.std(), tokens.std()) < CONSTANT:
        return None
    power, start = np.polyfit(sizes, tokens, 1)
    return float(power) if (tokens - start - power * sizes).std() < CONSTANT else None


def best_addition(additions: pd.DataFrame) -> str:
    """Return in words the run that would help most."""
    best = additions.iloc[0]
    inputs = list(additions.columns[: additions.columns.get_loc("gain")])
    where = ", ".join(f"{name} {best[name]:.3g}" for name in inputs)
    most = f"the sd of {best['helps']} falls to {100 * best['sd_ratio']:.0f} %"
    if "interest_ratio" in additions:
        most = (
            f"the sd of log N* falls to {100 * best['interest_ratio']:.0f} %, that of {most.removeprefix('the sd of ')}"
        )
    return f"The run that would help most: {where}; {most}."


def _separable(law: type[Law], runs: Runs, of: str) -> tuple[Check, ...]:
    """The check that the fit will have; see :mod:`bayescale.inference.separable`."""
    if len(law.inputs()) < 2:
        return ()
    try:
        distance = distance_from_line(law, runs)
    except (DataError, np.linalg.LinAlgError):
        return ()
    bad = distance < OFF_LINE
    return (
        Check("separable", "fail" if bad else "pass", distance, OFF_LINE, _words(law, distance, of) if bad else ""),
    )


def _words(law: type, distance: float, of: str) -> str:
    return f"{of}{inseparable(law, distance)}."


def _least(name: str, value: float, limit: float, advice: str) -> Check:
    good = value >= limit
    return Check(name, "pass" if good else "warn", float(value), float(limit), "" if good else advice)


def _most(name: str, value: float, limit: float, advice: str) -> Check:
    good = value <= limit
    return Check(name, "pass" if good else "warn", float(value), float(limit), "" if good else advice)
