"""Constraints: what they say of sizes, which binds, and what contradicts."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.costs import RateCard, ShapeFamily, SixND, WithInference
from bayescale.decisions import allocate
from bayescale.decisions.allocation import (
    Memory,
    ParamsBetween,
    ServingAtMost,
    Sizes,
    TokensBetween,
    TokensPerParam,
    UniqueTokens,
)
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws import Chinchilla, DataConstrained, ExpertsGranularity

REFIT = Chinchilla.published["besiroglu2024chinchilla"]
CARD = RateCard(flop_per_second=1e15, utilisation=0.4, dollars_per_device_hour=2.0, devices=1000)


def plan(*constraints, **choices):
    return allocate(REFIT, **{"compute": 5.76e23, **choices}, constraints=constraints)


@pytest.mark.parametrize(
    ("constraint", "params", "words"),
    [
        (ParamsBetween(most=3e10), 3e10, "at most 3e+10 parameters"),
        (ParamsBetween(least=1e11), 1e11, "at least 1e+11 parameters"),
        (TokensBetween(most=1e12), 5.76e23 / 6e12, "at most 1e+12 tokens"),
        (TokensBetween(least=2e12), 5.76e23 / 12e12, "at least 2e+12 tokens"),
        (TokensPerParam(least=100), (5.76e23 / 600) ** 0.5, "at least 100 tokens per parameter"),
        (TokensPerParam(most=5), (5.76e23 / 30) ** 0.5, "at most 5 tokens per parameter"),
        (UniqueTokens(2.5e11, epochs=4), 5.76e23 / 6e12, "at most 4 epochs of 2.5e+11 unique tokens"),
        (Memory(80e9), 40e9, "at most 8e+10 bytes of memory"),
        (ServingAtMost(2e22, WithInference(1e12)), 1e10, "at most 2e+22 FLOP of serving"),
        (Sizes([1e9, 5e9, 2e10]), 2e10, "the largest of the sizes, 2e+10 parameters"),
        (Sizes([2e10, 7e10, 2e11]), 7e10, ""),
        (ParamsBetween(1e9, 1e12), 7.2248702500289e10, ""),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "limits") else None,
)
def test_a_constraint_holds_a_plan_back_where_it_says(constraint, params, words):
    made = plan(constraint)
    assert made.action["params"].item() == pytest.approx(params, rel=1e-9)
    assert made.draws["params"].item() == pytest.approx(params, rel=1e-9)
    assert made.binding == [words]
    assert made.action_table()["binding"].tolist() == [words]
    np.testing.assert_allclose(SixND()(made.action["params"], made.action["tokens"]), 5.76e23, rtol=1e-9)


def test_experts_take_memory_that_active_parameters_do_not_show():
    shapes = ShapeFamily(
        aspect=60, vocabulary=50_000, context=2048, experts=8, experts_per_token=2, params_convention="active"
    )
    held = plan(Memory(2e11, shapes=shapes)).action["params"].item()
    assert shapes.convert(held, source="active", target="total") == pytest.approx(1e11)
    assert held < 0.5e11


def test_of_several_constraints_the_one_that_holds_is_named():
    made = plan(ParamsBetween(most=6e10), TokensPerParam(least=100), Memory(1e11))
    assert made.binding == ["at least 100 tokens per parameter"]
    small = plan(ParamsBetween(most=6e10), TokensPerParam(least=100), compute=1e27)
    assert small.binding == ["at most 6e+10 parameters"]


def test_contradictions_are_named_with_their_numbers():
    message = (
        r"^No plan for 1e\+21 FLOP keeps all constraints: at least 1e\+10 parameters takes a model of at least 1e\+10 "
        r"parameters, and at least 20 tokens per parameter one of at most 2\.887e\+09\. Loosen one of them, or change "
        r"the budget\.$"
    )
    with pytest.raises(SettingsError, match=message):
        plan(ParamsBetween(least=1e10), TokensPerParam(least=20), compute=[1e24, 1e21])
    message = (
        r"^No plan for 5\.76e\+23 FLOP keeps all constraints: none of the 2 sizes lies between 2e\+09 and 3e\+09 "
        r"parameters \(at least 2e\+09 parameters and at most 3e\+09 parameters\)\. Add a size, or loosen"
    )
    with pytest.raises(SettingsError, match=message):
        plan(Sizes([1e9, 1e10]), ParamsBetween(2e9, 3e9))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParamsBetween(), "ParamsBetween needs least or most, in parameters, or both."),
        (lambda: TokensBetween(2, 1), "TokensBetween: least must not be above most, got 2 and 1."),
        (lambda: TokensPerParam(-1), "TokensPerParam: least and most must be positive and finite, in tokens per"),
        (lambda: UniqueTokens(0), "UniqueTokens: unique must be positive and finite, in tokens, got 0."),
        (lambda: Memory(1e9, 0), "Memory: bytes_per_param must be positive and finite, in bytes, got 0."),
        (lambda: Memory(1e9, shapes=8), "Memory: shapes must be a costs.ShapeFamily or None, got 8."),
        (lambda: Sizes([]), "Sizes: params must be positive and finite, the sizes that are allowed, got []."),
        (lambda: ServingAtMost(1.0, SixND()), "ServingAtMost: serving must be a costs.WithInference, got SixND()."),
        (lambda: plan(7e10), "constraints must be Constraints such as ParamsBetween(most=7e10), got 70000000000.0."),
        (lambda: plan(Sizes([1]), Sizes([2])), "A plan takes one Sizes at most; put all into one."),
    ],
)
def test_wrong_constraints_are_refused_in_a_sentence(make, message):
    with pytest.raises(SettingsError) as error:
        make()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("budget", "compute"),
    [({"dollars": 2e6}, 1.44e24), ({"hours": 1000}, 1.44e24), ({"device_hours": 1e6}, 1.44e24)],
)
def test_budgets_in_money_and_hours_are_compute_by_the_rate_card(budget, compute):
    made = plan(compute=None, rate_card=CARD, **budget)
    assert made.draws["compute"].item() == pytest.approx(compute)
    row = made.action_table().iloc[0]
    assert (row["dollars"], row["hours"], row["device_hours"]) == pytest.approx((2e6, 1000, 1e6))
    np.testing.assert_allclose(made.draws["params"], plan(compute=compute).draws["params"])


def test_budgets_are_asked_in_one_way():
    with pytest.raises(SettingsError, match=r"^Give budgets in one of compute, .*; got compute and dollars\.$"):
        plan(dollars=1e6, rate_card=CARD)
    with pytest.raises(
        SettingsError, match=r"^compute is in FLOP, and 22 of them train nothing; 10\^22 is written 1e22\.$"
    ):
        plan(compute=[1e22, 22])
    with pytest.raises(SettingsError, match=r"^Give budgets in one of .*; got nothing\.$"):
        plan(compute=None)
    with pytest.raises(SettingsError, match=r"^Budgets in hours need rate_card=costs\.RateCard\(\.\.\.\), what"):
        plan(compute=None, hours=3)
    with pytest.raises(SettingsError, match=r"^rate_card must be a costs\.RateCard, which turns"):
        plan(rate_card=3.0)


def test_a_law_with_further_inputs_is_asked_with_them():
    repeats = DataConstrained.published["muennighoff2023scaling"]
    given = allocate(repeats, compute=1e23, unique_tokens=25e9).draws
    by_constraint = allocate(repeats, compute=1e23, constraints=UniqueTokens(25e9, epochs=None)).draws
    np.testing.assert_allclose(given["params"], by_constraint["params"], rtol=1e-12)
    assert given["tokens"].item() > 25e9
    assert given["loss"].item() == pytest.approx(
        float(repeats.at(params=given["params"].item(), tokens=given["tokens"].item(), unique_tokens=25e9)), rel=1e-5
    )
    with pytest.raises(LawError, match=r"also takes unique_tokens; give a number for it, as unique_to"):
        allocate(repeats, compute=1e23)
    with pytest.raises(SettingsError, match=r"^Plans take no 'epochs'; further inputs of the law 'chinchilla': none"):
        plan(epochs=3)
    with pytest.raises(SettingsError, match=r"^unique_tokens must be one number, the same for all budgets, got \[1, 2"):
        allocate(repeats, compute=1e23, unique_tokens=[1, 2])


def test_finer_experts_move_a_plan_to_smaller_models():
    """The size term of the granularity law falls with G, so less of the budget goes into size."""
    law = ExpertsGranularity(1.5, 0.4, 0.4, 0.3, 0.3, 1.0, 0.6, N0=1e9, D0=1e10)
    sizes = [allocate(law, compute=1e21, granularity=g).draws["params"].item() for g in (1, 4, 16)]
    wanted = [1 + 1.0 * g**-0.6 for g in (1, 4, 16)]
    np.testing.assert_allclose(np.array(sizes) / sizes[0], (np.array(wanted) / wanted[0]) ** (1 / 0.6), rtol=1e-8)
