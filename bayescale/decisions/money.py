"""What a FLOP costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayescale.costs import RateCard
from bayescale.decisions.inputs import positive_number


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
        return cls(
            positive_number("price", price, "a price per FLOP such as 2e-18, or a costs.RateCard"), "units of price"
        )
