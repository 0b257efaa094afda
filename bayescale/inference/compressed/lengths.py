"""The range of log tau of an Ornstein-Uhlenbeck process that a compressed likelihood has to know.

Log tau may be known to a hundredth or hardly at all: residuals that are independent say only that it is small, and ones
that fade over a run's length that it is large. Its posterior is taken from the forms themselves, with all else where it
is most likely, and panels are added as long as it has mass beyond them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from bayescale.inference.compressed.effects import TURNS, level_sums, without
from bayescale.inference.compressed.forms import Forms
from bayescale.inference.compressed.ordered import CannotCompress, Ordered
from bayescale.inference.compressed.panels import PANEL, side_by_side, weights_at
from bayescale.inference.compressed.pilot import fit_curves
from bayescale.inference.pilot import Correlation, Pilot
from bayescale.models import Model

# Beyond the panels the log density of log tau is so much lower than at its largest, as at six sds: of a billion draws
# two are there.
DROP = 18.0
# More panels than these, each with forms as large as those of all others, are not built.
MOST_PANELS = 12
# Values of log tau that are tried in a panel, from one end to the next.
STEPS = 5
# At a gap of so many tau the correlation is less than rounding: for smaller tau the forms stay as they are.
FORGOTTEN = 37.0


class Panels:
    """Panels of log tau that are built one after the other, and the log density of log tau in them.

    Args:
        model: with residuals of an Ornstein-Uhlenbeck process.
        arrays: of a compressed layout, but for its forms.
        build: the forms of one panel, from where it begins.
        pilot: where the search for the other parameters begins.
        first: where the middle of the first panel is to be.
        common: families have one set of law parameters.
    """

    def __init__(
        self,
        model: Model,
        arrays: Mapping[str, Any],
        build: Callable[[float], Forms],
        pilot: Pilot,
        first: float,
        *,
        common: bool,
    ):
        self.model, self.arrays, self.common, self._build = model, arrays, common, build
        self.pilot, self.begin = pilot, first - 0.5 * PANEL
        self.shifts = np.zeros(model.n_levels)
        self.forms: dict[int, Forms] = {}
        self.tried: dict[int, float] = {}
        moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.law.parameters])
        self.center, self.prior = moments[:, 0], np.diag(moments[:, 1] ** -2.0)
        self.add(0)

    def add(self, panel: int) -> None:
        """Build a panel and try log tau in it."""
        self.forms[panel] = self._build(self.begin + panel * PANEL)
        for step in range(panel * STEPS, (panel + 1) * STEPS + 1):
            if step not in self.tried:
                self.tried[step] = self.log_density(self.forms[panel], self.begin + step * PANEL / STEPS)

    def log_density(self, forms: Forms, log_tau: float) -> float:
        """Log posterior density of log tau up to a constant, with all else near its mode (Laplace's approximation)."""
        weight, arrays = weights_at(forms, log_tau), {**self.arrays, "forms": forms}
        levels = 0.0
        for _ in range(1 if self.model.effects is None else TURNS):
            moved = arrays if self.model.effects is None else without(arrays, self.shifts)
            self.pilot = fit_curves(self.model, moved, weight, self.pilot, common=self.common)
            if self.model.effects is not None:
                known, push = level_sums(self.model, arrays, self.pilot)
                self.shifts = self.shifts + push / known
                levels = 0.5 * np.log(known).sum()
        pilot, away = self.pilot, self.pilot.value - self.center
        each = -pilot.rows * np.log(pilot.scale) - 0.5 * np.linalg.slogdet(pilot.precision + self.prior)[1]
        each = each - 0.5 * np.einsum("fi,ij,fj->f", away, self.prior, away)
        total = (each[0] if self.common else each.sum()) - weight @ forms.log_share - levels
        # Families that share a population of scales have one prior of them, about.
        scales = np.log(pilot.scale)
        scales = scales if self._scales_apart else np.median(scales)
        total += np.sum(self.model.prior(self.model.noise.scale).log_density(scales))
        return float(total + self.model.prior("tau").log_density(log_tau))

    @property
    def _scales_apart(self) -> bool:
        """Whether each family has a noise scale with a prior of its own."""
        return any(p.name == self.model.noise.scale for p in self.model.of_kind("none"))

    def cover(self, forgotten: float) -> None:
        """Add panels until the density has fallen at both ends, or forms stay the same beyond.

        Args:
            forgotten: log tau below which they do.

        Raises:
            CannotCompress: that would take too many.
        """
        while True:
            needed = max(self.tried.values()) - DROP
            first, last = min(self.forms), max(self.forms)
            ends = {first - 1: self.tried[first * STEPS], last + 1: self.tried[(last + 1) * STEPS]}
            if self.begin + first * PANEL <= forgotten:
                del ends[first - 1]
            wanted = {panel: density for panel, density in ends.items() if density > needed}
            self.forms = {panel: one for panel, one in self.forms.items() if self._counts(panel, needed)}
            if not wanted:
                return
            if len(self.forms) >= MOST_PANELS:
                raise CannotCompress(
                    f"the correlation length may be anything over a factor of {np.exp(MOST_PANELS):.0g}"
                )
            self.add(max(wanted, key=lambda panel: wanted[panel]))

    def _counts(self, panel: int, needed: float) -> bool:
        """Whether the density is not small all over a panel, or it lies between such."""
        steps = [step for step, density in self.tried.items() if density > needed]
        return min(steps) < (panel + 1) * STEPS and max(steps) > panel * STEPS


def known_length(panels: Panels, forms: Forms) -> Correlation:
    """The most likely log tau, the sd of its posterior and how the noise scale goes with it.

    Args:
        panels: that cover it.
        forms: of all of them.
    """
    steps = np.array(sorted(panels.tried))
    density = np.array([panels.tried[step] for step in steps])
    at, width = panels.begin + steps * PANEL / STEPS, PANEL / STEPS
    middle = float(at[np.argmax(density)])
    bounds = max(middle - width, forms.lowest), min(middle + width, forms.highest)
    found = minimize_scalar(
        lambda x: -panels.log_density(forms, x), bounds=bounds, method="bounded", options={"xatol": 1e-3}
    )
    value = float(found.x)
    share = np.exp(density - density.max())
    share = share / share.sum()
    sd = float(np.sqrt(share @ (at - share @ at) ** 2))
    # A quarter of a step on either side: more than rounding differs wherever the steps are too coarse for the sd.
    apart = 0.25 * width
    beside, scales = [], []
    for x in (value - apart, value + apart):
        beside.append(panels.log_density(forms, x))
        scales.append(np.log(panels.pilot.scale).mean())
    if sd < width:
        sd = apart / np.sqrt(max(-2.0 * found.fun - sum(beside), (apart / width) ** 2))
    return Correlation(value, float(sd), forms.lowest, forms.highest, float((scales[1] - scales[0]) / (2.0 * apart)))


def cover_lengths(panels: Panels, ordered: Ordered) -> tuple[Forms, Correlation]:
    """The forms of all panels that the posterior of log tau may need, and what is known of it.

    Args:
        panels: with the first of them.
        ordered: rows along curves.

    Raises:
        CannotCompress: that would take too many.
    """
    gaps = np.diff(ordered.place)
    gaps[ordered.begin[1:-1] - 1] = np.inf
    forgotten = float(np.log(gaps.min() / FORGOTTEN))
    panels.cover(forgotten)
    first, *others = [panels.forms[panel] for panel in sorted(panels.forms)]
    forms = first
    for other in others:
        forms = side_by_side(forms, other)
    forms = forms._replace(least=-np.inf if forms.lowest <= forgotten else forms.lowest)
    return forms, known_length(panels, forms)
