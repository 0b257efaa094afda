"""Published numbers come out of the published parameters."""

from __future__ import annotations

import math

import pytest

from bayescale.costs import SixND
from bayescale.decisions import allocate
from bayescale.laws import Chinchilla, KaplanND

pytestmark = [pytest.mark.golden, pytest.mark.usefixtures("double_precision")]

HOFFMANN, UNROUNDED, BESIROGLU = (
    "hoffmann2022training",
    "hoffmann2022training-unrounded",
    "besiroglu2024chinchilla",
)


# Computed once from the printed parameters with C = 6 N D (Hoffmann et al., eq. 4): compute, N*, D*, D*/N*, loss.
OPTIMA = [
    (BESIROGLU, 1e21, 2.778e9, 5.999e10, 21.59, 2.3055),
    (HOFFMANN, 5.76e23, 3.219e10, 2.982e12, 92.65, 1.9307),
    (UNROUNDED, 5.76e23, 4.036e10, 2.378e12, 58.92, 1.9184),
    (BESIROGLU, 5.76e23, 7.225e10, 1.329e12, 18.39, 1.9744),
    (BESIROGLU, 1e24, 9.586e10, 1.739e12, 18.14, 1.9597),
    (BESIROGLU, 3.8e25, 6.187e11, 1.024e13, 16.55, 1.8917),
]


@pytest.mark.parametrize(("source", "compute", "params", "tokens", "ratio", "loss"), OPTIMA)
def test_chinchilla_optima(source, compute, params, tokens, ratio, loss):
    """To the four or five digits printed; the parameters themselves have four."""
    plan = allocate(Chinchilla.published[source], compute=compute).draws.isel(chain=0, draw=0, budget=0)
    assert float(plan["params"]) == pytest.approx(params, rel=1e-3)
    assert float(plan["tokens"]) == pytest.approx(tokens, rel=1e-3)
    assert float(plan["tokens_per_param"]) == pytest.approx(ratio, rel=2e-3)
    assert float(plan["loss"]) == pytest.approx(loss, abs=1e-4)


# Hoffmann et al., Table A3, Approach 3: parameters, FLOPs, tokens. The 175B row prints 1.26e24 FLOPs where its own
# tokens and its neighbours say 1.26e25.
TABLE_A3 = [
    (400e6, 2.21e19, 9.2e9),
    (1e9, 1.62e20, 27.1e9),
    (10e9, 2.46e22, 410.1e9),
    (67e9, 1.71e24, 4.1e12),
    (175e9, 1.26e25, 12.0e12),
    (280e9, 3.52e25, 20.1e12),
    (520e9, 1.36e26, 43.5e12),
    (1e12, 5.65e26, 94.1e12),
    (10e12, 8.55e28, 1425.5e12),
]


@pytest.mark.parametrize(("params", "compute", "tokens"), TABLE_A3)
def test_table_a3_reproduces_from_the_unrounded_parameters_only(params, compute, tokens):
    """The unrounded parameters come closer than half as far as the rounded ones do, in every row.

    The digits printed explain half a percent of a size. The misses grow steadily, from 2.8 % in the first row to 7.3 %
    in the last, as if the table had been made with an exponent of 0.459 instead of 0.4565; the paper does not say. So
    7.5 % for the sizes is an observation, kept as a regression bound. That of the tokens follows from it: they are
    C/6N, which the table's own columns satisfy to 5 %.
    """
    found = {s: Chinchilla.published[s].optimum(compute, SixND()) for s in (UNROUNDED, HOFFMANN)}
    missed = {s: abs(float(size) / params - 1) for s, (size, _) in found.items()}
    assert missed[UNROUNDED] < 0.5 * missed[HOFFMANN]
    assert missed[UNROUNDED] < 0.075
    assert compute / (6 * params * tokens) == pytest.approx(1, abs=0.05)
    size, data = (float(value) for value in found[UNROUNDED])
    assert data == pytest.approx(compute / (6 * size), rel=1e-9)
    assert abs(data / tokens - 1) < 1.05 / (1 - 0.075) - 1


