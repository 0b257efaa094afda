"""A cost is a formula; its inverse in tokens follows from it where there is no closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescale.costs import Cost, SixND
from bayescale.language.errors import SettingsError


class Plain(Cost):
    """6ND without its closed inverse."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens


class WithInference(Cost):
    """Training plus serving a fixed number of tokens: no budget below the serving cost buys any training."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens + 2.0 * params * 1e12


class Attention(Cost):
    """Not linear in tokens."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens * (1 + 0.01 * tokens**0.1)


class Refund(Cost):
    """Falls with tokens."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return params / tokens


class Flat(Cost):
    """Does not know tokens."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return params + 0.0 * tokens


PARAMS = np.geomspace(1e6, 1e13, 15)[:, None]
COMPUTE = np.geomspace(1e17, 1e28, 12)


def test_the_generic_inverse_is_the_closed_form():
    closed = SixND().tokens(PARAMS, COMPUTE)
    inside = closed > 1
    np.testing.assert_allclose(Plain().tokens(PARAMS, COMPUTE)[inside], closed[inside], rtol=1e-13)


@pytest.mark.parametrize("cost", [SixND(), Plain(), Attention()], ids=lambda cost: type(cost).__name__)
def test_the_inverse_spends_the_budget(cost):
    tokens = np.broadcast_to(cost.tokens(PARAMS, COMPUTE), (15, 12))
    paid = cost(PARAMS, tokens)
    wanted = np.broadcast_to(COMPUTE, paid.shape)
    np.testing.assert_allclose(paid[tokens > 2], wanted[tokens > 2], rtol=1e-12)


def test_a_budget_that_buys_nothing_buys_one_token():
    assert WithInference().tokens(1e9, 1e20) == pytest.approx(1.0)
    assert WithInference().tokens(1e9, 8e21) == pytest.approx(1e12)


@pytest.mark.parametrize("cost", [Refund(), Flat()], ids=lambda cost: type(cost).__name__)
def test_a_cost_that_does_not_increase_with_tokens_is_refused(cost):
    name = type(cost).__name__
    with pytest.raises(SettingsError, match=f"^{name} does not increase with tokens, so a budget does not fix them.$"):
        cost.tokens(1e9, 1e21)


def test_six_nd_is_chinchillas_budget():
    """Hoffmann et al.: 70 billion parameters on 1.4 trillion tokens, 5.88e23 FLOP by this count."""
    assert SixND()(70e9, 1.4e12) == pytest.approx(5.88e23)
    assert SixND().params(1.4e12, 5.88e23) == pytest.approx(70e9)
    assert repr(SixND()) == "SixND()"


def test_a_cost_is_called_by_its_class_unless_it_has_a_name():
    assert (SixND().name, Plain().name) == ("6ND", "Plain")


def test_a_cost_without_a_formula_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Cost()
