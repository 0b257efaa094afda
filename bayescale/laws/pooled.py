"""The rules of a law's pooled coordinates, tried at random points before a model relies on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from bayescale.language.errors import LawError
from bayescale.laws.base import Law

POINTS, SHIFT, STEP = 5, 0.37, 1e-4
# Of inputs, until the law is finite there.
TRIES = 30
# What rounding and the differences of the Jacobian leave is far below this, and a wrong rule misses by far more.
TOLERANCE = 1e-6


class _Tried(NamedTuple):
    """At one point: coordinates, the ways back and forth, the determinant, the rise of the log loss with the level."""

    logs: np.ndarray
    pooled: np.ndarray
    back: np.ndarray
    again: np.ndarray
    volume: float
    rise: float


def check_pooled(law: type[Law]) -> None:
    """Refuse a law whose pooled coordinates break a rule that :class:`Law` states; each class is tried once.

    Raises:
        LawError: which rule is broken and how to mend it.
    """
    _check(law)  # type: ignore[arg-type]  # mypy thinks that these classes have no hash


@cache
def _check(law: type[Law]) -> None:
    name = law.__name__
    try:
        # One after the other and uncompiled, which takes less time than compiling would.
        with jax.enable_x64(True), np.errstate(all="ignore"):
            tried = [_try(law, *point) for point in _points(law)]
    except Exception as error:
        raise LawError(f"{name}: pool or unpool cannot be run: {type(error).__name__}: {error}.") from error
    for at in tried:
        if not (np.isfinite(at.pooled).all() and np.isfinite(at.back).all()):
            raise LawError(f"{name}: pool or unpool is not finite over the prior of the law.")
        if not _close(at.back, at.logs) or not _close(at.again, at.pooled):
            raise LawError(f"{name}: unpool(pool(logs)) is not logs; make unpool the inverse of pool.")
        if not _close(abs(at.volume), 1.0):
            raise LawError(
                f"{name}: the Jacobian determinant of pool is {at.volume:.4g}, and the density of the population needs "
                "1 or -1; write sums and differences of logs, without factors."
            )
        if not _close(at.rise, SHIFT):
            raise LawError(
                f"{name}: the first pooled coordinate, {law.pooled[0].name!r}, must be the level of the loss: adding "
                f"{SHIFT} to it alone adds {at.rise:.4g} to the log of the loss. Put first what scales the whole loss, "
                "write the others as ratios to it, or leave pooled out."
            )


def _close(found: Any, expected: Any) -> bool:
    return bool(np.max(np.abs(found - expected)) <= TOLERANCE)


def _points(law: type[Law]) -> list[tuple[np.ndarray, Law, dict[str, float]]]:
    """Logs of parameters from about their priors, the law there, and inputs around the anchors where it has a loss."""
    rng, center = np.random.default_rng(0), 1e9
    moments = np.array([p.prior.unconstrained_moments() if p.prior.positive else (0.0, 0.5) for p in law.parameters])
    points = []
    for _ in range(POINTS):
        logs = moments[:, 0] + np.minimum(moments[:, 1], 1.0) * rng.standard_normal(len(moments))
        anchors = {a.name: center for a in law.anchors}
        instance = law(*np.exp(logs), **anchors)
        points.append((logs, instance, _inputs(instance, rng, center)))
    return points


def _inputs(instance: Law, rng: np.random.Generator, center: float) -> dict[str, float]:
    """Inputs at which the law has a loss: where one is a part of another, not every draw is a design."""
    for _ in range(TRIES):
        inputs = {argument: center * 10.0 ** rng.uniform(-2, 2) for argument in instance.arguments}
        if np.isfinite(np.asarray(instance(**inputs), float)):
            break
    return inputs


def _try(law: type[Law], logs: np.ndarray, instance: Law, inputs: dict[str, float]) -> _Tried:
    pool, unpool = (_checked(f, len(logs)) for f in (law.pool, law.unpool))
    pooled = pool(logs)
    back = unpool(pooled)
    steps = STEP * np.eye(len(logs))
    jacobian = np.array([(pool(logs + step) - pool(logs - step)) / (2 * STEP) for step in steps])
    moved = unpool(pooled + SHIFT * (np.arange(len(logs)) == 0))
    there = instance.replace(**{p.name: value for p, value in zip(law.parameters, np.exp(moved), strict=True)})
    rise = np.log(np.asarray(there(**inputs), float)) - np.log(np.asarray(instance(**inputs), float))
    return _Tried(logs, pooled, back, pool(back), float(np.linalg.det(jacobian)), float(rise))


def _checked(function: Callable[[Any], Any], size: int) -> Callable[[np.ndarray], np.ndarray]:
    def call(vector: np.ndarray) -> np.ndarray:
        value = np.asarray(function(jax.numpy.asarray(vector)), float)
        if value.shape != (size,):
            raise ValueError(f"expected {size} numbers, one per parameter, got an array of shape {value.shape}")
        return value

    return call
