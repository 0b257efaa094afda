"""Quadratic forms of training curves: what normal residuals along them cost, exactly, given the law at their nodes.

With P the interpolation from the nodes of a curve to its rows, the residuals are e - P d, where e = y - P c are those
of the best values c at the nodes and d is how far the law is from these. Their cost r' S r is then a quadratic in d,
q - 2 v d + d' M d, whose numbers q, v and M are sums over rows that are taken once.

The precision S of the residuals depends on a parameter of the model. For correlations that are the same from row to row
it is (1 + rho^2 on all but the ends, -rho beside) / (1 - rho^2): three fixed matrices with weights that depend on rho.
For an Ornstein-Uhlenbeck process with any gaps it is smooth in log tau, and interpolated there from Chebyshev's points,
panel by panel: as many panels side by side as the posterior may need, each with forms of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bayescale.inference.compressed.nodes import interpolation
from bayescale.inference.compressed.ordered import CannotCompress, Ordered
from bayescale.inference.compressed.panels import PANEL, POINTS, points
from bayescale.models.model import Model
from bayescale.models.residuals import OU


class Forms(NamedTuple):
    """Forms of all curves; the last axis is that of curves, along which everything is computed at once.

    Args:
        constant: q, form x curve.
        linear: v, form x node x curve.
        square: M, form x node x node x curve.
        rows: of each curve.
        links: of all curves together, rows with one before them.
        lowest: log tau where the first panel begins; 0 where forms are not interpolated.
        log_share: sum of the logs of new shares of the scale at each of the points; empty where not interpolated.
        least: the smallest log tau at which they are known, which is none where they stay as they are below the first
            panel.
    """

    constant: Any
    linear: Any
    square: Any
    rows: Any
    links: Any
    lowest: Any
    log_share: Any
    least: Any = 0.0

    @property
    def panels(self) -> int:
        """Panels of log tau, side by side; 0 where forms are not interpolated."""
        return self.log_share.shape[0] // POINTS

    @property
    def highest(self) -> Any:
        """Log tau where the last panel ends."""
        return self.lowest + self.panels * PANEL


def check_residuals(model: Model) -> None:
    """Refuse residuals whose precision has no such forms.

    Raises:
        CannotCompress: others than those with one correlation from row to row, and OU; or parameters per family.
    """
    residuals = model.residuals
    if residuals is None:
        return
    if residuals.in_log_tokens and residuals is not OU:
        raise CannotCompress(f"the residuals {residuals.name!r} are not of a kind whose sums are known")
    if any(model.kind(p) != "complete" for p in residuals.parameters):
        raise CannotCompress(f"families have residuals {residuals.name!r} of their own")


def form_count(model: Model) -> int:
    """How many forms a curve has, in one panel."""
    return 1 if model.residuals is None else POINTS if model.residuals is OU else 3


def best_values(ordered: Ordered, nodes: list[np.ndarray], response: np.ndarray) -> list[np.ndarray]:
    """Values at the nodes of every curve by least squares.

    Args:
        ordered: rows along curves.
        nodes: of each curve, its rows.
        response: log response in each place.
    """
    found = []
    for i, chosen in enumerate(nodes):
        part = slice(ordered.begin[i], ordered.begin[i + 1])
        place = ordered.place[part]
        if chosen.size == place.size:
            found.append(response[part])
        else:
            matrix = interpolation(place, place[chosen])
            found.append(np.linalg.lstsq(matrix, response[part])[0])
    return found


def build_forms(
    model: Model,
    ordered: Ordered,
    nodes: list[np.ndarray],
    values: list[np.ndarray],
    response: np.ndarray,
    lowest: float,
    *,
    width: int,
    padded: int,
) -> Forms:
    """Take the sums over all rows, curve by curve.

    Args:
        model: says how residuals follow each other.
        ordered, nodes, values, response: as for :func:`best_values`, and what that returned.
        lowest: log tau where the one panel begins, for an OU process; else 0.
        width: nodes per curve after padding.
        padded: curves after padding.
    """
    grams, log_share = _grams(model, lowest)
    forms = form_count(model)
    constant, linear = np.zeros((forms, padded)), np.zeros((forms, width, padded))
    square, shares = np.zeros((forms, width, width, padded)), np.zeros(POINTS if model.residuals is OU else 0)
    for i, chosen in enumerate(nodes):
        part = slice(ordered.begin[i], ordered.begin[i + 1])
        place = ordered.place[part]
        matrix = interpolation(place, place[chosen])
        rows = np.column_stack([matrix, response[part] - matrix @ values[i]])
        gaps, k = np.diff(place), chosen.size
        # One product of the nodes' columns and the residuals with themselves has all three parts.
        for a, gram in enumerate(grams(rows, gaps)):
            square[a, :k, :k, i], linear[a, :k, i], constant[a, i] = gram[:k, :k], gram[:k, k], gram[k, k]
        if shares.size:
            shares += log_share(gaps)
    rows_of = np.pad(ordered.lengths, (0, padded - ordered.curves)).astype(float)
    links = float(ordered.order.size - ordered.curves)
    return Forms(constant, linear, square, rows_of, links, lowest, shares)


def _grams(model: Model, lowest: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The products that make the forms of one curve, and the sum of its log shares at each point."""
    if model.residuals is None:
        return (lambda rows, gaps: (rows.T @ rows,)), lambda gaps: 0.0
    if model.residuals is not OU:
        return _same_links, lambda gaps: 0.0
    decays = np.exp(-points(lowest))

    def at_points(rows: np.ndarray, gaps: np.ndarray) -> Any:
        for decay in decays:
            share = np.sqrt(-np.expm1(-2.0 * decay * gaps))
            new = np.empty_like(rows)
            new[0] = rows[0]
            new[1:] = (rows[1:] - np.exp(-decay * gaps)[:, None] * rows[:-1]) / share[:, None]
            yield new.T @ new

    def log_share(gaps: np.ndarray) -> np.ndarray:
        return 0.5 * np.log(-np.expm1(-2.0 * decays[:, None] * gaps)).sum(axis=1)

    return at_points, log_share


def _same_links(rows: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, ...]:
    """All squares, products of neighbours, and squares of all but the ends (less the square of a row alone)."""
    total = rows.T @ rows
    beside = rows[1:].T @ rows[:-1]
    ends = np.outer(rows[0], rows[0]) + np.outer(rows[-1], rows[-1])
    return total, 0.5 * (beside + beside.T), total - ends
