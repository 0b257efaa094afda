"""Weights of laws by how well the mixture of their forecasts does, and draws of a mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bayescale.language.errors import SettingsError

# What the mean log score of the weights may lack of the best one, in nats: far below what any table can tell.
GAP = 1e-6
STEPS = 20_000


def stacking_weights(log_densities: Sequence[np.ndarray], shares: Sequence[float] | None = None) -> np.ndarray:
    """Return the weights of laws that maximise the mean log density of a mixture of their forecasts.

    The problem is convex. Steps of expectation maximisation climb it until the score is within 1e-6 nats of the best:
    by concavity of the logarithm it lacks at most max_k mean_i(p_ik / mixture_i) - 1.

    Args:
        log_densities: for each unit, such as a family, the log density of what was observed, law x row. Rows of a unit
            share what it counts.
        shares: what each unit counts; all the same by default.

    Returns:
        one weight per law, at least 0, of sum 1.

    Raises:
        SettingsError: no rows, or numbers of laws that differ.

    References:
        yao2018using

    Examples:
        >>> import numpy as np
        >>> good, bad = np.log([0.9, 0.8, 0.9]), np.log([0.1, 0.2, 0.1])
        >>> stacking_weights([np.stack([good, bad])]).round(3).tolist()
        [1.0, 0.0]
    """
    laws = {len(unit) for unit in log_densities}
    if len(laws) != 1 or not sum(unit.shape[1] for unit in log_densities):
        raise SettingsError("stacking_weights takes law x row densities of at least one row, of the same laws in each.")
    each = np.ones(len(log_densities)) if shares is None else np.asarray(shares, float)
    rows = np.concatenate(log_densities, axis=1)
    counts = np.concatenate(
        [np.full(unit.shape[1], share / max(unit.shape[1], 1)) for unit, share in zip(log_densities, each, strict=True)]
    )
    # What no law thinks possible says nothing of their weights.
    possible = np.isfinite(rows).any(axis=0)
    rows, counts = rows[:, possible], counts[possible] / counts[possible].sum()
    scaled = np.exp(rows - rows.max(axis=0))
    weights = np.full(len(rows), 1.0 / len(rows))
    for _ in range(STEPS):
        gains = (scaled / (weights @ scaled)) @ counts
        if gains.max() - 1.0 < GAP:
            break
        weights = weights * gains
    return weights / weights.sum()


def mixture_places(weights: np.ndarray, sizes: Sequence[int], count: int) -> list[np.ndarray]:
    """Return which draws of each part make the draws of a mixture: as many of each as its weight says.

    Args:
        weights: of the parts, of sum 1.
        sizes: draws that each part has, chain after chain; even spacing takes from all of them.
        count: draws of the mixture; a weight below half of its inverse has none.

    Examples:
        >>> import numpy as np
        >>> [places.tolist() for places in mixture_places(np.array([0.75, 0.25]), [4, 4], 4)]
        [[0, 2, 3], [0]]
    """
    wanted = np.asarray(weights, float) * count
    numbers = np.floor(wanted).astype(int)
    # Largest remainders: the numbers sum to the count.
    left = np.argsort(numbers - wanted, kind="stable")[: count - int(numbers.sum())]
    numbers[left] += 1
    return [np.round(np.linspace(0, size - 1, number)).astype(int) for size, number in zip(sizes, numbers, strict=True)]
