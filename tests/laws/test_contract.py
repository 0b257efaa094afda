"""What every law owes to its declaration, for each law of the catalogue and for some that a user might write.

A new law is tested by its line in ``CATALOGUE``: its design and its anchors follow from the quantities of its
arguments, and claims about a capability (an optimum, pooled coordinates, a textbook form) are made of the laws that
have it. Only a law with anchors and without textbook form must say here how its parameters move with the anchors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from scipy.optimize import brentq

from bayescale.costs import Cost, SixND
from bayescale.decisions import allocate
from bayescale.decisions.optimum import numeric_optimum
from bayescale.language.declare import PooledCoordinate, anchor, derived, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import QUANTITIES, Compute, Loss, Size, Tokens
from bayescale.laws import CATALOGUE, Law, citation, formula, law_record
from bayescale.laws.base import PAGE
from bayescale.laws.references import bibliography


class Reciprocal(Law):
    """A user's own law: one scale per input, one common exponent."""

    floor: Array = parameter("irreducible loss", prior=LogNormal(1.5, 0.3), unit="nats/token")
    size_gap: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    data_gap: Array = parameter("loss from finite data", at="D0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    gamma: Array = parameter("common exponent", prior=LogNormal(0.4, 0.3))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.floor + self.size_gap * (N / self.N0) ** -self.gamma + self.data_gap / (D / self.D0) ** self.gamma

    @derived("exponent of compute-optimal size in compute")
    def a(self) -> Any:
        """One half, whatever the parameters."""
        return 0.5 + 0.0 * self.gamma

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        if not isinstance(cost, SixND):
            return None
        ratio = (self.size_gap / self.data_gap) ** (1 / self.gamma)
        params = (ratio * compute / 6.0 * self.N0 / self.D0) ** 0.5
        return params, cost.tokens(params, compute)


class Frontier(Law):
    """A user's own law of compute alone, without optimum: in a textbook form, and with coordinates of its own."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.5, 0.3), unit="nats/token")
    K: Array = parameter("loss from finite compute", at="C0", prior=LogNormal(0.5, 0.5), unit="nats/token")
    gamma: Array = parameter("compute exponent", prior=LogNormal(0.05, 0.3))
    C0: float = anchor("C", symbol="C_0")

    pooled = (
        PooledCoordinate("level", "log of the loss E + K at C0", 0.3),
        PooledCoordinate("share", "log of K / E", 0.3),
        PooledCoordinate("gamma", "log of the exponent", 0.3),
    )

    def __call__(self, C: Compute) -> Loss:
        return self.E + self.K * (C / self.C0) ** -self.gamma

    def textbook(self) -> Frontier:
        return self.replace(K=self.K * self.C0**self.gamma, C0=1.0)

    @staticmethod
    def pool(logs: Any) -> Any:
        E, K, gamma = logs
        return jnp.stack([jnp.logaddexp(E, K), K - E, gamma])

    @staticmethod
    def unpool(coordinates: Any) -> Any:
        level, share, gamma = coordinates
        E = level - jnp.logaddexp(0.0, share)
        return jnp.stack([E, E + share, gamma])


class Plain(Law):
    """A user's own law with nothing but a formula."""

    height: Array = parameter("loss of one parameter", prior=LogNormal(20.0, 0.3), unit="nats/token")
    slope: Array = parameter("size exponent", prior=LogNormal(0.08, 0.3))

    def __call__(self, N: Size) -> Loss:
        return self.height * N**-self.slope


@dataclass(frozen=True)
class Unrecognised(Cost):
    """The same compute as 6ND, of a class that no closed form knows; its inverse is the generic bisection."""

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens


LAWS = (*CATALOGUE, Reciprocal, Frontier, Plain)
DRAWS = 64
# Ranges of published experiments by quantity, and a large run of the kind that papers report.
RANGES = {
    "params": (1e7, 1e12),
    "tokens": (1e7, 1e12),
    "compute": (1e17, 1e26),
    "unique_tokens": (1e7, 1e12),
    "batch_tokens": (1e4, 1e8),
    "lr": (1e-5, 1e-2),
    "step": (1e2, 1e6),
}
LARGE = {"params": 70e9, "tokens": 1.4e12, "compute": 5.88e23, "unique_tokens": 1.4e12, "batch_tokens": 3e6}
LARGE |= {"lr": 1e-4, "step": 5e5}
RANGES |= {
    "embedding_params": (1e5, 9e6),  # a part of params
    "experts": (1.0, 1e3),
    "repeats": (1.0, 100.0),
    "accuracy": (0.01, 0.99),
    "error": (0.01, 0.99),
    "chance": (0.01, 0.5),
    "loss": (1.5, 5.0),
    "items": (1e2, 1e5),
    "source_loss": (1.0, 5.0),
    "bits_weights": (2.0, 16.0),
    "bits_activations": (2.0, 16.0),
    "bits_kv": (2.0, 16.0),
    "finetune_tokens": (1e5, 1e10),
    "lr_area": (1.0, 1e3),
    "annealing_area": (1e-3, 0.1),  # a part of lr_area
    "examples": (1e7, 1e10),
    "bits_post": (2.0, 16.0),
    "granularity": (1.0, 64.0),
    "is_target": (1e-3, 1.0),
    "is_pretrained": (1e-3, 1.0),
    "mix_web": (1e-3, 1.0),
    "mix_books": (1e-3, 1.0),
    "mix_code": (1e-3, 1.0),
}
LARGE |= {"embedding_params": 1e9, "experts": 64.0, "repeats": 1.0, "accuracy": 0.7, "error": 0.3, "chance": 0.25}
LARGE |= {"items": 1e4, "source_loss": 2.0, "bits_weights": 16.0, "bits_activations": 16.0, "bits_kv": 16.0}
LARGE |= {"loss": 2.0, "finetune_tokens": 1e9, "lr_area": 100.0, "annealing_area": 1.0}
RANGES |= {"flop_per_token": (1e8, 1e13), "censored": (1e-9, 1.0)}
LARGE |= {"flop_per_token": 4e11, "censored": 0.0}
LARGE |= {"examples": 1e9}
LARGE |= {"bits_post": 16.0, "granularity": 8.0, "is_target": 0.0, "is_pretrained": 0.0}
LARGE |= {"mix_web": 0.5, "mix_books": 0.3, "mix_code": 0.2}
# More of these never hurts; a batch or a learning rate has a best value.
HELPFUL = ("params", "tokens", "compute", "unique_tokens", "step", "lr_area", "annealing_area", "examples")
HELPFUL += (
    "finetune_tokens",
    "granularity",
    "is_pretrained",
    "bits_weights",
    "bits_activations",
    "bits_kv",
    "bits_post",
)
# More of these never helps.
HARMFUL = ("loss", "source_loss")
# What is better the larger it is; all other responses are better the smaller they are.
SCORES = ("accuracy",)
# Where a law's form does not promise that more helps: Farseer's data term may rise with size faster than its floor
# falls, and at small sizes its published constants have it so.
UNPROMISED = {("farseer", "params")}
# Laws of valleys hold near their bottoms; far from these, a path that is free of the shape promises nothing.
UNPROMISED |= {(law, quantity) for law in ("isoflop", "isoflop-valley") for quantity in ("params", "tokens")}
# At fixed settings a larger plan can be worse: its best settings are others.
UNPROMISED |= {(law, helpful) for law in ("step-law", "step-law-nd") for helpful in ("params", "tokens")}
# A broken law may rise and fall again.
UNPROMISED |= {("bnsl-1", "tokens"), ("bnsl-2", "tokens"), ("bnsl-1-error", "examples"), ("bnsl-2-error", "examples")}
# Changes of exponents by experts may turn them over, and what quantising costs grows with tokens.
UNPROMISED |= {("routing", "params"), ("experts-joint", "params"), ("experts-joint", "tokens")}
UNPROMISED |= {("post-training-quantisation", "tokens")}
# Where a law's form depends on the unit: Farseer's log coefficient of data is a stretched exponential of size for D in
# tokens, and in another unit it is one plus a multiple of its exponent.
OF_ONE_UNIT = {("farseer", "D0")}
# A batch is counted in the tokens that data are counted in, and a best batch size has no anchor.
OF_ONE_UNIT |= {("step-law", "D0"), ("step-law-nd", "D0")}
# The inputs that a pooled law has no anchor of, where they do not matter.
IMMATERIAL = {"embedding_params": 0.0, "unique_tokens": 1e30, "granularity": 1.0, "is_pretrained": 0.0}
IMMATERIAL |= {"bits_weights": 1e3, "bits_activations": 1e3, "bits_kv": 1e3}
# A law without a floor goes below what text allows, at sizes that its paper did not see.
WITHOUT_FLOOR = ("kaplan-n", "kaplan-d", "kaplan-c", "kaplan-nd", "kaplan-ns")


def moved(law: Law, field: str, anchor: str, exponent: Any, to: dict[str, float]) -> dict[str, Any]:
    """A coefficient of (input / anchor) ** -exponent, at another anchor."""
    return {field: getattr(law, field) * (to[anchor] / getattr(law, anchor)) ** -exponent}


def move_kaplan(law: Law, to: dict[str, float]) -> Law:
    changed = moved(law, "L_N", "N0", law.alpha_N, to) | moved(law, "L_D", "D0", law.alpha_D, to)
    return law.replace(**changed, **to)


def move_reciprocal(law: Law, to: dict[str, float]) -> Law:
    changed = moved(law, "size_gap", "N0", law.gamma, to) | moved(law, "data_gap", "D0", law.gamma, to)
    return law.replace(**changed, **to)


def move_power(letter: str) -> Callable[[Law, dict[str, float]], Law]:
    """How a law L_X (X / X0) ** -alpha_X moves."""

    def move(law: Law, to: dict[str, float]) -> Law:
        changed = moved(law, f"L_{letter}", f"{letter}0", getattr(law, f"alpha_{letter}"), to)
        return law.replace(**changed, **{f"{letter}0": to[f"{letter}0"]})

    return move


def move_steps(law: Law, to: dict[str, float]) -> Law:
    return move_power("S")(move_power("N")(law, to), to)


def move_farseer(law: Law, to: dict[str, float]) -> Law:
    """Its functions of size at another size; B and its slope also at other tokens."""
    size, tokens = np.log(to["N0"] / law.N0), np.log(to["D0"] / law.D0)

    def bent(power: Any) -> Any:
        return np.expm1(power * size) / power

    beta, t = law.beta * np.exp(law.t * bent(law.a)), law.t * np.exp(law.a * size)
    steepness = (law.g + law.beta * law.t * np.log(law.D0)) * np.exp(law.b * size)
    at_new_size = (law.g + law.beta * law.t * np.log(law.D0)) * bent(law.b) - (beta - law.beta) * np.log(law.D0)
    return law.replace(
        E=law.E * np.exp(law.s * bent(law.q)),
        s=law.s * np.exp(law.q * size),
        B=law.B * np.exp(at_new_size - beta * tokens),
        g=steepness - beta * t * np.log(to["D0"]),
        beta=beta,
        t=t,
        **to,
    )


def move_surface(law: Law, to: dict[str, float]) -> Law:
    """Level, slopes and best settings at another plan."""
    size, data = to["N0"] / law.N0, to["D0"] / law.D0
    rate, batch = law.centre(params=to["N0"], tokens=to["D0"])
    fall = law.s_N * (1 - size**-law.alpha) / law.alpha + law.s_D * (1 - data**-law.beta) / law.beta
    slopes = {"s_N": law.s_N * size**-law.alpha, "s_D": law.s_D * data**-law.beta}
    return law.replace(L_0=law.L_0 * np.exp(-fall), **slopes, eta_0=rate, B_0=batch, **to)


def move_loss(law: Law, to: dict[str, float]) -> Law:
    """The same floors and exponent, from another source loss."""
    Y, f_s = law(to["L0"]), law.E_s / to["L0"]
    f = law.E / Y
    return law.replace(Y=Y, f=f, f_s=f_s, eta=law.kappa * (1 - f) / (1 - f_s), **to)


def move_joint(law: Law, to: dict[str, float]) -> Law:
    """The same curves of both losses, from another size and other tokens."""
    changed = moved(law, "A", "N0", law.alpha, to) | moved(law, "B", "D0", law.beta, to)
    reducible = changed["A"] + changed["B"]
    Y = law(to["N0"], to["D0"], 1.0)
    f = law.E / Y
    eta = law.kappa * (1 - f) * (law.E_s + reducible) / reducible
    return law.replace(Y=Y, f=f, eta=eta, **changed, **to)


# How the parameters move with the anchors, for laws that have no textbook form to say it.
MOVES: dict[str, Callable[[Law, dict[str, float]], Law]] = {
    "kaplan-nd": move_kaplan,
    "kaplan-nd-floor": move_kaplan,
    "kaplan-n": move_power("N"),
    "kaplan-d": move_power("D"),
    "kaplan-c": move_power("C"),
    "kaplan-ns": move_steps,
    "farseer": move_farseer,
    "step-law": move_surface,
    "step-law-nd": move_surface,
    "loss-to-loss": move_loss,
    "loss-to-loss-joint": move_joint,
    "reciprocal": move_reciprocal,
}


def at_other_anchors(law: type[Law], batch: Law) -> Law:
    """The same curves, with all anchors at 1 in the textbook form, else at seven times what they were."""
    if law.has_textbook():
        return batch.textbook()
    return MOVES[law.name](batch, {name: 7.0 * value for name, value in middle(law).items()})


def promised(law: type[Law]) -> dict[str, bool]:
    """The arguments that the response only gets better with, or only worse: whether more of them helps."""
    return {
        argument: quantity.name in HELPFUL
        for argument, quantity in law.arguments.items()
        if quantity.name in (*HELPFUL, *HARMFUL) and (law.name, quantity.name) not in UNPROMISED
    }


def laws_where(has: Callable[[type[Law]], Any]) -> Any:
    """The laws with a capability."""
    return pytest.mark.parametrize("law", [law for law in LAWS if has(law)], ids=lambda law: law.name)


every_law = laws_where(lambda law: True)
scored_law = laws_where(lambda law: law.response.name in ("loss", "error", *SCORES))
anchored_law = laws_where(lambda law: law.anchors)
pooled_law = laws_where(lambda law: law.pooled)
splitting_law = laws_where(lambda law: law.response.name == "loss" and set(law.inputs()) == {"params", "tokens"})
closed_form_law = laws_where(lambda law: law.optimum is not Law.optimum)
law_with_exponent = laws_where(
    lambda law: law.optimum is not Law.optimum and "a" in [d.name for d in law.derived_quantities]
)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


def prior_draws(law: type[Law], count: int = DRAWS, seed: int = 0) -> Law:
    """A batch of instances from the prior, anchored at the middle of the design."""
    keys = jax.random.split(jax.random.key(seed), len(law.parameters))
    fields = {p.name: p.prior.numpyro().sample(k, (count,)) for p, k in zip(law.parameters, keys, strict=True)}
    return law(**fields, **{name: jnp.full(count, value) for name, value in middle(law).items()})


def middle(law: type[Law]) -> dict[str, float]:
    """Every anchor at the geometric middle of its input."""
    return {a.name: float(np.sqrt(np.prod(RANGES[law.arguments[a.argument].name]))) for a in law.anchors}


def design(law: type[Law], count: int = DRAWS, seed: int = 1) -> dict[str, Any]:
    """Arguments of the formula over the ranges of published experiments."""
    rng = np.random.default_rng(seed)
    bounds = {argument: np.log10(RANGES[quantity.name]) for argument, quantity in law.arguments.items()}
    return {argument: jnp.asarray(10 ** rng.uniform(*bound, count)) for argument, bound in bounds.items()}


def one_draw(batch: Law, i: int) -> Law:
    return jax.tree.map(lambda leaf: leaf[i], batch)


def loss_of(law: Law, inputs: dict[str, Any]) -> Any:
    return law(**inputs)


@pytest.mark.smoke
@every_law
def test_value_and_gradient_are_finite_over_the_prior(law):
    batch, inputs = prior_draws(law), design(law)
    value, gradient = jax.vmap(jax.value_and_grad(loss_of, argnums=(0, 1)))(batch, inputs)
    assert np.isfinite(value).all()
    assert (value > 0).all()
    for leaf in jax.tree.leaves(gradient):
        assert np.isfinite(leaf).all()


def test_every_quantity_has_a_range():
    assert set(RANGES) == set(LARGE) >= set(QUANTITIES)


@scored_law
def test_the_response_gets_better_as_every_input_does(law):
    slope = jax.vmap(jax.grad(loss_of, argnums=1))(prior_draws(law), design(law))
    better = 1 if law.response.name in SCORES else -1
    for argument, helps in promised(law).items():
        assert ((better if helps else -better) * np.asarray(slope[argument]) >= 0).all()


def test_every_law_promises_something_but_those_whose_form_does_not():
    """Best settings, valleys, breaks, experts and mixtures: more can be worse."""
    silent = {law.name for law in LAWS if law.response.name in ("loss", *SCORES) and not promised(law)}
    assert silent == {
        *("step-law", "step-law-nd", "isoflop", "isoflop-valley", "bnsl-1", "bnsl-2"),
        *("routing", "experts-joint", "data-mixing"),
    }


@every_law
def test_the_gradient_is_the_central_difference(law):
    """On the log scale where the parameter is positive.

    h = 1e-4 in a fourth-order difference leaves 1e-12 of rounding and less of truncation.
    """
    batch, inputs, h = prior_draws(law), design(law), 1e-4
    positive = {p.name: p.prior.positive for p in law.parameters}
    own = {n: jnp.log(getattr(batch, n)) if log else getattr(batch, n) for n, log in positive.items()}
    rest = {a.name: getattr(batch, a.name) for a in law.anchors}

    def loss(values):
        return law(**{n: jnp.exp(v) if positive[n] else v for n, v in values.items()}, **rest)(**inputs)

    gradient = jax.grad(lambda logs: loss(logs).sum())(own)
    for name in own:
        f = {k: loss(own | {name: own[name] + k * h}) for k in (-2, -1, 1, 2)}
        difference = (f[-2] - 8 * f[-1] + 8 * f[1] - f[2]) / (12 * h)
        np.testing.assert_allclose(gradient[name], difference, rtol=1e-7, atol=1e-8)


@every_law
def test_an_instance_is_a_pytree_that_comes_back(law):
    batch = prior_draws(law, 3)
    leaves, tree = jax.tree.flatten(batch)
    back = jax.tree.unflatten(tree, leaves)
    assert type(back) is law
    assert len(leaves) == len(law.parameters) + len(law.anchors)
    assert all(getattr(back, n) is getattr(batch, n) for n in batch.values)
    assert "array(3,)" in repr(back)


@every_law
def test_vmap_is_a_loop(law):
    batch, inputs = prior_draws(law, 8), design(law, 8)
    together = jax.vmap(loss_of)(batch, inputs)
    apart = [one_draw(batch, i)(**{n: v[i] for n, v in inputs.items()}) for i in range(8)]
    np.testing.assert_allclose(together, apart, rtol=1e-13)
    by_column = batch.at(**{law.arguments[n].name: v for n, v in inputs.items()})
    np.testing.assert_allclose(together, by_column, rtol=1e-13)


@every_law
def test_an_instance_is_frozen_and_changes_by_replace(law):
    one = one_draw(prior_draws(law, 1), 0)
    name = law.parameters[0].name
    with pytest.raises(AttributeError, match="cannot assign to field"):
        setattr(one, name, 2.0)
    assert getattr(one.replace(**{name: 2.0}), name) == 2.0


@closed_form_law
def test_the_closed_form_optimum_is_the_generic_one(law):
    """To 1e-6: a fourth-order difference of width 0.02 misses the root by 0.02^4/30 times f5/f2, under 1e-6."""
    budgets = np.array([1e19, 1e21, 5.76e23, 1e26])
    batch = jax.tree.map(lambda leaf: np.asarray(leaf)[:, None], prior_draws(law))
    closed = batch.optimum(budgets, SixND())
    inside = np.all((closed[0] > 1e2) & (closed[0] < 1e18), axis=1)
    assert inside.mean() > 0.9
    batch = jax.tree.map(lambda leaf: leaf[inside], batch)
    for found, exact in zip(numeric_optimum(batch, budgets, SixND()), closed, strict=True):
        np.testing.assert_allclose(found, exact[inside], rtol=1e-6)


@closed_form_law
def test_allocating_with_a_cost_of_ones_own_gives_the_closed_form_plan(law):
    one = one_draw(prior_draws(law, 3, seed=4), 1)
    assert one.optimum(1e21, Unrecognised()) is None
    own, usual = (allocate(one, compute=[1e20, 1e24], cost=cost).draws for cost in (Unrecognised(), None))
    for name in usual:
        np.testing.assert_allclose(own[name], usual[name], rtol=1e-6)
    np.testing.assert_allclose(6 * usual["params"] * usual["tokens"], usual["compute"].values[None, None], rtol=1e-12)


@splitting_law
def test_no_neighbour_on_the_budget_line_is_better_than_the_optimum(law):
    plan = allocate(one_draw(prior_draws(law, 1), 0), compute=1e22).draws
    one = one_draw(prior_draws(law, 1), 0)
    params = float(plan["params"].values.item())
    for factor in (0.9, 1.1):
        assert one.at(params=factor * params, tokens=1e22 / (6 * factor * params)) > plan["loss"].values.item()


@anchored_law
def test_moving_the_anchors_leaves_predictions_unchanged(law):
    """The curve is the same at other anchors, if the parameters move with them, and another one if they do not."""
    batch, inputs = prior_draws(law), design(law)
    carried = at_other_anchors(law, batch)
    to = {a.name: 1.0 if law.has_textbook() else 7.0 * middle(law)[a.name] for a in law.anchors}
    for name, value in to.items():
        np.testing.assert_array_equal(getattr(carried, name), value)
    np.testing.assert_allclose(carried(**inputs), batch(**inputs), rtol=1e-10)
    left_behind = np.asarray(batch.replace(**to)(**inputs)) / np.asarray(batch(**inputs))
    assert np.mean(np.abs(left_behind - 1) > 1e-3) > 0.9


@anchored_law
def test_the_parameters_that_move_with_the_anchors_are_those_declared_at_one(law):
    batch = prior_draws(law)
    carried = at_other_anchors(law, batch)
    changed = [p.name for p in law.parameters if not np.array_equal(getattr(carried, p.name), getattr(batch, p.name))]
    assert changed == [p.name for p in law.parameters if p.at]


@anchored_law
def test_scaling_an_input_with_its_anchor_changes_nothing(law):
    """And with every other input of its unit: seven times as many parameters, embeddings included, at 7 N0."""
    batch, inputs = prior_draws(law), design(law)
    for declared in law.anchors:
        if (law.name, declared.name) in OF_ONE_UNIT:
            continue
        unit = law.arguments[declared.argument].unit
        moved = batch.replace(**{declared.name: 7.0 * getattr(batch, declared.name)})
        scaled = {n: 7.0 * v if law.arguments[n].unit == unit else v for n, v in inputs.items()}
        np.testing.assert_allclose(jax.vmap(loss_of)(moved, scaled), jax.vmap(loss_of)(batch, inputs), rtol=1e-12)


@pooled_law
def test_pooled_coordinates_are_a_bijection_of_unit_volume(law):
    logs = jnp.stack([jnp.log(v) for v in prior_draws(law).values.values()], axis=1)
    pooled = jax.vmap(law.pool)(logs)
    assert pooled.shape == logs.shape
    assert len(law.pooled) == logs.shape[1]
    np.testing.assert_allclose(jax.vmap(law.unpool)(pooled), logs, atol=1e-12)
    for map_, at in ((law.pool, logs), (law.unpool, pooled)):
        sign, log_determinant = jnp.linalg.slogdet(jax.vmap(jax.jacfwd(map_))(at))
        np.testing.assert_allclose(np.abs(sign), 1.0)
        np.testing.assert_allclose(log_determinant, 0.0, atol=1e-12)


@pooled_law
def test_adding_to_the_first_pooled_coordinate_adds_to_the_log_of_the_loss(law):
    batch, inputs = prior_draws(law), design(law)
    pooled = jax.vmap(law.pool)(jnp.stack([jnp.log(v) for v in batch.values.values()], axis=1))
    logs = jax.vmap(law.unpool)(pooled.at[:, 0].add(0.3))
    moved = batch.replace(**{p.name: jnp.exp(logs[:, j]) for j, p in enumerate(law.parameters)})
    ratio = jax.vmap(loss_of)(moved, inputs) / jax.vmap(loss_of)(batch, inputs)
    np.testing.assert_allclose(jnp.log(ratio), 0.3, rtol=1e-12)
    at_anchors = {a.argument: getattr(batch, a.name) for a in law.anchors}
    for argument in set(law.arguments) - set(at_anchors):
        at_anchors[argument] = jnp.full(DRAWS, IMMATERIAL[law.arguments[argument].name])
    np.testing.assert_allclose(pooled[:, 0], jnp.log(jax.vmap(loss_of)(batch, at_anchors)), rtol=1e-10)


@every_law
def test_the_printed_formula_computes_what_the_code_computes(law):
    """The Unicode formula, read as arithmetic, gives the law's value."""
    left, _, right = formula(law).partition(" = ")
    assert left == f"{plain(law.response.symbol)}({', '.join(plain(q.symbol) for q in law.arguments.values())})"
    one, inputs = one_draw(prior_draws(law, 1), 0), {n: v[0] for n, v in design(law, 1).items()}
    words = {plain(d.symbol): float(getattr(one, d.name)) for d in (*law.parameters, *law.anchors)}
    words |= {plain(law.arguments[n].symbol): float(v) for n, v in inputs.items()}
    code = right.replace("·", "*").replace("^", "**")
    values = {}
    for i, word in enumerate(sorted(words, key=len, reverse=True)):
        code = re.sub(rf"(?<![\w₀]){re.escape(word)}(?![\w₀])", f"v{i}_", code)
        values[f"v{i}_"] = words[word]
        assert f"v{i}_" in code, f"{word} is not in {right}"
    names = values | {"exp": np.exp, "expm1": np.expm1, "log": np.log, "min": min, "max": max, "share": share_between}
    assert eval(code, {"__builtins__": {}}, names) == pytest.approx(float(one(**inputs)), rel=1e-10)


def share_between(ratio: float, alpha: float) -> float:
    """What the page of M4 says of it: the u between 0 and 1 at which u / (1 - u)^alpha is the ratio."""
    return float(brentq(lambda u: u - ratio * (1 - u) ** alpha, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def plain(latex: str) -> str:
    from bayescale.language.latex import plain_symbol

    return plain_symbol(latex)


@every_law
def test_the_latex_formula_is_balanced_and_has_every_symbol(law):
    text = formula(law, latex=True)
    assert text.count("{") == text.count("}")
    assert text.count(r"\left(") == text.count(r"\right)")
    assert "$" not in text
    for declared in (*law.parameters, *law.anchors):
        assert declared.symbol in text


@every_law
def test_citations_exist(law):
    known = bibliography()
    assert set(law.cites) <= set(known)
    for name in law.published:
        assert any(name == key or name.startswith(f"{key}-") for key in law.cites), name
    for key in law.cites:
        assert citation(key).startswith("@")


@scored_law
def test_published_values_are_responses_people_have_seen(law):
    lowest = 1.0 if law.name in WITHOUT_FLOOR else 1.5
    low, high = (lowest, 2.5) if law.response.name == "loss" else (0.2, 0.8)
    for instance in law.published.values():
        assert low < float(instance.at(**LARGE)) < high


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
@pytest.mark.parametrize("page", PAGE)
def test_the_page_of_a_law_says_what_it_claims_and_what_it_does_not(law, page):
    """In sentences of its own, of a length to be read on a terminal."""
    text = getattr(law, page)
    assert page in vars(law)
    assert 20 < len(text) < 420
    assert text[0].isupper() or text.startswith(tuple(p.name for p in (*law.parameters, *law.derived_quantities)))
    assert text.endswith(".")
    assert law_record(law)[page] == text


def test_a_law_of_ones_own_needs_no_page():
    assert [getattr(Plain, page) for page in PAGE] == [""] * len(PAGE)


def test_the_page_of_a_law_is_text():
    with pytest.raises(LawError, match=r"^Wordy\.needs must be text for the law's page, got \('grid',\)\.$"):

        class Wordy(Law):
            """A law."""

            needs = ("grid",)
            height: Array = parameter("loss", prior=LogNormal(2.0, 0.3))

            def __call__(self, N: Size) -> Loss:
                return self.height + 0.0 * N


@every_law
def test_the_record_is_json_and_says_what_was_declared(law):
    record = json.loads(json.dumps(law_record(law)))
    assert record["name"] == law.name
    assert record["summary"].endswith(".")
    assert [p["name"] for p in record["parameters"]] == [p.name for p in law.parameters]
    assert all(p["meaning"] and p["symbol"] and p["prior"] for p in record["parameters"])
    assert record["inputs"] == list(law.inputs())
    assert record["response"] == law.response.name
    assert [d["name"] for d in record["derived"]] == [d.name for d in law.derived_quantities]
    assert record["published"] == list(law.published)


@law_with_exponent
def test_the_derived_exponent_is_the_slope_of_the_optimum(law):
    one = one_draw(prior_draws(law, 1), 0)
    low, high = (float(one.optimum(c, SixND())[0]) for c in (1e21, 1e23))
    assert np.log(high / low) / np.log(100) == pytest.approx(float(one.a), rel=1e-9)


def test_the_base_law_explains_itself_when_it_is_called():
    with pytest.raises(LawError, match=r"^Law has no formula; define __call__\(self, N: Size, ...\) -> Loss\.$"):
        Law()(1.0)
