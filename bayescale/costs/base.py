"""The base of cost models: a formula and its inverse in tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from bayescale.language.errors import SettingsError


class Cost(ABC):
    """Training compute of one run; a subclass writes ``__call__``, and ``tokens`` when it has a closed form.

    The formula must increase in ``tokens`` and use arithmetic that works on NumPy and JAX arrays. ``name`` is what
    tables and figures call it, by default that of the class.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = cls.__name__

    @abstractmethod
    def __call__(self, params: Any, tokens: Any) -> Any:
        """Return compute in FLOP for a model size in parameters and training tokens."""

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return the tokens that ``compute`` FLOP pay for at this model size: the inverse, by bisection on log tokens.

        Where even no tokens cost more than the budget, the answer is the lower end of the search, one token.

        Raises:
            SettingsError: the formula does not increase in tokens.
        """
        params, compute = np.broadcast_arrays(np.asarray(params, float), np.asarray(compute, float))
        low, high = np.zeros(params.shape), np.full(params.shape, np.log(1e30))
        if np.any(np.asarray(self(params, np.exp(high))) <= np.asarray(self(params, np.exp(low)))):
            raise SettingsError(f"{type(self).__name__} does not increase with tokens, so a budget does not fix them.")
        # 80 halvings of a bracket of 69 end below rounding.
        for _ in range(80):
            middle = 0.5 * (low + high)
            affordable = np.asarray(self(params, np.exp(middle))) < compute
            low, high = np.where(affordable, middle, low), np.where(affordable, high, middle)
        return np.exp(0.5 * (low + high))
