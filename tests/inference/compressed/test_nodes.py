"""Nodes are rows of a curve, and the polynomial through them is exact where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.inference.compressed.nodes import interpolation, node_rows


@pytest.mark.parametrize("count", [2, 5, 8, 24])
@pytest.mark.parametrize("rows", [1, 2, 7, 30, 1000])
def test_nodes_are_different_rows_in_order(rows, count):
    for place in (np.linspace(0.0, 3.0, rows), np.log(np.arange(1.0, rows + 1.0))):
        found = node_rows(place, count)
        assert found.size == min(rows, count)
        assert np.all(np.diff(found) > 0) and found[0] >= 0 and found[-1] < rows


def test_a_polynomial_of_lower_degree_than_nodes_is_exact():
    place = np.log(np.linspace(0.1, 1.0, 200))
    matrix = interpolation(place, place[node_rows(place, 8)])
    y = np.polynomial.Polynomial([1.0, -2.0, 0.5, 0.1, 0.3, -0.2, 0.05, 0.01])(place)
    np.testing.assert_allclose(matrix @ y[node_rows(place, 8)], y, atol=1e-12)
    missed = np.exp(4.0 * place)
    assert np.abs(matrix @ missed[node_rows(place, 8)] - missed).max() > 1e-9


def test_a_short_curve_is_itself():
    place = np.array([0.0, 0.3, 1.0, 2.5])
    np.testing.assert_array_equal(interpolation(place, place[node_rows(place, 8)]), np.eye(4))
