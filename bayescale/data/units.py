"""Loss units at the door: everything becomes nats per token."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bayescale.data.schema import COLUMNS, Column
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS

# Tokenizers have some bytes per token; longer sequences are no tokens of a language model.
MOST_BYTES = 1e6


def check_unit(loss_unit: str, bytes_per_token: float | None) -> None:
    """Refuse a unit that is unknown or whose conversion lacks, or has no use for, the bytes per token.

    Args:
        loss_unit: the unit of the losses in the source.
        bytes_per_token: the mean bytes per token of the test set under the tokenizer, for bits/byte only.

    Raises:
        SettingsError: with the accepted units or the missing number.
    """
    if loss_unit not in LOSS.conventions:
        accepted = ", ".join(repr(name) for name in LOSS.conventions)
        raise SettingsError(f"loss_unit must be one of {accepted}, got {loss_unit!r}.")
    if loss_unit == "bits/byte":
        if bytes_per_token is None:
            raise SettingsError(
                "loss_unit='bits/byte' needs bytes_per_token=..., the mean bytes per token of the test set."
            )
        if not 1 / MOST_BYTES <= bytes_per_token <= MOST_BYTES:
            raise SettingsError(f"bytes_per_token must be a positive number such as 4.2, got {bytes_per_token!r}.")
    elif bytes_per_token is not None:
        raise SettingsError(f"bytes_per_token is used with loss_unit='bits/byte' only, got loss_unit={loss_unit!r}.")


def loss_column(loss_unit: str) -> Column:
    """Return the rule for a loss cell in its source unit: a perplexity is above 1, anything else above 0."""
    return replace(COLUMNS["loss"], lower=1.0) if loss_unit == "perplexity" else COLUMNS["loss"]


def to_nats(
    loss: np.ndarray, standard_error: np.ndarray | None, *, loss_unit: str, bytes_per_token: float | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Convert losses and their standard errors to nats per token.

    Args:
        loss: losses in ``loss_unit``, over rows.
        standard_error: their standard errors in the same unit, over rows, or None.
        loss_unit: the unit in the source.
        bytes_per_token: bytes per token, for bits/byte.

    Returns:
        losses and standard errors in nats/token, over rows.
    """
    if loss_unit == "perplexity":
        # Delta method: the logarithm divides an error by the value.
        return np.log(loss), None if standard_error is None else standard_error / loss
    nats = {"nats/token": 1.0, "bits/token": math.log(2), "bits/byte": math.log(2) * (bytes_per_token or 1.0)}
    factor = nats[loss_unit]
    return loss * factor, None if standard_error is None else standard_error * factor
