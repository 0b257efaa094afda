"""A cost is a formula; its inverses follow from it where there is no closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescale.costs import (
    ActiveSixND,
    Cost,
    DeepSeekM,
    HoffmannF,
    KaplanForward,
    ShapeFamily,
    SixND,
    WithInference,
)
from bayescale.language.errors import SettingsError


class Plain(Cost):
    """6ND without its closed inverse."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens


class Serving(Cost):
    """Training plus serving a fixed number of tokens: no budget below the serving cost buys any training."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens + 2.0 * params * 1e12


class Attention(Cost):
    """Not linear in tokens."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens * (1 + 0.01 * tokens**0.1)


class Refund(Cost):
    """Falls with both."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 1.0 / params / tokens


class Flat(Cost):
    """Knows neither."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 7.0 + 0.0 * tokens * params


SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)
EXPERTS = ShapeFamily(aspect=60, vocabulary=50_000, context=2048, experts=16, experts_per_token=2)
PAPERS = [
    KaplanForward(ShapeFamily(aspect=100, vocabulary=50_257, context=1024, params_convention="non_embedding")),
    DeepSeekM(SHAPES),
    HoffmannF(SHAPES),
    HoffmannF(SHAPES, vocabulary=True),
    ActiveSixND(EXPERTS),
    DeepSeekM(EXPERTS),
]
SERVED = [WithInference(1e10), WithInference(1e11, training=HoffmannF(SHAPES), price=2.5)]
ALL = [SixND(), Plain(), Attention(), *PAPERS, *SERVED]
PARAMS = np.geomspace(1e6, 1e13, 15)[:, None]
COMPUTE = np.geomspace(1e17, 1e28, 12)


def name(cost: Cost) -> str:
    return cost.name


def test_the_generic_inverse_is_the_closed_form():
    closed = SixND().tokens(PARAMS, COMPUTE)
    inside = closed > 1
    np.testing.assert_allclose(Plain().tokens(PARAMS, COMPUTE)[inside], closed[inside], rtol=1e-13)


@pytest.mark.parametrize("cost", [*PAPERS, *SERVED], ids=name)
def test_a_closed_inverse_is_the_generic_one(cost):
    closed, generic = cost.tokens(PARAMS, COMPUTE), Cost.tokens(cost, PARAMS, COMPUTE)
    inside = generic > 2
    np.testing.assert_allclose(closed[inside], generic[inside], rtol=1e-9)


@pytest.mark.parametrize("cost", ALL, ids=name)
def test_the_inverse_spends_the_budget(cost):
    tokens = np.broadcast_to(cost.tokens(PARAMS, COMPUTE), (15, 12))
    paid = cost(PARAMS, tokens)
    wanted = np.broadcast_to(COMPUTE, paid.shape)
    np.testing.assert_allclose(paid[tokens > 2], wanted[tokens > 2], rtol=1e-12)


@pytest.mark.parametrize("cost", ALL, ids=name)
def test_the_inverse_in_params_gives_the_params_back(cost):
    tokens = np.geomspace(1e8, 1e14, 7)
    np.testing.assert_allclose(cost.params(tokens, cost(PARAMS, tokens)), np.broadcast_to(PARAMS, (15, 7)), rtol=1e-10)


@pytest.mark.parametrize("cost", ALL, ids=name)
def test_more_tokens_and_more_params_cost_more(cost):
    tokens = np.geomspace(1e6, 1e15, 20)
    paid = cost(PARAMS, tokens)
    assert paid.shape == (15, 20)
    assert np.all(np.diff(paid, axis=0) > 0)
    assert np.all(np.diff(paid, axis=1) > 0)


@pytest.mark.parametrize("cost", [SixND(), *PAPERS, WithInference(1e10)], ids=name)
def test_a_cost_of_numbers_is_that_of_numpy_and_of_traced_values(cost):
    import jax

    with jax.enable_x64(True):
        traced = jax.jit(lambda n, d: cost(n, d))(3e9, 5e11)
    assert float(traced) == pytest.approx(float(cost(3e9, 5e11)), rel=1e-12)
    assert float(cost(np.array([3e9]), np.array([5e11]))[0]) == pytest.approx(float(cost(3e9, 5e11)), rel=1e-12)


@pytest.mark.parametrize("cost", [Serving(), WithInference(1e12)], ids=name)
def test_a_budget_that_buys_nothing_buys_one_token(cost):
    assert cost.tokens(1e9, 1e20) == pytest.approx(1.0)
    assert cost.tokens(1e9, 8e21) == pytest.approx(1e12)


@pytest.mark.parametrize("cost", [Refund(), Flat()], ids=name)
def test_a_cost_that_does_not_increase_is_refused(cost):
    for unknown, inverse in (("tokens", cost.tokens), ("params", cost.params)):
        message = f"^{cost.name} does not increase with {unknown}, so a budget does not fix them.$"
        with pytest.raises(SettingsError, match=message):
            inverse(1e9, 1e21)


def test_six_nd_is_chinchillas_budget():
    """Hoffmann et al.: 70 billion parameters on 1.4 trillion tokens, 5.88e23 FLOP by this count."""
    assert SixND()(70e9, 1.4e12) == pytest.approx(5.88e23)
    assert SixND().params(1.4e12, 5.88e23) == pytest.approx(70e9)
    assert repr(SixND()) == "SixND()"


def test_a_cost_is_called_by_its_class_unless_it_has_a_name():
    assert (SixND().name, Plain().name) == ("6ND", "Plain")
    assert [cost.name for cost in PAPERS[2:4]] == ["Hoffmann F", "Hoffmann F with vocabulary"]
    assert [cost.name for cost in SERVED] == ["6ND + inference", "Hoffmann F + inference"]


def test_a_cost_says_how_it_counts_params():
    assert SixND().params_convention is None
    assert WithInference(1e9).params_convention is None
    assert [cost.params_convention for cost in PAPERS[:2]] == ["non_embedding", "total"]
    assert SERVED[1].params_convention == "total"


def test_a_cost_without_a_formula_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Cost()
