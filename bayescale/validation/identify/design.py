"""What the runs of one family can tell of a law's parameters: Fisher information against the priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing
from bayescale.laws import Law
from bayescale.models import Model

# Half the distance of central differences, on the unconstrained scale: ten digits of the slopes are left.
STEP = 1e-5
# Losses are recorded to four digits. A direction that moves log losses by less, as root mean square over runs and per
# prior sd, is one that they do not tell of. It also keeps the rank from depending on where along a ridge the law is
# linearised: on D proportional to N^(alpha/beta) the slopes of Chinchilla have rank 3 where the exponents stand in that
# ratio, and beside it two more directions that move losses by the square of the distance and less.
ROUNDING = 1e-4
# A parameter is open to the data alone if more than this part of its prior variance lies in such directions.
OPEN = 0.01


@dataclass(frozen=True, eq=False)
class Design:
    """The design of one family at one point of the law, in the law's own coordinates: anchored, mostly logs.

    Args:
        family: its name; empty for a table without families.
        model: of this family alone.
        anchors: of the law, at this design.
        value: where the law is linearised, unconstrained, over parameter.
        noise: values of the noise's parameters.
        slopes: of log loss in the unconstrained parameters, run x parameter.
        weight: information of every run about its log loss: Fisher's, less for noise with corners.
    """

    family: str
    model: Model
    anchors: Mapping[str, float]
    value: np.ndarray
    noise: Mapping[str, float]
    slopes: np.ndarray
    weight: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """The law's parameters."""
        return tuple(p.name for p in self.model.law.parameters)

    @cached_property
    def prior_sd(self) -> np.ndarray:
        """Of every parameter, on the unconstrained scale."""
        return np.array([self.model.prior(name).exact_moments()[1] for name in self.names])

    @cached_property
    def _decomposed(self) -> tuple[np.ndarray, np.ndarray]:
        """Precision that the data add along each direction, in units of the prior's, and directions (columns)."""
        scaled = np.sqrt(self.weight)[:, None] * self.slopes * self.prior_sd
        _, singular, directions = np.linalg.svd(scaled, full_matrices=True)
        gained = np.zeros(len(self.names))
        gained[: singular.size] = singular**2
        return gained, directions.T

    @property
    def gained(self) -> np.ndarray:
        """Precision that the data add along each direction in units of the prior's, largest first."""
        return self._decomposed[0]

    @property
    def directions(self) -> np.ndarray:
        """Directions in units of the priors' sds, one a column."""
        return self._decomposed[1]

    @property
    def rank(self) -> int:
        """Directions that move losses by more than their rounding, or that the data see all the same."""
        return int(self._told.sum())

    @property
    def _told(self) -> np.ndarray:
        moved = np.sqrt(self.gained / self.weight.sum())
        return (moved > ROUNDING) | (self.gained >= 1.0)

    @property
    def seen(self) -> int:
        """Directions of which the data tell at least as much as the prior."""
        return int((self.gained >= 1.0).sum())

    @cached_property
    def condition(self) -> float:
        """Condition number of the slopes; infinite where a direction moves losses by less than their rounding."""
        singular = np.linalg.svd(self.slopes, compute_uv=False)
        return float(singular[0] / singular[-1]) if self.rank == len(self.names) else float("inf")

    @cached_property
    def covariance(self) -> np.ndarray:
        """Expected posterior covariance on the unconstrained scale."""
        scaled = self.directions * self.prior_sd[:, None]
        return (scaled / (1.0 + self.gained)) @ scaled.T

    @property
    def expected_sd(self) -> np.ndarray:
        """Of every parameter given data and prior, unconstrained."""
        return np.sqrt(np.diag(self.covariance))

    @cached_property
    def data_sd(self) -> np.ndarray:
        """Of every parameter from the data alone, unconstrained; infinite where they leave it open."""
        told, share = self._told, self.directions**2
        # What little of a parameter lies in directions that the data do not tell of has its prior's variance there.
        rest = share[:, ~told].sum(axis=1)
        variance = (share[:, told] / self.gained[told]).sum(axis=1) + rest
        return np.where(rest > OPEN, np.inf, self.prior_sd * np.sqrt(variance))

    @cached_property
    def data_share(self) -> np.ndarray:
        """Part of the prior variance of every parameter that the data are expected to take away."""
        return 1.0 - (self.expected_sd / self.prior_sd) ** 2

    @cached_property
    def natural(self) -> tuple[np.ndarray, np.ndarray]:
        """Values of the parameters in natural units at the anchors, and their slopes in the unconstrained ones."""

        def at(shift: float) -> np.ndarray:
            named = zip(self.names, self.value + shift, strict=True)
            return np.array([float(self.model.constrain(name, value)) for name, value in named])

        with computing():
            return at(0.0), (at(STEP) - at(-STEP)) / (2 * STEP)

    @property
    def law(self) -> Law:
        """The law where it is linearised."""
        return law_at(self.model, self.anchors, self.value[None], flat=True)

    def around(self) -> Law:
        """The law at both ends of every central difference, of shape 2 parameters x 1: forward ones first."""
        steps = STEP * np.eye(self.value.size)
        return law_at(self.model, self.anchors, self.value + np.concatenate([steps, -steps]))


def law_at(model: Model, anchors: Mapping[str, float], values: np.ndarray, *, flat: bool = False) -> Law:
    """Return the law at unconstrained values, draw x parameter: of shape draw x 1, or scalars of the first draw."""
    with computing():
        natural = {
            p.name: np.asarray(model.constrain(p.name, values[:, j])) for j, p in enumerate(model.law.parameters)
        }
    shaped = {name: float(column[0]) if flat else column[:, None] for name, column in natural.items()}
    return model.law_at(shaped, anchors)


def differences(ends: np.ndarray) -> np.ndarray:
    """Return slopes from values at the laws of :meth:`Design.around`: point x parameter."""
    forward, backward = np.split(np.asarray(ends, float), 2)
    return ((forward - backward) / (2.0 * STEP)).T


def slopes_of(model: Model, anchors: Mapping[str, float], value: np.ndarray, columns: Mapping[str, Any]) -> np.ndarray:
    """Return slopes of log loss in the unconstrained parameters, run x parameter.

    Args:
        model: law and priors.
        anchors: of the law.
        value: unconstrained parameters.
        columns: the law's inputs over runs.
    """
    steps = STEP * np.eye(value.size)
    law = law_at(model, anchors, value + np.concatenate([steps, -steps]))
    with computing():
        ends = np.log(curve(law, columns))
    return differences(ends)
