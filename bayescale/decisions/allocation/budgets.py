"""Budgets in compute, dollars or hours, as FLOP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayescale.costs import RateCard
from bayescale.decisions.inputs import positive_numbers
from bayescale.language.errors import SettingsError


def check_card(card: RateCard | None) -> None:
    """Refuse what is no rate card.

    Raises:
        SettingsError: it is none.
    """
    if card is not None and not isinstance(card, RateCard):
        raise SettingsError(
            f"rate_card must be a costs.RateCard, which turns FLOP into hours and dollars, got {card!r}."
        )


def budgets_of(given: Mapping[str, Any], card: RateCard | None) -> np.ndarray:
    """Return budgets in FLOP, over budget.

    Args:
        given: one of compute, dollars, device_hours and hours; the others None.
        card: what hardware delivers and costs; needed for all but compute.

    Raises:
        SettingsError: none or several of them, no card, or numbers that are not positive.
    """
    check_card(card)
    asked = {name: value for name, value in given.items() if value is not None}
    if len(asked) != 1:
        got = " and ".join(asked) or "nothing"
        raise SettingsError(f"Give budgets in one of {', '.join(given)}; got {got}.")
    ((name, value),) = asked.items()
    units = {"compute": "in FLOP", "dollars": "in dollars", "device_hours": "hours of one device", "hours": "in hours"}
    numbers = positive_numbers(name, value, units[name])
    if name == "compute":
        return numbers
    if card is None:
        raise SettingsError(f"Budgets in {name} need rate_card=costs.RateCard(...), what hardware delivers and costs.")
    if name == "dollars":
        return card.compute_for(numbers)
    return card.compute_in(numbers / card.devices if name == "device_hours" else numbers)
