"""Limits of model size: what they are made of, and the sizes at which a budget buys so many tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.inputs import positive_numbers
from bayescale.language.errors import SettingsError


class Limit(NamedTuple):
    """The least or the most parameters at every budget, and why."""

    is_upper: bool
    params: np.ndarray
    words: str


class Ended(Protocol):
    """A constraint with a lower and an upper end."""

    @property
    def least(self) -> float | None:
        """The lower end, or None."""

    @property
    def most(self) -> float | None:
        """The upper end, or None."""


def check_ends(constraint: Ended, form: str) -> None:
    name = type(constraint).__name__
    ends = [end for end in (constraint.least, constraint.most) if end is not None]
    if not ends:
        raise SettingsError(f"{name} needs least or most, {form}, or both.")
    for end in ends:
        positive_numbers(f"{name}: least and most", end, form)
    if len(ends) == 2 and not ends[0] <= ends[1]:
        raise SettingsError(f"{name}: least must not be above most, got {ends[0]!r} and {ends[1]!r}.")


def ends_of(constraint: Ended) -> list[tuple[bool, float, str]]:
    ends = (False, constraint.least, "least"), (True, constraint.most, "most")
    return [(is_upper, end, word) for is_upper, end, word in ends if end is not None]


def size_at(cost: Cost, tokens: float, budgets: np.ndarray) -> np.ndarray:
    """The size that a budget pays for at these tokens."""
    return np.asarray(cost.params(np.full(budgets.size, tokens), budgets), float)


def size_of_ratio(cost: Cost, ratio: float, budgets: np.ndarray) -> np.ndarray:
    """The size at which a budget buys so many tokens per parameter, of which larger models get fewer."""
    return falls_to(lambda params: np.asarray(cost.tokens(params, budgets)) / params, ratio, budgets.size)


def falls_to(falling: Callable[[np.ndarray], np.ndarray], level: float, count: int) -> np.ndarray:
    """The size at which something that falls with size reaches a level, by bisection of log size."""
    low, high = np.zeros(count), np.full(count, np.log(1e30))
    # 80 halvings of a bracket of 69 end below rounding.
    for _ in range(80):
        middle = 0.5 * (low + high)
        above = np.broadcast_to(falling(np.exp(middle)) > level, middle.shape)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.exp(0.5 * (low + high))
