"""The critical batch size of Kaplan et al. (2020), and what steps and compute would have been at other batches."""

from __future__ import annotations

from typing import Any

# Table 5: B*, in tokens, and alpha_B.
BATCH_SCALE, BATCH_EXPONENT = 2.1e8, 0.21


def critical_batch(loss: Any, *, scale: Any = BATCH_SCALE, exponent: Any = BATCH_EXPONENT) -> Any:
    """Return the batch at which a loss is reached with twice the least steps and twice the least compute.

    B_crit = B* / L^(1/alpha_B), which doubles for every 13 % that the loss falls.

    Args:
        loss: in nats/token, positive.
        scale: B*, the critical batch at 1 nat/token, in tokens.
        exponent: alpha_B.

    Returns:
        tokens, of the shape of ``loss``.

    References:
        kaplan2020scaling, equation 1.4

    >>> f"{critical_batch(2.0):.3g}"
    '7.74e+06'
    """
    return scale / loss ** (1.0 / exponent)


def least_steps(steps: Any, batch: Any, critical: Any) -> Any:
    """Return S_min, the steps that a batch far above the critical one would have needed for the same loss.

    Args:
        steps: optimiser steps taken.
        batch: batch size in tokens, positive.
        critical: critical batch in tokens at the loss reached.

    References:
        kaplan2020scaling, equation 5.4

    >>> least_steps(1000.0, 5e5, 5e5)
    500.0
    """
    return steps / (1.0 + critical / batch)


def least_compute(compute: Any, batch: Any, critical: Any) -> Any:
    """Return C_min, the compute that a batch far below the critical one would have needed for the same loss.

    Args:
        compute: training compute in FLOP.
        batch: batch size in tokens.
        critical: critical batch in tokens at the loss reached, positive.

    References:
        kaplan2020scaling, equation 5.5

    >>> least_compute(1e18, 5e5, 5e5)
    5e+17
    """
    return compute / (1.0 + batch / critical)
