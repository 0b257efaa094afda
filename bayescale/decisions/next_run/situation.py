"""A fit as candidates see it: what runs would scatter around, draw by draw, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayescale.costs import Cost, SixND
from bayescale.data.model_error import model_error_of
from bayescale.decisions.asked import Asked
from bayescale.decisions.beyond import shift_of
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import compute_of
from bayescale.inference.fit import Fit
from bayescale.inference.noise_information import information_of_draws
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy

# Draws of the noise over which the information of a run is averaged.
NOISE_DRAWS = 32


@dataclass(frozen=True, eq=False)
class Situation:
    """A family of a fit, with the error of its law beyond the data: what all questions about a next run share.

    Draws are paired: the same draw of the family and of the discrepancy's path answers every question.

    Args:
        fit: a fit with a noise of the log of the response.
        group: a family, or None for a new one or the only one.
        seed: of a new family and of the discrepancy.
        cost: what compute counts.
        discrepancy: or None.

    Raises:
        SettingsError: a noise of the response itself.
    """

    fit: Fit
    group: str | None
    seed: int
    cost: Cost
    discrepancy: Discrepancy | None

    def __post_init__(self) -> None:
        noise = self.fit.model.noise
        if noise.of_value or not noise.scale:
            raise SettingsError(
                f"next_run updates the log of the response, and the noise {noise.name!r} is of the response itself; "
                "fit with noise='student-t', 'normal' or 'laplace'."
            )

    def largest(self, cost: Cost) -> float:
        """The largest compute of the group's runs, as a cost counts it; NaN where it is not known."""
        return largest_compute(self.fit, self.group, cost)

    def beyond(self, points: dict[str, np.ndarray]) -> np.ndarray:
        """Compute (6ND) over the largest compute of the data, over points; NaN where it is not known."""
        return compute_of(points, SixND()) / self.largest(SixND())

    @cached_property
    def family(self) -> Asked:
        """The family's own draws, asked about no point."""
        return Asked(self.fit, {}, self.group, self.seed)

    def asked(self, points: dict[str, np.ndarray]) -> Asked:
        """The question of what happens at some points."""
        shift = shift_of(self.fit, self.group, self.seed, self.beyond(points), self.discrepancy)
        return Asked(self.fit, points, self.group, self.seed, shift=shift)

    def log_responses(self, points: dict[str, np.ndarray]) -> np.ndarray:
        """Log of the law's response with the discrepancy, draw x point."""
        return np.log(self.asked(points).curves())

    def noise_variance(self, points: dict[str, np.ndarray]) -> np.ndarray:
        """Variance of one run around its log response, as far as updating is concerned, over points.

        It is the mean over draws of one over the Fisher information, (nu + 3) / (nu + 1) times the squared scale for
        Student-t: a stray run counts for less, not for as much as its square. Run effects come on top, and so does the
        error of the law that the fit's runs were given, at the candidate's distance below the largest run.
        """
        asked = self.family
        few = np.unique(np.linspace(0, asked.effect_sd.size - 1, NOISE_DRAWS).astype(int))
        values = {p.name: asked.values(p.name)[few] for p in self.fit.model.noise.parameters}
        own = 1.0 / information_of_draws(self.fit.model, values)
        # A known error widens the scale of the noise, and one over the information goes with its square.
        widened = own / values[self.fit.model.noise.scale] ** 2
        return own.mean() + np.mean(asked.effect_sd**2) + widened.mean() * self._model_error(points) ** 2

    def _model_error(self, points: dict[str, np.ndarray]) -> np.ndarray:
        beyond = self.beyond(points)
        below = np.where(beyond < 1, -np.log10(np.where(beyond < 1, beyond, 1.0)), 0.0)
        return model_error_of(self.fit.runs) * np.sqrt(below)
