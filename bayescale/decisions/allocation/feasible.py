"""The model sizes that all constraints of a plan allow, and which of these holds it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.allocation.constraints import Constraint, Sizes, UniqueTokens
from bayescale.language.errors import SettingsError

# A plan this near to a limit, in log size, is held back by it.
AT_LIMIT = 1e-6


@dataclass(frozen=True, eq=False)
class Feasible:
    """Least and most parameters at every budget, what asks for them, and the sizes of a list if there is one.

    Args:
        low, high: over budget; 0 and infinity where nothing is asked.
        low_words, high_words: of the limit at each budget.
        sizes: that are allowed, in rising order, or None for all.
    """

    low: np.ndarray
    high: np.ndarray
    low_words: tuple[str, ...]
    high_words: tuple[str, ...]
    sizes: np.ndarray | None = None

    @property
    def is_free(self) -> bool:
        """Whether everything is allowed."""
        return self.sizes is None and not (self.low > 0).any() and not np.isfinite(self.high).any()

    def clip(self, params: np.ndarray) -> np.ndarray:
        """Return sizes within the limits, budgets along the last axis."""
        return np.clip(params, self.low, self.high)

    def allowed(self) -> np.ndarray:
        """Return which of the sizes is within the limits, size x budget."""
        assert self.sizes is not None
        return _within(self.sizes[:, None], self.low, self.high)

    def has(self, params: np.ndarray, budget: np.ndarray) -> np.ndarray:
        """Return which sizes are allowed at budgets, given by their index."""
        inside = _within(params, self.low[budget], self.high[budget])
        if self.sizes is None:
            return inside
        return inside & np.isclose(params[:, None], self.sizes, rtol=AT_LIMIT, atol=0.0).any(axis=1)

    def binding(self, params: np.ndarray) -> list[str]:
        """Return the words of the limit that holds a plan back at every budget, empty where none does."""
        logs = np.log(params)
        with np.errstate(divide="ignore"):
            at_low, at_high = logs <= np.log(self.low) + AT_LIMIT, logs >= np.log(self.high) - AT_LIMIT
        found = []
        for i in range(params.size):
            held = [self.low_words[i]] * bool(at_low[i]) + [self.high_words[i]] * bool(at_high[i])
            found.append(" and ".join(dict.fromkeys(held)))
        return found

    def part(self, index: np.ndarray) -> Feasible:
        """Return the same of some budgets."""
        words = [tuple(words[i] for i in index) for words in (self.low_words, self.high_words)]
        return Feasible(self.low[index], self.high[index], words[0], words[1], self.sizes)


def _within(params: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which sizes are between limits, rounding aside."""
    return (params >= low * (1 - AT_LIMIT)) & (params <= high * (1 + AT_LIMIT))


def check_constraints(constraints: Any) -> tuple[Constraint, ...]:
    """Return constraints as a tuple.

    Raises:
        SettingsError: something else than constraints, or two lists of sizes or two counts of unique tokens.
    """
    found = (constraints,) if isinstance(constraints, Constraint) else tuple(constraints or ())
    for one in found:
        if not isinstance(one, Constraint):
            raise SettingsError(f"constraints must be Constraints such as ParamsBetween(most=7e10), got {one!r}.")
    for kind in (Sizes, UniqueTokens):
        if sum(isinstance(one, kind) for one in found) > 1:
            raise SettingsError(f"A plan takes one {kind.__name__} at most; put all into one.")
    return found


def feasible(constraints: Sequence[Constraint], cost: Cost, budgets: np.ndarray) -> Feasible:
    """Return what constraints allow at every budget.

    Args:
        constraints: any number.
        cost: what a run costs.
        budgets: in FLOP, over budget.

    Raises:
        SettingsError: a budget at which nothing is allowed, with the limits that contradict each other.
    """
    low, high = np.zeros(budgets.size), np.full(budgets.size, np.inf)
    low_words, high_words = [""] * budgets.size, [""] * budgets.size
    for limit in (limit for one in constraints for limit in one.limits(cost, budgets)):
        ends, words = (high, high_words) if limit.is_upper else (low, low_words)
        tighter = limit.params < ends if limit.is_upper else limit.params > ends
        ends[tighter] = limit.params[tighter]
        for i in np.flatnonzero(tighter):
            words[i] = limit.words
    sizes = next((np.unique(np.asarray(one.params, float)) for one in constraints if isinstance(one, Sizes)), None)
    found = Feasible(low, high, tuple(low_words), tuple(high_words), sizes)
    _check_not_empty(found, budgets)
    return found


def _check_not_empty(found: Feasible, budgets: np.ndarray) -> None:
    empty = found.low > found.high * (1 + AT_LIMIT)
    if empty.any():
        i = int(np.argmax(empty))
        raise SettingsError(
            f"No plan for {budgets[i]:.4g} FLOP keeps all constraints: {found.low_words[i]} takes a model of at least "
            f"{found.low[i]:.4g} parameters, and {found.high_words[i]} one of at most {found.high[i]:.4g}. Loosen one "
            "of them, or change the budget."
        )
    if found.sizes is not None and (none := ~found.allowed().any(axis=0)).any():
        i = int(np.argmax(none))
        ends = [words for words in (found.low_words[i], found.high_words[i]) if words]
        raise SettingsError(
            f"No plan for {budgets[i]:.4g} FLOP keeps all constraints: none of the {found.sizes.size} sizes lies "
            f"between {found.low[i]:.4g} and {found.high[i]:.4g} parameters ({' and '.join(ends)}). Add a size, or "
            "loosen a constraint."
        )
