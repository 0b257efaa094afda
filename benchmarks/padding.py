"""Tables of one length, so that what a user compiles for one of them serves all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpyro.primitives import Messenger

BY_ROW = ("N", "D", "log_N", "log_D", "log_loss", "family")


def pad(data: Mapping[str, Any], width: int) -> dict[str, Any]:
    """Columns of a table padded by its first row, and ``real``, which says what is none of the padding."""
    count = len(data["log_loss"])
    real = np.arange(width) < count
    row = np.where(real, np.arange(width), 0)
    return {**data, **{name: np.asarray(data[name])[row] for name in BY_ROW}, "real": real}


def padded(model: Callable[[Mapping[str, Any]], None]) -> Callable[[Mapping[str, Any]], None]:
    """The model of numpyro_models.py with the likelihood of the real rows only."""

    def real_rows(data: Mapping[str, Any]) -> None:
        with _RealRows(data["real"]):
            model(data)

    return real_rows


class _RealRows(Messenger):
    def __init__(self, real: Any):
        self.real = real
        super().__init__(None)

    def process_message(self, msg: dict[str, Any]) -> None:
        if msg["name"] == "log_loss":  # not every observed site: NumPyro's own Jacobians are such, too
            msg["fn"] = msg["fn"].mask(self.real)
