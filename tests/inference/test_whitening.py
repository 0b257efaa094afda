"""Conditional whitening gives the normal vector that it claims, and its derivatives are right."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from bayescale.inference.whitening import whitened

FAMILIES, SIZE = 3, 4


pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture
def problem():
    rng = np.random.default_rng(2)
    root = rng.standard_normal((FAMILIES, SIZE, SIZE + 2))
    return root @ root.swapaxes(1, 2), *rng.standard_normal((2, FAMILIES, SIZE))


def test_zero_is_the_mean_and_steps_have_the_covariance(problem):
    precision, shift, _ = problem
    mean, _ = whitened(precision, shift, np.zeros((FAMILIES, SIZE)))
    np.testing.assert_allclose(mean, np.linalg.solve(precision, shift[..., None])[..., 0], rtol=1e-10)
    steps = [whitened(precision, shift, np.tile(unit, (FAMILIES, 1)))[0] - mean for unit in np.eye(SIZE)]
    root = np.stack(steps, axis=-1)
    np.testing.assert_allclose(root @ root.swapaxes(1, 2), np.linalg.inv(precision), rtol=1e-9)


def test_the_log_jacobian_is_that_of_the_map(problem):
    precision, shift, z = problem
    jacobian = jax.jacfwd(lambda flat: whitened(precision, shift, flat.reshape(z.shape))[0].ravel())(z.ravel())
    _, found = whitened(precision, shift, z)
    assert float(found) == pytest.approx(float(np.linalg.slogdet(jacobian)[1]), rel=1e-12)


@pytest.mark.parametrize("argument", [0, 1, 2])
def test_both_modes_of_differentiation_agree_with_differences(problem, argument):
    """Differences of 1e-5 leave errors of about 1e-10 of values and derivatives of order one to ten."""
    rng = np.random.default_rng(3)
    direction = rng.standard_normal(problem[argument].shape)
    if argument == 0:
        direction = direction + direction.swapaxes(1, 2)  # a precision is symmetric
    weight = rng.standard_normal((FAMILIES, SIZE))

    def number(value):
        changed, log_jacobian = whitened(*problem[:argument], value, *problem[argument + 1 :])
        return (weight * changed).sum() + log_jacobian

    at = problem[argument]
    difference = (number(at + 1e-5 * direction) - number(at - 1e-5 * direction)) / 2e-5
    _, forward = jax.jvp(number, (at,), (direction,))
    backward = (jax.grad(number)(at) * direction).sum()
    assert float(forward) == pytest.approx(float(difference), rel=1e-6, abs=1e-7)
    assert float(backward) == pytest.approx(float(forward), rel=1e-11)
