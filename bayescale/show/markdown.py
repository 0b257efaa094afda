"""Tables as Markdown, for issues, notebooks and model cards."""

from __future__ import annotations

import pandas as pd

from bayescale.show.estimates import estimates


def to_markdown(table: pd.DataFrame, *, digits: int = 3) -> str:
    r"""Return a table of a fit, a prediction or a plan as Markdown, rounded as :func:`to_latex` does it.

    Args:
        table: from ``fit.table()``, ``prediction.table()`` or ``plan.table()``, whole or in part.
        digits: significant digits of numbers that have no interval.

    Raises:
        SettingsError: no such table, an empty one, or intervals of several probabilities.

    Examples:
        >>> row = {"parameter": "alpha", "prob": 0.9, "median": 0.3478, "lower": 0.331, "upper": 0.3612}
        >>> print(to_markdown(pd.DataFrame([row])), end="")
        | parameter | median | 90% equal-tailed interval |
        | --- | ---: | ---: |
        | α | 0.348 | [0.331, 0.361] |
    """
    return estimates(table, digits=digits).markdown()
