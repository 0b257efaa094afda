"""Sums over runs that the densities of noises are made of, for NumPy and JAX arrays alike."""

from __future__ import annotations

from typing import Any

import numpy as np


def count_of(residual: Any, mask: Any) -> Any:
    """Number of runs: residuals are draw x run; the mask is 1 for runs and 0 for padding, or None without padding."""
    return residual.shape[1] if mask is None else mask.sum()


def log_scales(scale: Any, residual: Any, mask: Any) -> Any:
    """Sum of the log scales over runs, for scales of shape draw x run, or draw x 1 if all runs share one."""
    logs = scale.__array_namespace__().log(scale)
    if scale.shape[1] == 1:
        return logs[:, 0] * count_of(residual, mask)
    return (logs if mask is None else logs * mask).sum(axis=1)


def sum_log(values: Any, together: int = 8) -> Any:
    """Sum over the last axis of the logs of numbers from 1 to 1e38, in NumPy as logs of products of a few of them.

    There a product costs a tenth of a logarithm; eight such numbers stay below the largest float. A compiler makes one
    loop of logarithms and sum, which products would break up.
    """
    if not isinstance(values, np.ndarray):
        return values.__array_namespace__().log(values).sum(axis=-1)
    rest = values.shape[1] % together
    whole = values[:, rest:].reshape(values.shape[0], -1, together)
    products = whole[..., 0]
    for i in range(1, together):
        products = products * whole[..., i]
    return np.log(products).sum(axis=1) + np.log(values[:, :rest]).sum(axis=1)


# Of the asymptotic series of log Gamma(x + 1/2) - log Gamma(x) in 1/x, the coefficients of x^-1, x^-3, ... beside
# log(x) / 2: the values at 1/2 of Bernoulli's polynomials less those at 0, over n (n + 1).
_STEP = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432, 691 / 180224, -5461 / 425984)


def log_gamma_step(x: Any) -> Any:
    """log Gamma(x + 1/2) - log Gamma(x) for x > 0, exact to rounding.

    JAX's logarithm of the gamma function costs as much as a hundred runs' densities, and its derivative again.
    """
    xp = x.__array_namespace__()
    # Gamma(y + 1) = y Gamma(y) moves x to where the series has converged: its next term is below 2e-15 from 8 on.
    moved = 1.0
    for i in range(8):
        moved = moved * (x + i) / (x + i + 0.5)
    inverse = 1.0 / (x + 8.0)
    series = xp.zeros_like(inverse)
    for coefficient in reversed(_STEP):
        series = series * inverse * inverse + coefficient
    return 0.5 * xp.log(x + 8.0) + series * inverse + xp.log(moved)
