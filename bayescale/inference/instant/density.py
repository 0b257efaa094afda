"""The posterior density of a small model in NumPy, many positions at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayescale.inference.instant.powers import Powers
from bayescale.laws import Law
from bayescale.models.chain import innovations, links
from bayescale.models.layout import Layout
from bayescale.models.model import Model

if TYPE_CHECKING:
    from bayescale.inference.instant.modes import Modes

# Numbers per array of draws x runs: the handful that a formula makes of them stays in the processor's cache.
CHUNK = 16_384
# A noise scale of good tables: rows whose known error is far above it say little of where the coordinates should be.
USUAL = 0.004


@dataclass(frozen=True, eq=False)
class Density:
    """Log posterior density in straight coordinates: the law's, then the noise parameters' unconstrained values.

    Args:
        model: with one family, or all parameters common.
        anchors: of the law.
        log_inputs: log of each input by argument of the law, shape (run,).
        log_loss: shape (run,).
        measurement_sd: shape (run,), or (1,) when it is zero for all.
        gap, linked: shape (run,), with rows along runs, where residuals follow each other.
        moves: log of where the coordinates are over the anchor, by anchor; empty where they are at the anchors.
    """

    model: Model
    anchors: Mapping[str, float]
    log_inputs: Mapping[str, np.ndarray]
    log_loss: np.ndarray
    measurement_sd: np.ndarray
    gap: np.ndarray | None = None
    linked: np.ndarray | None = None
    moves: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model, layout: Layout) -> Density:
        """The density of a model for laid-out data."""
        arrays, rows = layout.arrays, layout.position
        if model.residuals is not None:
            order = np.lexsort(rows[::-1])
            rows = rows[0][order], rows[1][order]
        sd = np.asarray(arrays["measurement_sd"])[rows]
        with np.errstate(divide="ignore"):  # an input may be zero, and a power of it then is
            log_inputs = {name: np.log(np.asarray(value)[rows]) for name, value in arrays["inputs"].items()}
        anchors = {name: float(value) for name, value in arrays["anchors"].items()}
        return cls(
            model,
            anchors,
            log_inputs,
            np.asarray(arrays["log_loss"])[rows],
            sd if sd.any() else sd[:1],
            gap=np.asarray(arrays["gap"])[rows] if "gap" in arrays else None,
            linked=np.asarray(arrays["linked"])[rows] if "linked" in arrays else None,
            moves=_moves(model.law, anchors, log_inputs, sd),
        )

    @cached_property
    def size(self) -> int:
        """Number of coordinates."""
        return len(self.model.parameters)

    @cached_property
    def modes(self) -> Modes:
        """All modes that are found; see :func:`find_modes`."""
        from bayescale.inference.instant.modes import find_modes  # which searches densities

        return find_modes(self)

    def unconstrained(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unconstrained parameter values (position x parameter) and the log Jacobian; NaN outside the law's range."""
        count = len(self.model.law.parameters)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            logs, jacobian = self.model.law.unstraighten(tuple(positions[:, :count].T))
            logs = self._moved(logs, 1.0)
        values = np.column_stack([*logs, positions[:, count:]])
        return values, np.broadcast_to(jacobian, values.shape[:1])

    def positions(self, unconstrained: np.ndarray) -> np.ndarray:
        """Inverse of :meth:`unconstrained`."""
        count = len(self.model.law.parameters)
        straight = self.model.law.straighten(self._moved(tuple(unconstrained[:, :count].T), -1.0))
        return np.column_stack([*straight, unconstrained[:, count:]])

    def _moved(self, logs: tuple[Any, ...], sign: float) -> tuple[Any, ...]:
        """From where the coordinates are to the anchors, or back."""
        by = {name: sign * move for name, move in self.moves.items()}
        return self.model.law.moved(logs, by) if by else logs

    def natural(self, unconstrained: np.ndarray) -> dict[str, np.ndarray]:
        """Parameters in natural units, each of shape (position, 1)."""
        return {
            p.name: self.model.prior(p.name).natural(unconstrained[:, j : j + 1])
            for j, p in enumerate(self.model.parameters)
        }

    def log_curve(self, natural: Mapping[str, np.ndarray]) -> np.ndarray:
        """The law's log loss, position x run."""
        law = self.model.law_at(natural, self.anchors)
        inputs = {name: Powers(log[None, :]) for name, log in self.log_inputs.items()}
        return np.log(np.asarray(law(**inputs)))

    def log_curve_alone(self, natural: Mapping[str, float], count: int) -> np.ndarray:
        """The law's log loss of the first runs, one call per run."""
        law = self.model.law_at(natural, self.anchors)
        rows = [
            {name: float(np.exp(log[i])) for name, log in self.log_inputs.items()}
            for i in range(min(count, self.log_loss.size))
        ]
        return np.array([np.log(float(law(**row))) for row in rows])

    def log_prior(self, unconstrained: np.ndarray) -> np.ndarray:
        """Log prior density on the unconstrained scale."""
        return sum(
            self.model.prior(p.name).log_density(unconstrained[:, j]) for j, p in enumerate(self.model.parameters)
        )

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Log density of each position, shape (position,); minus infinity where there is none."""
        unconstrained, jacobian = self.unconstrained(positions)
        with np.errstate(all="ignore"):
            density = self.log_prior(unconstrained) + jacobian
            step = max(1, CHUNK // self.log_loss.size)
            for start in range(0, len(positions), step):
                piece = slice(start, start + step)
                density[piece] += self._log_likelihood(unconstrained[piece])
        return np.where(np.isfinite(density), density, -np.inf)

    def _log_likelihood(self, unconstrained: np.ndarray) -> np.ndarray:
        natural = self.natural(unconstrained)
        residual = self.log_loss - self.log_curve(natural)
        noise = self._noise(natural)
        if self.model.residuals is None:
            return noise.log_likelihood(residual, self.measurement_sd, None)
        along = self.model.residuals(**{p.name: natural[p.name] for p in self.model.residuals.parameters})
        correlation, share = links(np.broadcast_to(along(self.gap), residual.shape), self.linked)
        same = self.measurement_sd.size == 1
        scale = None if same else np.hypot(getattr(noise, noise.scale), self.measurement_sd)
        new = innovations(residual, correlation, share, scale)
        return noise.log_likelihood(new, self.measurement_sd, None) - np.log(share).sum(axis=1)

    def _noise(self, natural: Mapping[str, np.ndarray]) -> Any:
        return self.model.noise(**{p.name: natural[p.name] for p in self.model.noise.parameters})


def _moves(
    law: type[Law], anchors: Mapping[str, float], log_inputs: Mapping[str, np.ndarray], sd: np.ndarray
) -> dict[str, float]:
    """Where a table says most, the mean of its inputs weighted by what each row says, over the anchors.

    Without priors that hold elsewhere and errors that differ by row, the anchors are there.
    """
    weight = 1.0 / (np.broadcast_to(sd, next(iter(log_inputs.values())).shape) ** 2 + USUAL**2)
    moves = {a.name: np.average(log_inputs[a.argument], weights=weight) - np.log(anchors[a.name]) for a in law.anchors}
    return {name: float(move) for name, move in moves.items() if np.isfinite(move) and abs(move) > 1e-9}
