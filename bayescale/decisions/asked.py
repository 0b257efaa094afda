"""Curves, new runs and their densities at many points, from every draw of a fit: what predictions are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from bayescale.costs import ComputeError
from bayescale.decisions.draws import family_draws, law_of, with_error
from bayescale.inference.evaluate import by_points, curve, new_runs, response, scored_runs
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.language.quantities import TOKENS


@dataclass(frozen=True, eq=False)
class Asked:
    """A question about a family of a fit, with all that is random in the answer.

    Args:
        fit: the fit.
        points: the inputs over point, or over draw x point.
        group: a family, or None for a new one or the only one.
        seed: of the random part.
        error: of compute, or None.
        shift: of the log of the response, draw x point, such as what a discrepancy adds; None for none.
        run: whose runs they are, where several are asked about in one group; each has luck of its own. By default
            those of the group.
    """

    fit: Fit
    points: dict[str, np.ndarray]
    group: str | None
    seed: int
    error: ComputeError | None = None
    shift: np.ndarray | None = None
    run: str | None = None

    @cached_property
    def _values(self) -> tuple[dict[str, Any], Any]:
        with computing():
            return family_draws(self.fit, self.group, self.seed)

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        """The points, tokens with the error of compute, the shift, and the place of each point."""
        effect_sd = self._values[1]
        found = dict(self.points)
        if self.error is not None:
            found[TOKENS.name] = with_error(self.error, found[TOKENS.name], effect_sd.size, self.seed)
        if self.shift is not None:
            found["shift"] = self.shift
        size = next(iter(self.points.values())).shape[-1]
        return found | {"point": np.arange(size)}

    @property
    def effect_sd(self) -> np.ndarray:
        """The sd of run effects, one per draw; 0 where there are none."""
        return np.asarray(self._values[1], float)

    def values(self, name: str) -> np.ndarray:
        """The draws of a parameter in this family."""
        return np.asarray(self._values[0][name], float)

    def curves(self) -> np.ndarray:
        """The law's curve, draw x point."""
        with computing():
            law = law_of(self.fit, self._values[0])
            names = self.fit.law.inputs()
            found = curve(law, {name: self._columns[name] for name in names})
            return found if self.shift is None else found * np.exp(self.shift)

    def runs(self) -> np.ndarray:
        """A new run at each point, draw x point; a point's draws do not depend on the points beside it."""
        keys = self._keys()

        def made(part: dict[str, np.ndarray], around: Any, columns: dict[str, np.ndarray]) -> Any:
            return new_runs(self.fit.model, around, *self._values, keys(part["point"]), columns)

        return self._by_points(made, {})

    def scored(self, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """New runs as :meth:`runs` has them, and the log density of an observed response, draw x point each.

        The law's curve is evaluated once for both.

        Args:
            seen: responses in natural units, over point.
        """
        keys = self._keys()

        def made(part: dict[str, np.ndarray], around: Any, columns: dict[str, np.ndarray]) -> Any:
            return scored_runs(self.fit.model, around, *self._values, keys(part["point"]), columns, part["seen"])

        runs, densities = self._by_points(made, {"seen": np.asarray(seen, float)})
        return runs, densities

    def _keys(self) -> Any:
        with computing():
            key = jax.random.key(seed_for(self.seed, f"new runs/{self.run or self.group}"))
        folded = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
        return lambda points: folded(key, points)

    def _by_points(self, made: Any, more: dict[str, np.ndarray]) -> np.ndarray:
        """Evaluate around the shifted curve, some points at a time."""
        with computing():
            law = law_of(self.fit, self._values[0])
            noise_columns = self.fit.model.noise.columns

            def part_of(part: dict[str, np.ndarray]) -> Any:
                around = response(law, {name: part[name] for name in self.fit.law.inputs()})
                around = around if self.shift is None else around * np.exp(part["shift"])
                return made(part, around, {argument: part[q.name] for argument, q in noise_columns.items()})

            return by_points(part_of, self._columns | more)
