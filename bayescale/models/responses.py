"""The observed responses of a table as the noise of a model takes them: logs, or the values with what they need."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.data import Runs
from bayescale.data.schema import MODEL_ERROR
from bayescale.language.errors import BadCell, DataError
from bayescale.laws import Law
from bayescale.models.noise import Noise
from bayescale.models.value_noise import ValueNoise

NAMED_ROWS = 5


def responses(law: type[Law], runs: Runs, noise: type[Noise] | None) -> dict[str, Any]:
    """What is observed, over rows.

    Args:
        law: says which column it is.
        runs: the table.
        noise: None for one of log loss.

    Returns:
        ``log_loss`` and ``measurement_sd``, its known sd with the law's own error; for a noise of the response itself
        these are approximate, and ``value`` has what it needs: ``observed``, ``sd`` and its ``columns``.

    Raises:
        DataError: a response that the noise has no distribution for.
    """
    name, table = law.response.name, runs.table
    value = runs.numbers(name)
    error = runs.numbers(f"{name}_se") if f"{name}_se" in table else np.zeros(len(runs))
    if noise is None or not issubclass(noise, ValueNoise):
        remedy = " or use noise='beta-binomial' with a column 'items'" if law.response.upper == 1 else ""
        words = f"is not positive, and the fit is one of log {name} (leave these runs out{remedy})"
        _refuse(law, value, value <= 0, words)
        own = runs.numbers(MODEL_ERROR) if MODEL_ERROR in table else 0.0
        return {"log_loss": np.log(value), "measurement_sd": np.hypot(error / value, own)}
    if MODEL_ERROR in table:
        raise DataError(
            f"The table has an error of the law, {MODEL_ERROR!r}, which is one of log {name}; the noise {noise.name!r} "
            f"is of {name} itself. Leave the column out, or take a noise of the log."
        )
    columns = {argument: runs.numbers(quantity.name) for argument, quantity in noise.columns.items()}
    _refuse(law, value, *noise.unusable(law.response, value, **columns))
    log_response, sd = noise.roughly(value, error, **columns)
    observed = {"observed": value, "sd": error, "columns": columns}
    return {"log_loss": log_response, "measurement_sd": sd, "value": observed}


def _refuse(law: type[Law], value: np.ndarray, unusable: np.ndarray, reason: str) -> None:
    """Refuse a table with unusable responses, with the rows of the table that was read."""
    rows = np.flatnonzero(unusable).tolist()
    if not rows:
        return
    cells = tuple(BadCell(i + 1, law.response.name, f"{value[i]:.15g}", reason) for i in rows)
    shown = ", ".join(f"{cell.value} in row {cell.row}" for cell in cells[:NAMED_ROWS])
    more = f" and {len(cells) - NAMED_ROWS} more" if len(cells) > NAMED_ROWS else ""
    raise DataError(f"The table cannot be fitted: {law.response.name} {shown}{more} {reason}.", cells)
