"""Settings of a point fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bayescale.inference.point.losses import LOSSES
from bayescale.language.errors import SettingsError

UNITS = ("run", "budget")


@dataclass(frozen=True)
class PointSettings:
    """What a point fit minimises and how often; hashable, kept with the result.

    Args:
        loss: ``"huber"``, ``"soft-l1"`` or ``"squares"``, of residuals of log loss.
        delta: residual at which the loss turns from quadratic to straight, in log loss; squares do not use it.
        starts: number of starts, at least 1.
        resamples: number of bootstrap resamples, at least 2.
        resample: what is drawn with replacement: ``"run"`` (all rows of a run together, where the table has a column
            ``run``; otherwise every row is a run) or ``"budget"``.
        iterations: most evaluations of the curve for one start or resample.
    """

    loss: str = "huber"
    delta: float = 1e-3
    starts: int = 4500
    resamples: int = 4000
    resample: str = "run"
    iterations: int = 300

    def __post_init__(self) -> None:
        for name, known in (("loss", tuple(LOSSES)), ("resample", UNITS)):
            if getattr(self, name) not in known:
                raise SettingsError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}.")
        for name, least in (("starts", 1), ("resamples", 2), ("iterations", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingsError(f"{name} must be a whole number of at least {least}, got {value!r}.")
        number = isinstance(self.delta, int | float) and not isinstance(self.delta, bool)
        if not (number and math.isfinite(self.delta) and self.delta > 0):
            raise SettingsError(f"delta must be a positive finite number, in log loss, got {self.delta!r}.")
