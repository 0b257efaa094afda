"""Posteriors that scatter, made by hand: plans under doubt need draws that differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bayescale.decisions.allocation.problem import Problem
from bayescale.laws import Chinchilla

DRAWS = 400


@pytest.fixture(scope="session")
def doubtful() -> Callable[..., Chinchilla]:
    """Chinchilla's law at draws that scatter, coefficients and exponents correlated as data make them."""

    def make(seed: int = 0, draws: int = DRAWS, times: float = 1.0) -> Chinchilla:
        rng = np.random.default_rng(seed)
        alpha, beta = rng.uniform(0.25, 0.5, 2)
        size, data, level = rng.standard_normal((3, draws, 1))
        rise = 0.04 * times * rng.standard_normal((2, draws, 1))
        return Chinchilla(
            E=rng.uniform(1.5, 2.0) * np.exp(0.01 * level),
            A=rng.uniform(0.2, 0.6) * np.exp(0.03 * times * size),
            B=rng.uniform(0.2, 0.6) * np.exp(0.03 * times * data),
            alpha=alpha * np.exp(rise[0]),
            beta=beta * np.exp(rise[1]),
            N0=1e9,
            D0=2e10,
        )

    return make


@pytest.fixture(scope="session")
def by_hand() -> Callable[..., np.ndarray]:
    """Losses of a problem at sizes, size x draw x budget, by NumPy alone; of Chinchilla's law."""

    def losses(problem: Problem, params: np.ndarray) -> np.ndarray:
        law = problem.law
        found = []
        for sizes in params:
            tokens = np.asarray(problem.cost.tokens(sizes, problem.spent), float)
            curve = law.E + law.A * (sizes / law.N0) ** -law.alpha + law.B * (tokens / law.D0) ** -law.beta
            found.append(curve if problem.shift is None else curve * np.exp(problem.shift))
        return np.stack(found)

    return losses
