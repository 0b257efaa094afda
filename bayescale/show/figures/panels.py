"""Several axes side by side or in a grid, and what their labels are."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayescale.language.errors import SettingsError
from bayescale.language.latex import plain_symbol
from bayescale.models import Model

# Ends of an axis that differ by more than this factor need a logarithmic one.
WIDE = 10.0


def panels(
    axes: Sequence[Axes] | None,
    count: int,
    *,
    columns: int,
    width: float,
    height: float,
    caller: str,
    beside: float = 0.0,
    **shared: Any,
) -> list[Axes]:
    """Return as many axes: those that were given, or a grid of new ones outside pyplot.

    Args:
        axes: given ones, or None.
        count: how many are needed.
        columns: of the grid, at most.
        width, height: of one, in inches.
        caller: the figure's name.
        beside: inches for a legend beside them.
        shared: ``sharey=True``, say.

    Raises:
        SettingsError: another number of axes was given.
    """
    if axes is not None:
        given = list(np.ravel(np.asarray(axes, dtype=object)))
        if len(given) != count:
            raise SettingsError(f"{caller} draws {count} panels here, so it needs {count} axes, got {len(given)}.")
        return given
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns + beside, height * rows), dpi=150, layout="constrained")
    made = figure.subplots(rows, columns, squeeze=False, **shared).ravel().tolist()
    for spare in made[count:]:
        spare.remove()
    return made[:count]


def symbol_of(model: Model, name: str) -> str:
    """Return a parameter's symbol as plain text; the name of what is no parameter of law or noise."""
    symbols = {p.name: p.symbol for p in model.parameters}
    symbols |= {d.name: d.symbol for d in model.law.derived_quantities}
    return plain_symbol(symbols[name]) if name in symbols else name


def label_of(symbol: str, meaning: str, unit: str, width: int = 26) -> str:
    """Return a parameter's symbol, meaning and unit in lines that a small panel can hold.

    >>> label_of("A", "loss from finite size at N0", "nats/token")
    'A: loss from finite size\\nat N0 (nats/token)'
    """
    # No line begins with an equals sign.
    text = (f"{symbol}: {meaning}" if meaning and meaning != symbol else symbol).replace(" = ", "\u00a0=\u00a0")
    return "\n".join(textwrap.wrap(f"{text} ({unit})" if unit else text, width))


def is_wide(values: Any) -> bool:
    """Whether numbers are positive and so far apart that they need a logarithmic axis."""
    found = np.asarray(values, float)
    found = found[np.isfinite(found)]
    return bool(found.size and found.min() > 0 and found.max() / found.min() > WIDE)