def test_the_frontier_is_a_power_law():
    """L* = E + K (C/6)^-gamma with K = (alpha + beta) (A/beta)^a (B/alpha)^b."""
    law = Chinchilla.published[BESIROGLU]
    a, gamma = law.a, law.alpha * law.beta / (law.alpha + law.beta)
    K = (law.alpha + law.beta) * (law.A / law.beta) ** a * (law.B / law.alpha) ** (1 - a)
    for compute in (1e19, 1e23, 1e27):
        loss = float(allocate(law, compute=compute).draws["loss"].item())
        assert loss == pytest.approx(law.E + K * (compute / 6) ** -gamma, rel=1e-9)


def test_besiroglu_exponent_of_size():
    assert Chinchilla.published[BESIROGLU].a == pytest.approx(0.513, abs=5e-4)


def test_hoffmann_exponent_of_size():
    """Table 2 prints 0.46 for Approach 3, from the unrounded values 0.4565; the rounded ones give 0.4516."""
    assert Chinchilla.published[UNROUNDED].a == pytest.approx(0.4565, abs=1e-4)
    assert Chinchilla.published[HOFFMANN].a == pytest.approx(0.4516, abs=1e-4)


def test_kaplan_scales_and_exponent():
    """Table 2 of Kaplan et al.: N_c 6.4e13, D_c 1.8e13; a = alpha_D / (alpha_N + alpha_D) = 0.575."""
    law = KaplanND.published["kaplan2020scaling"]
    assert float(law.N_c) == pytest.approx(6.4e13)
    assert float(law.D_c) == pytest.approx(1.8e13)
    assert float(law.a) == pytest.approx(0.575, abs=1e-3)


def test_kaplan_limits_are_power_laws():
    """With unlimited data L = (N_c/N)^alpha_N, with unlimited size L = (D_c/D)^alpha_D."""
    law = KaplanND.published["kaplan2020scaling"]
    assert float(law.at(params=1e9, tokens=1e30)) == pytest.approx((6.4e13 / 1e9) ** 0.076, rel=1e-6)
    assert float(law.at(params=1e30, tokens=1e10)) == pytest.approx((1.8e13 / 1e10) ** 0.103, rel=1e-6)


def test_kaplan_joint_law_is_the_papers_equation():
    """Equation 1.5: L = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D."""
    law = KaplanND.published["kaplan2020scaling"]
    paper = ((6.4e13 / 1e9) ** (0.076 / 0.103) + 1.8e13 / 2e10) ** 0.103
    assert float(law.at(params=1e9, tokens=2e10)) == pytest.approx(paper, rel=1e-12)


def test_kaplan_optimum_is_the_stationary_point():
    """p = alpha_N/alpha_D, N* = (p N_c^p C / (6 D_c))^(1/(1+p))."""
    p = 0.076 / 0.103
    expected = (p * 6.4e13**p * 1e21 / (6 * 1.8e13)) ** (1 / (1 + p))
    params, tokens = KaplanND.published["kaplan2020scaling"].optimum(1e21, SixND())
    assert float(params) == pytest.approx(expected, rel=1e-12)
    assert float(tokens) == pytest.approx(1e21 / (6 * expected), rel=1e-12)


def test_the_unrounded_parameters_round_to_the_printed_ones():
    unrounded, printed = Chinchilla.published[UNROUNDED], Chinchilla.published[HOFFMANN]
    assert round(unrounded.E, 2) == printed.E
    assert round(unrounded.A, 1) == printed.A
    assert round(unrounded.B, 1) == printed.B
    assert round(unrounded.alpha, 2) == printed.alpha
    assert math.isclose(unrounded.beta, printed.beta, abs_tol=0.005)  # 0.2849 is printed as 0.28
