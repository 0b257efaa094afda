"""Nodes of a curve: rows of it next to Chebyshev's points, and interpolation from them to all rows."""

from __future__ import annotations

import numpy as np


def node_rows(place: np.ndarray, count: int) -> np.ndarray:
    """Return which rows of one curve are its nodes: those next to Chebyshev's points, each row once.

    Nodes are rows of the table, so that the law is evaluated at inputs that a run has had, whatever they are. A curve
    with no more rows than nodes is represented exactly. Where rows bunch, nodes are Leja's points among them.

    Args:
        place: where the rows are, increasing.
        count: how many nodes at most.

    Returns:
        indices of rows, increasing.

    Examples:
        >>> node_rows(np.linspace(0.0, 1.0, 101), 5).tolist()
        [2, 21, 50, 79, 98]
        >>> node_rows(np.array([0.0, 0.3, 1.0]), 5).tolist()
        [0, 1, 2]
    """
    rows = place.size
    if rows <= count:
        return np.arange(rows)
    points = -np.cos((2 * np.arange(count) + 1) * np.pi / (2 * count))
    target = 0.5 * (place[0] + place[-1] + (place[-1] - place[0]) * points)
    right = np.clip(np.searchsorted(place, target), 1, rows - 1)
    nearest = np.where(target - place[right - 1] < place[right] - target, right - 1, right)
    # Where rows are sparser than Chebyshev's points, the next free row: first upwards, then back from the end.
    steps = np.arange(count)
    forward = np.maximum.accumulate(nearest - steps) + steps
    chosen = np.minimum(forward, rows - count + steps)
    # Where rows bunch there is none next to a point, and nodes side by side would say little of what is far.
    room = 0.5 * np.minimum(np.diff(target, prepend=-np.inf), np.diff(target, append=np.inf))
    return chosen if np.all(np.abs(place[chosen] - target) <= room) else _leja(place, count)


def _leja(place: np.ndarray, count: int) -> np.ndarray:
    """Rows each of which is as far as can be, by the product of distances, from those before it.

    References:
        leja1957certaines
    """
    chosen = [0, place.size - 1]
    with np.errstate(divide="ignore"):  # a row that is chosen is never again
        far = np.log(np.abs(place - place[0])) + np.log(np.abs(place - place[-1]))
        while len(chosen) < count:
            chosen.append(int(np.argmax(far)))
            far = far + np.log(np.abs(place - place[chosen[-1]]))
    return np.sort(chosen)


def interpolation(place: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the matrix from values at nodes to values of all rows: the polynomial through them, in barycentric form.

    Args:
        place: where the rows are.
        at: where the nodes are, distinct.

    Returns:
        row x node.

    References:
        berrut2004barycentric
    """
    if at.size == 1:
        return np.ones((place.size, 1))
    # A capacity of 1 keeps the products of many distances from leaving floating point.
    scale = 4.0 / (at[-1] - at[0])
    apart = scale * (at[:, None] - at) + np.eye(at.size)
    weight = 1.0 / apart.prod(axis=1)
    away = scale * (place[:, None] - at)
    exact = away == 0.0
    matrix = weight / np.where(exact, 1.0, away)
    matrix /= matrix.sum(axis=1, keepdims=True)
    hit = exact.any(axis=1)
    matrix[hit] = exact[hit]
    return matrix
