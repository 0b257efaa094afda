"""How far a law goes astray beyond the data it was fitted to, as other families have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError

# Decades of compute at which a path is drawn; straight between, where its variance is short of the right one by at most
# a hundredth, and straight to zero below the first.
NODES = np.concatenate([[0.0], np.geomspace(1e-3, 12.0, 194)])
# The noise scale at which the scale of a discrepancy is given, of the log of the response.
REFERENCE = 0.004
PARTS = ("drift", "drift_between", "drift_within", "log_scale", "between", "within", "power")


@dataclass(frozen=True, eq=False, repr=False)
class Discrepancy:
    r"""The error of a law's log response beyond the largest compute of its data.

    In a family it is :math:`u d + s B(d)` at :math:`d` decades of compute beyond, with a drift :math:`u` per decade, a
    scale :math:`s` per square root of a decade and a Brownian path :math:`B`. Drift and log scale scatter around a
    mean between clusters of families (one laboratory's pipeline each) and within them, and the scale grows with a power
    of the noise scale of the fit: laws that miss the runs they were fitted to miss others by more. These parameters
    are known from backtests over other families, and enter by a cut: the data of a fit change none of them.

    Args:
        name: what it is called in tables.
        draws: posterior draws, one array of equal length each, of ``drift``, ``drift_between``, ``drift_within``,
            ``log_scale`` (at a noise scale of 0.004), ``between``, ``within`` and ``power``.
        law: name of the law whose errors they are; empty for any.
        model_error: of the fits, as in :meth:`bayescale.Runs.with_model_error`.
        record: where it is from: families, clusters, ratios, version, and the coverage that it reached.

    Raises:
        SettingsError: draws that lack a part, or are of different lengths.
    """

    name: str
    draws: Mapping[str, np.ndarray]
    law: str = ""
    model_error: float = 0.0
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {np.shape(self.draws.get(part, 0.0)) for part in PARTS}
        if set(self.draws) != set(PARTS) or len(sizes) != 1 or len(next(iter(sizes))) != 1:
            raise SettingsError(f"A discrepancy needs flat draws of one length of each of {', '.join(PARTS)}.")

    @classmethod
    def brownian(cls, scale: float, *, drift: float = 0.0) -> Discrepancy:
        """A Brownian discrepancy of known scale, the same for every family.

        Args:
            scale: sd of log response one decade beyond the data, above 0: 0.02 for two per cent.
            drift: of log response per decade, negative where the law predicts too much.

        Raises:
            SettingsError: a scale that is not positive.

        Examples:
            >>> Discrepancy.brownian(0.02)
            Discrepancy brownian 0.02 per sqrt(decade)
        """
        if not (np.isfinite(scale) and scale > 0 and np.isfinite(drift)):
            raise SettingsError(f"The scale of a discrepancy must be positive and finite, got {scale!r} and {drift!r}.")
        values = {"drift": drift, "log_scale": np.log(scale)}
        name = f"brownian {scale:g} per sqrt(decade)" + (f", drift {drift:g} per decade" if drift else "")
        return cls(name, {part: np.array([values.get(part, 0.0)]) for part in PARTS})

    @property
    def brownian_scale(self) -> float | None:
        """The scale that :meth:`brownian` made this of, without a drift; None for any other discrepancy.

        >>> Discrepancy.brownian(0.02).brownian_scale
        0.02
        """
        values = {part: np.asarray(drawn, float) for part, drawn in self.draws.items()}
        if any(np.any(drawn != 0.0) for part, drawn in values.items() if part != "log_scale"):
            return None
        scale = float(f"{np.exp(values['log_scale'].flat[0]):.15g}")  # as it was before its logarithm was taken
        same = np.unique(values["log_scale"]).size == 1 and self.name == Discrepancy.brownian(scale).name
        return scale if same else None

    def shifts(
        self, distance: np.ndarray, noise_scale: np.ndarray, *, cluster: int, family: int, population: int | None = None
    ) -> np.ndarray:
        """Draws of the error of a new family of a new cluster, draw x point.

        Args:
            distance: decades of compute beyond the data, at least 0, over point.
            noise_scale: of the fit, one per draw; NaN where the noise has none, taken as the reference.
            cluster: seed of what families of one table share.
            family: seed of the rest; the path it gives is the same whatever distances are asked for.
            population: seed of what clusters share, the draw of the parameters; None where there is one cluster.
        """
        count, shared, own = noise_scale.size, np.random.default_rng(cluster), np.random.default_rng(family)
        known = shared if population is None else np.random.default_rng(population)
        index = known.integers(self.draws["drift"].size, size=count)
        part = {name: np.asarray(values, float)[index] for name, values in self.draws.items()}
        common, single = shared.standard_normal((2, count)), own.standard_normal((2, count))
        drift = part["drift"] + part["drift_between"] * common[0] + part["drift_within"] * single[0]
        ratio = np.log(np.where(np.isfinite(noise_scale), noise_scale, REFERENCE) / REFERENCE)
        log_scale = part["log_scale"] + part["between"] * common[1] + part["within"] * single[1] + part["power"] * ratio
        return np.multiply.outer(drift, distance) + np.exp(log_scale)[:, None] * _paths(own, count, distance)

    def __repr__(self) -> str:
        return f"Discrepancy {self.name}"


def name_of(discrepancy: Discrepancy | None) -> str:
    """What tables call a discrepancy, or that there is none.

    >>> name_of(Discrepancy.brownian(0.02)), name_of(None)
    ('brownian 0.02 per sqrt(decade)', 'none')
    """
    return "none" if discrepancy is None else discrepancy.name


def _paths(rng: np.random.Generator, count: int, distance: np.ndarray) -> np.ndarray:
    """Brownian paths at some distances, draw x point."""
    steps = np.sqrt(np.diff(NODES)) * rng.standard_normal((count, NODES.size - 1))
    at_nodes = np.concatenate([np.zeros((count, 1)), np.cumsum(steps, axis=1)], axis=1)
    far = np.minimum(distance, NODES[-1])
    right = np.clip(np.searchsorted(NODES, far), 1, NODES.size - 1)
    weight = (far - NODES[right - 1]) / (NODES[right] - NODES[right - 1])
    return at_nodes[:, right - 1] * (1.0 - weight) + at_nodes[:, right] * weight
