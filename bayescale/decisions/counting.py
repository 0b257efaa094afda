"""Whether a cost counts parameters as the data of a fit do."""

from __future__ import annotations

from typing import Any

from bayescale.costs import Cost
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError


def check_cost(cost: Any) -> None:
    """Refuse what is no cost.

    Raises:
        SettingsError: it is none.
    """
    if not isinstance(cost, Cost):
        raise SettingsError(f"cost must be a Cost such as costs.SixND(), got {cost!r}.")


def check_counting(cost: Cost, fit: Fit) -> None:
    """Refuse a cost that counts parameters otherwise than a fit's table.

    Raises:
        SettingsError: it does.
    """
    table = fit.runs.params_convention
    if cost.params_convention not in (None, table):
        raise SettingsError(
            f"The cost {cost.name} counts parameters as {cost.params_convention!r}, the fit's table as "
            f"{table!r}; give the cost shapes with params_convention={table!r}, or convert the fit."
        )
