"""Budgets in compute, dollars or hours, as FLOP and in tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import Cost, RateCard
from bayescale.decisions.inputs import positive_numbers
from bayescale.language.errors import SettingsError

# A plan that costs more than its budget by no more than this spends it.
AFFORDED = 1e-6
# FLOP of one step of a thousand parameters on a thousand tokens: less is a slip of the pen.
LEAST = 6e6


def check_card(card: RateCard | None) -> None:
    """Refuse what is no rate card.

    Raises:
        SettingsError: it is none.
    """
    if card is not None and not isinstance(card, RateCard):
        raise SettingsError(
            f"rate_card must be a costs.RateCard, which turns FLOP into hours and dollars, got {card!r}."
        )


def money_columns(card: RateCard | None, budgets: np.ndarray) -> dict[str, np.ndarray]:
    """What budgets in FLOP are in dollars and hours, by column of a table; nothing without a card."""
    names = () if card is None else ("dollars", "device_hours", "hours")
    return {name: getattr(card, name)(budgets) for name in names}


def check_afforded(params: np.ndarray, budgets: np.ndarray, cost: Cost) -> None:
    """Refuse sizes that leave no tokens.

    Args:
        params, budgets: over budget, the budgets in FLOP.
        cost: what a run costs.

    Raises:
        SettingsError: there is one.
    """
    spent = np.asarray(cost(params, cost.tokens(params, budgets)), float)
    if (over := spent > budgets * (1 + AFFORDED)).any():
        i = int(np.argmax(over))
        raise SettingsError(
            f"A model of {params[i]:.4g} parameters leaves no tokens of {budgets[i]:.4g} FLOP: {cost.name} takes them "
            "all. Give a smaller size or a larger budget."
        )


def in_order(table: pd.DataFrame, budgets: np.ndarray) -> pd.DataFrame:
    """Return a table in long form with its rows in the order of the budgets, and of the rows where these are equal."""
    order = {compute: i for i, compute in enumerate(budgets)}
    return table.sort_values("compute", key=lambda c: c.map(order), kind="stable", ignore_index=True)


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
        if (small := numbers < LEAST).any():
            raise SettingsError(
                f"compute is in FLOP, and {numbers[small][0]:.4g} of them train nothing; 10^22 is written 1e22."
            )
        return numbers
    if card is None:
        raise SettingsError(f"Budgets in {name} need rate_card=costs.RateCard(...), what hardware delivers and costs.")
    if name == "dollars":
        return card.compute_for(numbers)
    return card.compute_in(numbers / card.devices if name == "device_hours" else numbers)
