"""What a learning-rate schedule has done up to each step: its area, and how much it has annealed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError

# How much of a fall of the learning rate is still to act one step later; the paper has 0.99 to 0.999.
MEMORY = 0.999


def schedule_areas(lr: Any, *, memory: float = MEMORY, warmup: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns ``lr_area`` (S1) and ``annealing_area`` (S2) of a schedule, after each step.

    S1 is the sum of the learning rates so far. A fall of the learning rate acts with delay: a momentum gains each fall
    and keeps the share ``memory`` from step to step; S2 is the sum of that momentum so far. A rise counts as a negative
    fall, but for warm-up, which is no annealing.

    Args:
        lr: learning rate of every step, positive or zero, in the order of steps.
        memory: share kept per step, in [0, 1).
        warmup: steps at the beginning whose changes do not count, nor does that to the first step after them.

    Returns:
        two arrays over step, in units of lr x steps.

    Raises:
        SettingsError: a schedule that is no list of learning rates, or another number outside its bounds.

    References:
        tissue2024scaling

    Examples:
        >>> area, annealing = schedule_areas([1.0, 1.0, 0.5, 0.5], memory=0.5)
        >>> area.tolist(), annealing.tolist()
        ([1.0, 2.0, 2.5, 3.0], [0.0, 0.0, 0.5, 0.75])
    """
    rates = np.asarray(lr, float)
    if rates.ndim != 1 or not rates.size or not (np.isfinite(rates) & (rates >= 0)).all():
        raise SettingsError("lr must be a flat list of learning rates, zero or positive, one per step.")
    if not 0 <= memory < 1:
        raise SettingsError(f"memory must be at least 0 and below 1, got {memory!r}.")
    if not isinstance(warmup, int | np.integer) or isinstance(warmup, bool) or warmup < 0:
        raise SettingsError(f"warmup must be a whole number of steps, zero or more, got {warmup!r}.")
    from scipy.signal import lfilter  # slow to import, and needed here only

    falls = -np.diff(rates, prepend=rates[0])
    falls[: warmup + 1] = 0.0
    return np.cumsum(rates), np.cumsum(lfilter([1.0], [1.0, -memory], falls))


def cosine_schedule(steps: int, peak: float, *, final: float = 0.1, warmup: int = 0) -> np.ndarray:
    """Return the learning rate of every step: a linear warm-up, then half a cosine down to ``final`` x ``peak``.

    Args:
        steps: of the whole run, at least 1.
        peak: largest learning rate, positive.
        final: last learning rate over the largest, in [0, 1].
        warmup: steps of warm-up, fewer than ``steps``.

    Raises:
        SettingsError: a number outside these bounds.

    Examples:
        >>> cosine_schedule(5, 1.0, final=0.0, warmup=0).round(3).tolist()
        [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    if not (0 <= warmup < steps and peak > 0 and 0 <= final <= 1):
        raise SettingsError(
            "A cosine schedule needs 0 <= warmup < steps, a positive peak and final in [0, 1], got "
            f"steps={steps!r}, peak={peak!r}, final={final!r}, warmup={warmup!r}."
        )
    step = np.arange(steps)
    done = np.clip((step - warmup) / max(steps - 1 - warmup, 1), 0.0, 1.0)
    falling = peak * (final + (1.0 - final) * 0.5 * (1.0 + np.cos(np.pi * done)))
    return np.where(step < warmup, peak * (step + 1) / max(warmup, 1), falling)
