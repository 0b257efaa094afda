"""Checking the numbers that a question about a fit is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.data.schema import is_mixture
from bayescale.data.together import SHARES
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, INDICATORS, PARAMS, TOKENS, Quantity

# What compute follows from.
DESIGN: dict[str, Quantity] = {q.name: q for q in (PARAMS, TOKENS)}


def numbers_of(quantity: Quantity, value: Any) -> np.ndarray:
    """Return a flat array of values of a quantity.

    Raises:
        SettingsError: anything else.
    """
    form = "one number or a flat list"
    if quantity.strict and quantity.lower == 0 and quantity.upper == np.inf:
        return positive_numbers(quantity.name, value, form)
    array = _flat_numbers(quantity.name, value)
    with np.errstate(invalid="ignore"):
        low = array > quantity.lower if quantity.strict else array >= quantity.lower
        good = np.isfinite(array) & low & (array <= quantity.upper)
    if array.ndim != 1 or array.size == 0 or not good.all():
        above = f"{'above' if quantity.strict else 'at least'} {quantity.lower:g}"
        below = f" and at most {quantity.upper:g}" if np.isfinite(quantity.upper) else ""
        raise SettingsError(f"{quantity.name} must be finite, {above}{below}, {form}, got {value!r}.")
    if quantity.name in INDICATORS and not np.isin(array, (0.0, 1.0)).all():
        raise SettingsError(f"{quantity.name} must be 0 (no) or 1 (yes), {form}, got {value!r}.")
    return array


def number_of(quantity: Quantity, value: Any) -> float:
    """Return the one value of a quantity that all budgets share.

    Raises:
        SettingsError: several, or anything else.
    """
    numbers = numbers_of(quantity, value)
    if numbers.size != 1:
        raise SettingsError(f"{quantity.name} must be one number, the same for all budgets, got {value!r}.")
    return float(numbers[0])


def one_length(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return flat arrays with single numbers repeated to the length of the others.

    Raises:
        SettingsError: arrays of different lengths.
    """
    sizes = {array.size for array in arrays.values()} - {1}
    if len(sizes) > 1:
        lengths = ", ".join(f"{name} {array.size}" for name, array in arrays.items())
        raise SettingsError(f"The inputs must have one length, or be single numbers; got {lengths}.")
    return {name: np.broadcast_to(array, (max(sizes, default=1),)).copy() for name, array in arrays.items()}


def check_mixtures(points: Mapping[str, np.ndarray]) -> None:
    """Refuse weights of a mixture that do not sum to 1.

    Args:
        points: values by the name of their quantity, all of one length.

    Raises:
        SettingsError: with the first mixture that does not.
    """
    weights = {name: values for name, values in points.items() if is_mixture(name)}
    # A law of one weight leaves the rest to the other domains.
    total = np.sum(list(weights.values()), axis=0) if len(weights) > 1 else np.ones(1)
    if (wrong := np.abs(total - 1) > SHARES).any():
        first = int(np.argmax(wrong))
        shown = ", ".join(f"{name}={values[first]:g}" for name, values in weights.items())
        raise SettingsError(f"The weights of a mixture sum to 1, and {shown} sum to {total[first]:.6g}.")


def positive_numbers(name: str, value: Any, form: str) -> np.ndarray:
    """Return a flat array of positive finite numbers.

    Args:
        name: of the argument, for messages.
        value: one number or a flat list.
        form: what else the message says of the form.

    Raises:
        SettingsError: anything else.
    """
    array = _flat_numbers(name, value)
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array) & (array > 0)):
        raise SettingsError(f"{name} must be positive and finite, {form}, got {value!r}.")
    return array


def is_positive_number(value: Any) -> bool:
    """Whether a value is one positive finite number; True is none."""
    return not isinstance(value, bool) and isinstance(value, int | float | np.number) and bool(0 < value < np.inf)


def positive_number(name: str, value: Any, form: str) -> float:
    """Return one positive finite number; arguments and errors as of :func:`positive_numbers`."""
    if not is_positive_number(value):
        raise SettingsError(f"{name} must be positive and finite, {form}, got {value!r}.")
    return float(value)


def _flat_numbers(name: str, value: Any) -> np.ndarray:
    """What numpy makes of a number or a list of numbers."""
    try:
        return np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError):
        raise SettingsError(f"{name} must be a number or a list of numbers, got {value!r}.") from None


def points_of(law: str, quantities: dict[str, Quantity], given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Check the inputs and bring them to one length; size and tokens may be given beside those that are needed."""
    needed = set(quantities)
    for name in sorted((needed ^ set(given)) - (set(given) & set(DESIGN))):
        state = "needs" if name in needed else "does not take"
        raise SettingsError(f"The law {law!r} {state} the input {name!r}; its inputs: {', '.join(sorted(needed))}.")
    every = quantities | DESIGN
    # Size and tokens first, then in the order of the law's arguments.
    order = [name for name in (*DESIGN, *quantities) if name in given]
    points = one_length({name: numbers_of(every[name], given[name]) for name in dict.fromkeys(order)})
    check_mixtures(points)
    return points


def compute_of(points: dict[str, np.ndarray], cost: Cost) -> np.ndarray:
    """Training compute of every point, NaN where the inputs do not say."""
    if set(DESIGN) <= set(points):
        return cost(points[PARAMS.name], points[TOKENS.name])
    return points[COMPUTE.name] if COMPUTE.name in points else np.full(_length(points), np.nan)


def _length(points: dict[str, np.ndarray]) -> int:
    return next(iter(points.values())).size
