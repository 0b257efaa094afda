"""A noise of the user's says its density twice, for single runs and for sums of runs; the two are tried once."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.language.errors import LawError, SettingsError
from bayescale.models.noise import NOISES, Noise

# What rounding leaves is far below this, and another formula misses by far more.
TOLERANCE = 1e-8


def check_log_likelihood(noise: type[Noise]) -> None:
    """Refuse a noise whose ``log_likelihood`` is not the sum of what its ``__call__`` says of single runs.

    Raises:
        LawError: it differs, or fails, for NumPy or for JAX arrays, with or without measurement errors and padding.
    """
    if noise.log_likelihood is not Noise.log_likelihood and noise not in NOISES:
        _check(noise)


@cache
def _check(noise: type[Noise]) -> None:
    residual = np.array([[-0.03, 0.004, 0.02, 0.0, 0.0], [0.01, -0.002, 0.05, 0.0, 0.0]])
    values = {p.name: p.prior.typical() * np.array([[1.0], [1.4]]) for p in noise.parameters}
    errors = {"no measurement errors": np.zeros(1), "measurement errors": np.array([0.0, 0.01, 0.02, 0.03, 0.04])}
    with jax.enable_x64(True):
        for words, sd in errors.items():
            # Padding comes last, with residuals of zero.
            for count in (5, 3):
                mask = np.arange(5) < count
                expected = [_one_by_one(noise, values, i, residual[i], sd)[mask].sum() for i in range(2)]
                for kind, array in (("NumPy", np.asarray), ("JAX", jnp.asarray)):
                    given = array(residual * mask), array(sd), None if count == 5 else array(mask * 1.0)
                    _compare(
                        noise, values, given, expected, array, f"{kind} arrays, {words} and {5 - count} of padding"
                    )


def _compare(noise: type[Noise], values: Any, given: Any, expected: Any, array: Any, where: str) -> None:
    made = noise(**{name: array(value) for name, value in values.items()})
    try:
        found = np.asarray(made.log_likelihood(*given), float)
    except Exception as error:
        raise LawError(
            f"{noise.__name__}.log_likelihood cannot be run ({where}): {type(error).__name__}: {error}. Mend it, or "
            "leave it out."
        ) from error
    if found.shape != (2,) or not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise LawError(
            f"{noise.__name__}.log_likelihood is not the sum of __call__(...).log_prob over runs ({where}): {found} "
            f"instead of {np.asarray(expected)}. Mend it, or leave it out."
        )


def _one_by_one(noise: type[Noise], values: Any, draw: int, residual: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Log density of each run of one draw, around a curve at zero."""
    one = noise(**{name: value[draw, 0] for name, value in values.items()})
    return np.array(
        [float(one(0.0, e).log_prob(r)) for r, e in zip(residual, np.broadcast_to(sd, residual.shape), strict=True)]
    )


def check_scaling(noise: type[Noise], residuals: str) -> None:
    """Refuse a noise that is not hypot(sigma, measurement_sd) times one distribution: residuals along runs are.

    Raises:
        SettingsError: it is of the response itself, or is another function of its scale.
    """
    if noise.of_value or not noise.scale:
        raise SettingsError(
            f"Residuals {residuals!r} are of the log of the response, and the noise {noise.name!r} is of the response "
            "itself; take 'normal' or 'student-t' noise, or effects='run'."
        )
    if noise not in NOISES and not _scales(noise):
        raise SettingsError(
            f"Residuals {residuals!r} need a noise that is hypot({noise.scale}, measurement_sd) times one distribution "
            f"around log_loss, and {noise.name!r} is not; take 'normal', 'student-t' or 'laplace'."
        )


@cache
def _scales(noise: type[Noise]) -> bool:
    """Whether the distribution of residuals divided by their scale is always the same."""
    values = {p.name: p.prior.typical() for p in noise.parameters}
    standard = np.array([-2.0, -0.3, 0.7, 3.0])
    found = []
    with jax.enable_x64(True):
        for sigma, sd, log_loss in ((0.01, 0.0, 0.0), (0.03, 0.04, 0.7), (0.5, 0.0, 1.2)):
            scale = float(np.hypot(sigma, sd))
            one = noise(**values | {noise.scale: sigma})(log_loss, sd)
            found.append(np.asarray(one.log_prob(log_loss + scale * standard)) + np.log(scale))
    return bool(np.allclose(found[1:], found[0], rtol=TOLERANCE, atol=TOLERANCE))
