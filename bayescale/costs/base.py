"""The base of cost models: a formula and its inverses in tokens and in parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError


class Cost(ABC):
    """Training compute of one run; a subclass writes ``__call__``, and ``tokens`` when it has a closed form.

    The formula must increase in ``tokens`` and use arithmetic that works on NumPy and JAX arrays. ``name`` is what
    tables and figures call it, by default that of the class.
    """

    name: str

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    @abstractmethod
    def __call__(self, params: Any, tokens: Any) -> Any:
        """Return compute in FLOP for a model size in parameters and training tokens."""

    @property
    def params_convention(self) -> str | None:
        """How this cost counts parameters; None where it takes them as they come."""
        return None

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return the tokens that ``compute`` FLOP pay for at this model size: the inverse, by bisection on log tokens.

        Where even no tokens cost more than the budget, the answer is the lower end of the search, one token.

        Raises:
            SettingsError: the formula does not increase in tokens.
        """
        params = np.asarray(params, float)
        return _inverse(lambda tokens: self(params, tokens), params, compute, type(self).__name__, "tokens")

    def params(self, tokens: Any, compute: Any) -> Any:
        """Return the model size that ``compute`` FLOP pay for at these tokens: the inverse, by bisection on log size.

        Where even the smallest model costs more than the budget, the answer is the lower end of the search, one
        parameter.

        Raises:
            SettingsError: the formula does not increase in parameters.
        """
        tokens = np.asarray(tokens, float)
        return _inverse(lambda params: self(params, tokens), tokens, compute, type(self).__name__, "params")


def _inverse(spent: Callable[[Any], Any], fixed: np.ndarray, compute: Any, owner: str, unknown: str) -> np.ndarray:
    """Find the quantity at which an increasing cost spends the budget."""
    compute = np.asarray(compute, float)
    shape = np.broadcast_shapes(fixed.shape, compute.shape)
    low, high = np.zeros(shape), np.full(shape, np.log(1e30))
    if np.any(np.asarray(spent(np.exp(high))) <= np.asarray(spent(np.exp(low)))):
        raise SettingsError(f"{owner} does not increase with {unknown}, so a budget does not fix them.")
    # 80 halvings of a bracket of 69 end below rounding.
    for _ in range(80):
        middle = 0.5 * (low + high)
        affordable = np.asarray(spent(np.exp(middle))) < compute
        low, high = np.where(affordable, middle, low), np.where(affordable, high, middle)
    return np.exp(0.5 * (low + high))
