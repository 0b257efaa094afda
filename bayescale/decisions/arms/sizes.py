"""The sizes that arms are compared at, where they are not each arm's own best split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.allocation.budgets import check_afforded
from bayescale.decisions.inputs import one_length, positive_numbers
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, PARAMS, TOKENS

# Params by budget.
Sizes = Callable[[np.ndarray], np.ndarray]


def budgets_and_sizes(compute: Any, params: Any, tokens: Any, cost: Cost) -> tuple[np.ndarray, Sizes | None]:
    """Return budgets in FLOP, and the sizes of all arms by budget, None for each arm's own best split.

    Args:
        compute: budgets in FLOP; None where params and tokens say them.
        params, tokens: at most one of them beside compute, one number or one per budget.
        cost: what a run costs.

    Raises:
        SettingsError: not two of the three at most, numbers that are not positive, or sizes that leave no tokens.
    """
    given = {COMPUTE.name: compute, PARAMS.name: params, TOKENS.name: tokens}
    asked = {name: value for name, value in given.items() if value is not None}
    if len(asked) == 3 or (compute is None and len(asked) < 2):
        got = " and ".join(asked) or "nothing"
        raise SettingsError(f"Give compute, compute and one of params and tokens, or params and tokens; got {got}.")
    units = {COMPUTE.name: "in FLOP", PARAMS.name: "in parameters", TOKENS.name: "in tokens"}
    numbers = one_length({name: positive_numbers(name, value, units[name]) for name, value in asked.items()})
    if compute is None:
        numbers[COMPUTE.name] = np.asarray(cost(numbers[PARAMS.name], numbers[TOKENS.name]), float)
        numbers.pop(TOKENS.name)
    budgets = numbers.pop(COMPUTE.name)
    if np.unique(budgets).size != budgets.size:
        raise SettingsError(f"Every budget must be given once, got {', '.join(f'{one:g}' for one in budgets)} FLOP.")
    if not numbers:
        return budgets, None
    ((name, values),) = numbers.items()
    along = _between(budgets, values)
    sizes: Sizes = along if name == PARAMS.name else lambda other: np.asarray(cost.params(along(other), other), float)
    check_afforded(sizes(budgets), budgets, cost)
    return budgets, sizes


def _between(budgets: np.ndarray, values: np.ndarray) -> Sizes:
    """Values by budget, straight in logs between those that were given."""
    order = np.argsort(budgets)
    at, logs = np.log(budgets[order]), np.log(values[order])
    return lambda other: np.exp(np.interp(np.log(other), at, logs))
