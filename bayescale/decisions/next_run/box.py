"""Candidates that fill a box: any size and number of tokens between bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bayescale.language.errors import SettingsError

# Places that the whole box is searched at, a power of two; then rounds of fewer, each in a box half as wide around the
# best so far.
FIRST, ROUNDS, EACH = 128, 5, 32


@dataclass(frozen=True, init=False)
class Box:
    """Candidate runs anywhere between bounds, in logs.

    Args:
        bounds: of every input of the law, lower and upper, positive: ``Box(params=(1e8, 1e10), tokens=(2e9, 2e11))``.

    Raises:
        SettingsError: bounds that are no two positive numbers in order.

    Examples:
        >>> Box(params=(1e8, 1e10), tokens=(2e9, 2e11)).inputs(np.array([[0.5, 0.0]]))["params"]
        array([1.e+09])
    """

    bounds: Mapping[str, tuple[float, float]]

    def __init__(self, **bounds: tuple[float, float]) -> None:
        if not bounds:
            raise SettingsError("Box needs bounds, such as Box(params=(1e8, 1e10), tokens=(2e9, 2e11)).")
        for name, ends in bounds.items():
            try:
                low, high = (float(end) for end in ends)
            except (TypeError, ValueError):
                low, high = np.nan, np.nan
            if not 0 < low < high < np.inf:
                raise SettingsError(f"Box: {name} must be two positive finite numbers in order, got {ends!r}.")
        object.__setattr__(self, "bounds", {name: (float(low), float(high)) for name, (low, high) in bounds.items()})

    def inputs(self, unit: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs at places in the unit cube.

        Args:
            unit: place x input, each in [0, 1].
        """
        low, high = np.log(np.array(list(self.bounds.values()))).T
        values = np.exp(low + (high - low) * unit)
        return {name: values[:, i] for i, name in enumerate(self.bounds)}


def search(box: Box, score: Callable[[np.ndarray], np.ndarray], seed: int) -> np.ndarray:
    """Return the places in the unit cube that a search for the highest score visited, place x input.

    Args:
        box: what is searched.
        score: of places; -inf where one may not be chosen.
        seed: of the places.
    """
    from scipy.stats import qmc  # slow to import, and a list of candidates does not need it

    sobol = qmc.Sobol(len(box.bounds), seed=np.random.default_rng(seed))
    places = sobol.random(FIRST)
    scores = score(places)
    for step in range(1, ROUNDS + 1):
        around = places[int(np.argmax(scores))] + 0.5**step * (sobol.random(EACH) - 0.5)
        near = np.clip(around, 0.0, 1.0)
        places, scores = np.concatenate([places, near]), np.concatenate([scores, score(near)])
    return places
