"""Hours, dollars, serving, and compute that is known up to an error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bayescale.costs import ComputeError, HoffmannF, RateCard, ShapeFamily, SixND, WithInference
from bayescale.language.errors import SettingsError

CARD = RateCard(989e12, 0.4, 2.5, devices=1024, prefill=0.5, decode=0.05)


def test_a_rate_card_counts_device_hours():
    """By hand: Chinchilla's 5.88e23 FLOP at 989e12 x 0.4 FLOP/s are 1.4863e9 seconds, or 412,875 hours of a device."""
    assert CARD.device_hours(5.88e23) == pytest.approx(5.88e23 / (989e12 * 0.4) / 3600)
    assert CARD.device_hours(5.88e23) == pytest.approx(412_875, rel=1e-5)
    assert CARD.hours(5.88e23) == pytest.approx(412_875 / 1024, rel=1e-5)
    assert CARD.dollars(5.88e23) == pytest.approx(412_875 * 2.5, rel=1e-5)


def test_what_hours_and_dollars_buy_takes_them():
    amounts = np.geomspace(1e-3, 1e9, 20)
    np.testing.assert_allclose(CARD.hours(CARD.compute_in(amounts)), amounts)
    np.testing.assert_allclose(CARD.dollars(CARD.compute_for(amounts)), amounts)


def test_more_devices_are_faster_and_no_cheaper():
    one = RateCard(989e12, 0.4, 2.5)
    assert one.hours(1e22) == pytest.approx(1024 * CARD.hours(1e22))
    assert one.dollars(1e22) == CARD.dollars(1e22)


def test_inference_is_as_dear_as_hardware_is_idle_in_it():
    assert CARD.inference_price(answers=0.0) == pytest.approx(0.4 / 0.5)
    assert CARD.inference_price(answers=1.0) == pytest.approx(0.4 / 0.05)
    assert CARD.inference_price(answers=0.25) == pytest.approx(0.75 * 0.8 + 0.25 * 8.0)
    # Dollars of both: of training by its own utilisation, of inference by that of its phases.
    cost = WithInference(1e12, price=CARD.inference_price(answers=0.25))
    second = 2.5 / 3600 / 989e12
    training, prompts, answers = 6 * 1e9 * 5e11 / 0.4, 2 * 1e9 * 0.75e12 / 0.5, 2 * 1e9 * 0.25e12 / 0.05
    assert CARD.dollars(cost(1e9, 5e11)) == pytest.approx((training + prompts + answers) * second)


def test_prefill_alone_needs_no_decode():
    assert RateCard(1e15, 0.4, 1.0, prefill=0.4).inference_price(answers=0) == 1.0


def test_inference_is_a_forward_pass_per_token():
    """Kaplan et al., sec. 2.1: 2 N per token forward, 6 N in training."""
    assert WithInference(2e12)(70e9, 1.4e12) == pytest.approx(6 * 70e9 * 1.4e12 + 2 * 70e9 * 2e12)
    shaped = HoffmannF(ShapeFamily(aspect=60, vocabulary=50_000, context=2048))
    assert WithInference(3.0, training=shaped).inference(1e9) == pytest.approx(shaped(1e9, 1.0))


def test_errors_of_compute_are_normal_and_one_per_draw():
    rng = np.random.default_rng(3)
    counted = ComputeError(0.1).counted([1e20, 1e23], draws=4000, rng=rng)
    assert counted.shape == (4000, 2)
    np.testing.assert_allclose(counted[:, 0] * 1e3, counted[:, 1])
    # One chance in a million of a false alarm, at this seed.
    assert stats.kstest(counted[:, 0] / 1e20, stats.norm(1.0, 0.1).cdf).pvalue > 1e-6


def test_exact_and_counted_are_inverses_at_the_same_numbers():
    error = ComputeError(0.15)
    counted = error.counted(1e22, draws=50, rng=np.random.default_rng(0))
    exact = error.exact(counted[:, 0], draws=50, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.diag(exact), 1e22)


def test_no_error_leaves_no_compute():
    class Unlucky:
        def standard_normal(self, count: int) -> np.ndarray:
            return np.array([-50.0, 50.0])

    assert ComputeError(0.2).ratios(2, Unlucky()).tolist() == pytest.approx([0.2, 1.8])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RateCard(0, 0.4, 1.0), "RateCard: flop_per_second must be positive and finite, FLOP per second of"),
        (lambda: RateCard(1e15, 40, 1.0), r"RateCard: utilisation must be in \(0, 1\], a share of the peak, got 40"),
        (
            lambda: RateCard(1e15, None, 1.0),
            r"RateCard: utilisation must be in \(0, 1\], a share of the peak, got None",
        ),
        (lambda: RateCard(1e15, 0.4, -1), "RateCard: dollars_per_device_hour must be positive and finite, in dollars"),
        (lambda: RateCard(1e15, 0.4, 1.0, devices=math.inf), "RateCard: devices must be positive and finite, a count"),
        (lambda: RateCard(1e15, 0.4, 1.0, decode=0.0), r"RateCard: decode must be in \(0, 1\], a share of the peak"),
        (lambda: CARD.inference_price(answers=2), r"RateCard: answers must be in \[0, 1\], the share of served tokens"),
        (
            lambda: RateCard(1e15, 0.4, 1.0).inference_price(answers=0.5),
            "RateCard: prefill is missing; give the share of the peak that it reaches, for example prefill=0.3.$",
        ),
        (lambda: WithInference(-1.0), "WithInference: served must be positive and finite, in tokens, got -1.0"),
        (lambda: WithInference(1.0, price=0), "WithInference: price must be positive and finite, of an inference FLOP"),
        (
            lambda: WithInference(1.0, training=SixND),
            r"WithInference: training must be a Cost such as SixND\(\), got <class",
        ),
        (lambda: ComputeError(0.5), r"ComputeError: relative_sd must be in \(0, 0.2\], 0.05 to 0.15 is usual, got 0.5"),
        (lambda: ComputeError("10%"), r"ComputeError: relative_sd must be in \(0, 0.2\], .* got '10%'"),
    ],
)
def test_what_is_no_price_is_refused_in_a_sentence(make, message):
    with pytest.raises(SettingsError, match=f"^{message}"):
        make()
