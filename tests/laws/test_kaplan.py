"""The algebra of Kaplan et al., section 6 and appendix B, from the laws themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from bayescale.laws import KaplanC, KaplanD, KaplanN, KaplanND, KaplanNS, critical_batch, least_compute, least_steps

SOURCE = "kaplan2020scaling"
JOINT = KaplanNS.published[SOURCE]


@pytest.mark.golden
@pytest.mark.parametrize(
    ("law", "source", "column", "scale", "exponent"),
    [
        (KaplanN, SOURCE, "params", 8.8e13, 0.076),
        (KaplanD, SOURCE, "tokens", 5.4e13, 0.095),
        (KaplanC, SOURCE, "compute", 1.6e7 * 8.64e19, 0.057),
        (KaplanC, f"{SOURCE}-min", "compute", 3.1e8 * 8.64e19, 0.050),
    ],
)
def test_laws_of_one_quantity_are_those_of_table_5(law, source, column, scale, exponent):
    published = law.published[source]
    for value in (1e-6 * scale, scale):
        assert published.at(**{column: value}) == pytest.approx((scale / value) ** exponent, rel=1e-12)
    assert getattr(published, published.derived_quantities[0].name) == pytest.approx(scale, rel=1e-12)


@pytest.mark.golden
@pytest.mark.parametrize(("params", "steps"), [(1e6, 1e3), (1.5e9, 2.5e5)])
def test_the_law_of_size_and_steps_is_equation_1_6_with_table_5(params, steps):
    """(N_c/N)^alpha_N + (S_c/S_min)^alpha_S."""
    paper = (8.8e13 / params) ** 0.076 + (2.1e3 / steps) ** 0.76
    assert JOINT.at(params=params, step=steps) == pytest.approx(paper, rel=1e-12)
    assert (JOINT.N_c, JOINT.S_c) == pytest.approx((8.8e13, 2.1e3), rel=1e-12)


def test_overfitting_depends_on_one_ratio():
    """L(N, D) / L(N, infinity) - 1 = (1 + (N/N_c)^(alpha_N/alpha_D) D_c/D)^alpha_D - 1, the paper's delta L."""
    law = KaplanND.published[SOURCE]
    for params, tokens in ((1e8, 1e9), (1e9, 1e9), (1e10, 1e12)):
        excess = law.at(params=params, tokens=tokens) / law.at(params=params, tokens=1e60) - 1
        ratio = (params / 6.4e13) ** (0.076 / 0.103) * 1.8e13 / tokens
        assert excess == pytest.approx((1 + ratio) ** 0.103 - 1, rel=1e-6)


def test_the_critical_batch_doubles_when_the_loss_falls_by_13_percent():
    """Section 5.1 says 13 %; the exponent says 13.5."""
    falls = 1 - 2**-0.21
    assert falls == pytest.approx(0.135, abs=5e-4)
    assert critical_batch(3.0 * (1 - falls)) == pytest.approx(2 * critical_batch(3.0), rel=1e-12)


@pytest.mark.parametrize("batch", [1e4, 5e5, 3e7])
def test_steps_and_compute_trade_off_as_a_hyperbola(batch):
    """(S/S_min - 1) (E/E_min - 1) = 1, with E the examples processed, proportional to compute (equation 5.1)."""
    steps, compute, critical = 1e5, 1e19, 5e5
    more_steps = steps / least_steps(steps, batch, critical) - 1
    more_compute = compute / least_compute(compute, batch, critical) - 1
    assert more_steps * more_compute == pytest.approx(1.0, rel=1e-12)


def steps_to(loss: float, params: float) -> float:
    """Steps at which a model reaches a loss, by the law alone."""
    return float(np.exp(brentq(lambda s: float(JOINT(params, np.exp(s))) - loss, -20.0, 200.0, xtol=1e-13)))


def best_size(loss: float) -> float:
    """The size that reaches a loss with the least compute 6 N B_crit S_min."""
    smallest = 8.8e13 * loss ** (-1 / 0.076)  # reaches the loss after infinitely many steps
    found = minimize_scalar(
        lambda log: log + np.log(steps_to(loss, np.exp(log))),
        bounds=(np.log(1.01 * smallest), np.log(1e3 * smallest)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(np.exp(found.x))


@pytest.mark.parametrize("loss", [2.5, 3.5])
def test_at_the_optimum_training_stops_a_tenth_above_convergence(loss):
    """L = (1 + alpha_N/alpha_S) L(N, infinity), appendix B.

    Compute is flat at its minimum, where it is found to the root of rounding; the loss has a slope of 0.076 in it.
    """
    converged = float(JOINT(best_size(loss), 1e300))
    assert loss / converged == pytest.approx(1 + 0.076 / 0.76, rel=1e-6)


@pytest.mark.golden
def test_the_exponent_of_least_compute_follows_from_three_others():
    """1 / (1/alpha_S + 1/alpha_B + 1/alpha_N) = 0.052 (section 6 and appendix B), where the fit had 0.050."""

    def compute(loss: float) -> float:
        size = best_size(loss)
        return 6 * size * steps_to(loss, size) * critical_batch(loss)

    high, low = 3.5, 2.5
    exponent = np.log(high / low) / np.log(compute(low) / compute(high))
    assert exponent == pytest.approx(1 / (1 / 0.76 + 1 / 0.21 + 1 / 0.076), rel=1e-6)
    assert exponent == pytest.approx(0.052, abs=5e-4)
