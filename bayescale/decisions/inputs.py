"""Checking the numbers that a question about a fit is asked with."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError


def positive_numbers(name: str, value: Any, form: str) -> np.ndarray:
    """Return a flat array of positive finite numbers.

    Args:
        name: of the argument, for messages.
        value: one number or a flat list.
        form: what else the message says of the form.

    Raises:
        SettingsError: anything else.
    """
    try:
        array = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError):
        raise SettingsError(f"{name} must be a number or a list of numbers, got {value!r}.") from None
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array) & (array > 0)):
        raise SettingsError(f"{name} must be positive and finite, {form}, got {value!r}.")
    return array
