"""The curvature of a posterior at its mode, from as few gradients as its families allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bayescale.inference.coordinates import Coordinates

# Coordinates are of order one, so this step leaves about ten digits in the difference of gradients.
STEP = 1e-4
Gradient = Callable[[np.ndarray], np.ndarray]


def curvature_at(
    coordinates: Coordinates, effect_family: np.ndarray, gradient: Gradient, mode: np.ndarray
) -> np.ndarray:
    """Return the symmetric matrix of second derivatives, by central differences.

    Given everything that families share, law coordinates of different families have nothing to do with each other, nor
    have effects of different levels. So one difference gives the rows of all families' first coordinate, and so on; the
    number of gradients does not grow with the number of law parameters times families.

    Args:
        coordinates: of the flat vector.
        effect_family: the family of every effect level.
        gradient: of minus the log density.
        mode: where, shape (size,).
    """
    sizes, families = coordinates.sizes, coordinates.model.n_families
    # The population's level follows from all families' noise scales, so these are not independent of other families.
    shared = sizes.common + sizes.noise + sizes.population
    law = shared + np.arange(sizes.law).reshape(families, -1)
    effects = shared + sizes.law + np.arange(sizes.effects)
    curvature = np.zeros((mode.size, mode.size))

    def difference(moved: np.ndarray) -> np.ndarray:
        step = np.zeros(mode.size)
        step[moved] = STEP
        return (gradient(mode + step) - gradient(mode - step)) / (2.0 * STEP)

    for i in range(shared):
        curvature[i] = curvature[:, i] = difference(np.array([i]))
    for column in law.T:
        found = difference(column)
        for i, family in zip(column, law, strict=True):
            curvature[family, i] = found[family]
        curvature[effects, column[effect_family]] = curvature[column[effect_family], effects] = found[effects]
    if effects.size:
        curvature[effects, effects] = difference(effects)[effects]
    return 0.5 * (curvature + curvature.T)
