"""What a FLOP costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.costs import RateCard
from bayescale.language.errors import SettingsError


@dataclass(frozen=True)
class Money:
    """The unit in which runs are paid.

    Args:
        per_flop: price of one FLOP.
        unit: ``"FLOP"`` where compute is paid in compute, ``"dollars"``, or ``"units of price"``.
    """

    per_flop: float
    unit: str

    @classmethod
    def of(cls, price: Any) -> Money:
        """The unit that a price is in.

        Args:
            price: a :class:`bayescale.costs.RateCard`, a number per FLOP, or None for compute itself.

        Raises:
            SettingsError: it is none of these.
        """
        if price is None:
            return cls(1.0, "FLOP")
        if isinstance(price, RateCard):
            return cls(float(price.dollars(1.0)), "dollars")
        return cls(positive("price", price, "a price per FLOP such as 2e-18, or a costs.RateCard"), "units of price")


def positive(name: str, value: Any, such: str) -> float:
    """Return a positive finite number.

    Raises:
        SettingsError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise SettingsError(f"{name} must be positive and finite, {such}, got {value!r}.")
    return float(value)
