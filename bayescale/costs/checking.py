"""Checking the numbers that costs are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS


def check_positive(owner: str, name: str, value: Any, form: str, *, single: bool = False) -> None:
    """Refuse what is not a positive finite number, or an array of such; values that JAX traces pass unseen.

    Args:
        owner: the class, for messages.
        name: of the field.
        value: of the field.
        form: unit or meaning, for messages.
        single: refuse arrays.

    Raises:
        SettingsError: anything else.
    """
    if hasattr(value, "__array_namespace__") and not isinstance(value, np.ndarray | np.generic):
        return
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.size == 0 or (single and array.ndim > 0) or not np.all(np.isfinite(array) & (array > 0)):
        raise SettingsError(f"{owner}: {name} must be positive and finite, {form}, got {value!r}.")


def check_share(owner: str, name: str, value: Any, form: str, *, zero: bool = False) -> None:
    """Refuse what is not a number in (0, 1], or in [0, 1] where ``zero`` is allowed.

    Raises:
        SettingsError: anything else.
    """
    inside = isinstance(value, int | float | np.number) and (0 < value <= 1 or (zero and value == 0))
    if not inside:
        raise SettingsError(f"{owner}: {name} must be in {'[' if zero else '('}0, 1], {form}, got {value!r}.")


def check_convention(owner: str, name: str, value: Any) -> None:
    """Refuse what is no way of counting parameters.

    Raises:
        SettingsError: anything but ``"total"``, ``"non_embedding"`` or ``"active"``.
    """
    if value not in PARAMS.conventions:
        accepted = ", ".join(repr(known) for known in PARAMS.conventions)
        raise SettingsError(f"{owner}: {name} must be one of {accepted}, got {value!r}.")
