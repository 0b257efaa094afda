"""The laws of IsoFLOP valleys: what they have in common with Chinchilla, and what they are without it."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.costs import SixND
from bayescale.laws import Chinchilla, IsoFLOP, IsoFLOPValley

ALPHA, BETA, E, A, B, N0, D0 = 0.35, 0.45, 1.8, 0.3, 0.5, 1e9, 2e10


pytestmark = pytest.mark.usefixtures("double_precision")


def chinchilla() -> Chinchilla:
    return Chinchilla(E=E, A=A, B=B, alpha=ALPHA, beta=BETA, N0=N0, D0=D0)


def as_valley() -> IsoFLOPValley:
    """Chinchilla in the letters of valleys: at the anchors' budget N* = G N0, with what is lost there as K."""
    best = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA))
    lost = A * best**-ALPHA + B * best**BETA
    gamma, a = ALPHA * BETA / (ALPHA + BETA), BETA / (ALPHA + BETA)
    return IsoFLOPValley(E=E, K=lost, gamma=gamma, k=best, a=a, p=ALPHA, q=BETA, N0=N0, D0=D0)


def test_chinchilla_is_a_valley_whose_shape_frontier_and_path_are_tied():
    law, valley = chinchilla(), as_valley()
    rng = np.random.default_rng(0)
    for params, tokens in 10 ** rng.uniform([7, 8], [12, 13], (50, 2)):
        assert float(valley(params, tokens)) == pytest.approx(float(law(params, tokens)), rel=1e-12)
    assert valley.optimum(1e23, SixND()) == pytest.approx(law.optimum(1e23, SixND()), rel=1e-12)
    assert valley.curvature_ratio == pytest.approx(1.0, rel=1e-12)
    assert valley.a_shape == pytest.approx(valley.a, rel=1e-12)
    assert valley.b == pytest.approx(ALPHA / (ALPHA + BETA), rel=1e-12)


def test_a_parabola_is_the_bottom_of_a_valley():
    """They differ by the third order: p q (q - p) x^3 / 6 of what is lost, and less beyond."""
    valley = as_valley()
    parabola = IsoFLOP(**{n: getattr(valley, n) for n in ("E", "K", "gamma", "k", "a", "N0", "D0")}, c=valley.curvature)
    assert parabola.curvature_ratio == pytest.approx(1.0, rel=1e-12)
    best, budget = float(valley.optimum(1e22, SixND())[0]), 1e22
    for x in (-0.05, 0.05):
        size = best * np.exp(x)
        lost = float(valley(size, budget / 6 / size)) - E
        difference = lost - (float(parabola(size, budget / 6 / size)) - E)
        third = ALPHA * BETA * (BETA - ALPHA) * x**3 / 6 * lost
        # The fourth order is p q (p^2 - p q + q^2) x^4 / 24, a tenth of the third here.
        assert difference == pytest.approx(third, rel=0.25)


def test_a_parabola_is_as_curved_as_it_says():
    law = IsoFLOP(E=1.7, K=0.8, gamma=0.15, k=2.0, a=0.6, c=0.2, N0=N0, D0=D0)
    best, tokens = law.optimum(6 * N0 * D0, SixND())
    assert (best, tokens) == pytest.approx((2 * N0, D0 / 2), rel=1e-12)
    assert float(law(best, tokens)) == pytest.approx(2.5, rel=1e-12)
    for x in (-2.0, 0.5, 3.0):
        expected = 1.7 + 0.8 * (1 + 0.1 * x**2)
        assert float(law(best * np.exp(x), tokens * np.exp(-x))) == pytest.approx(expected, rel=1e-12)
