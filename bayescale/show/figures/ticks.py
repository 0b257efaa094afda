"""Ticks of sizes and tokens, in the letters that people count them with: 70B parameters, 1.4T tokens."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, Locator, NullFormatter, NullLocator

from bayescale.show.figures.style import power_text
from bayescale.show.numbers import format_number

LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
# Numbers from here on have no letter that everybody reads alike.
LARGEST = 1e15
# Steps between powers of ten, the finest that leaves few enough ticks, and how many those are.
STEPS = ((1.0, 2.0, 3.0, 5.0), (1.0, 3.0), (1.0,))
MOST = 7


def counted(value: float) -> str:
    """Return a count with its letter, to three digits.

    >>> counted(7e10), counted(1.4e12), counted(1.25e8), counted(512), counted(3e17)
    ('70B', '1.4T', '125M', '512', '3×10¹⁷')
    """
    if value >= LARGEST:
        return power_text(value)
    for scale, letter in LETTERS:
        if value >= scale * (1 - 5e-4):
            return f"{format_number(value / scale)}{letter}"
    return format_number(value)


def round_ticks(low: float, high: float, most: int = MOST) -> list[float]:
    """Return round numbers between two positive ends, on a logarithmic scale, and no more than so many.

    >>> round_ticks(2e8, 4e10)
    [300000000.0, 1000000000.0, 3000000000.0, 10000000000.0, 30000000000.0]
    """
    found: list[float] = []
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in STEPS:
        round_numbers = [float(f"{step}e{power}") for power in powers for step in steps]
        found = [number for number in round_numbers if low <= number <= high]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


class RoundLocator(Locator):
    """Ticks at round numbers of a logarithmic axis, whatever its limits become.

    Args:
        most: how many there are at most.
    """

    def __init__(self, most: int):
        self.most = most

    def __call__(self) -> list[float]:
        ends = self.axis.get_view_interval() if self.axis is not None else (math.nan, math.nan)
        return self.tick_values(min(ends), max(ends))

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the places of ticks between two ends."""
        return round_ticks(vmin, vmax, self.most) if 0 < vmin < vmax < math.inf else []


def count_axis(axis: Axis, most: int = MOST) -> None:
    """Give a logarithmic axis of sizes or tokens ticks such as 10B and 1T."""
    _set(axis, most, counted)


def number_axis(axis: Axis, most: int = MOST) -> None:
    """Give a logarithmic axis of other numbers few ticks, which are plain numbers or powers."""
    _set(axis, most, power_text)


def _set(axis: Axis, most: int, words: Any) -> None:
    axis.set_major_locator(RoundLocator(most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
