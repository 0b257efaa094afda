"""A formula split in what the data fix and the rest is the same formula, with less to compute at every step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayescale.inference.formula import Split, split_log_loss
from bayescale.laws.catalogue import CATALOGUE

SOME = {"a": 1.3, "b": 0.4}
DATA = {"x": 5.0, "y": 0.7}


@jax.jit
def ratio(x, y):
    return x / y


# Formulas of parameters p and data d; then the operations that are left for every step.
FORMULAS = {
    "a power of data": (lambda p, d: p["a"] * (d["x"] / d["y"]) ** -p["b"], ["neg", "mul", "exp", "mul"]),
    "wrapped functions, called twice": (lambda p, d: ratio(ratio(d["x"], d["y"]), p["a"]) + p["b"], ["div", "add"]),
    "a power of parameters": (lambda p, d: p["a"] ** p["b"] + d["x"] ** 2.0, ["log", "mul", "exp", "add"]),
    "the same data twice": (lambda p, d: (p["a"] + jnp.log(d["x"])) * jnp.log(d["x"]), ["add", "mul"]),
    "data alone": (lambda p, d: d["x"] * d["y"], []),
    "parameters alone": (lambda p, d: p["a"] * p["b"], ["mul"]),
    "a constant array": (lambda p, d: (p["a"] * jnp.asarray(np.array([1.0, 2.0]))).sum() * d["x"], None),
    # A derivative of its own: left whole.
    "a function with a derivative of its own": (lambda p, d: jax.nn.relu(p["a"] * d["x"]) + p["b"], None),
    "a loop": (lambda p, d: jax.lax.fori_loop(0, 3, lambda i, v: v * p["a"], d["x"]), None),
}


pytestmark = pytest.mark.usefixtures("double_precision")


def operations(function, *arguments) -> list[str]:
    return [step.primitive.name for step in jax.make_jaxpr(function)(*arguments).jaxpr.eqns]


@pytest.mark.parametrize("name", FORMULAS)
def test_the_two_parts_make_the_formula(name):
    formula, left = FORMULAS[name]
    split = Split(formula, SOME, DATA)
    needed = split.fixed_part(DATA)
    assert float(split.rest(SOME, needed)) == pytest.approx(float(formula(SOME, DATA)), rel=1e-14)
    found = jax.grad(lambda p: split.rest(p, needed))(SOME)
    expected = jax.grad(lambda p: formula(p, DATA))(SOME)
    for key in SOME:
        assert float(found[key]) == pytest.approx(float(expected[key]), rel=1e-13, abs=1e-15)
    if left is not None:
        assert [o for o in operations(split.rest, SOME, needed) if o != "convert_element_type"] == left


@pytest.mark.parametrize("name", FORMULAS)
def test_parts_vectorise(name):
    formula, _ = FORMULAS[name]
    split = Split(formula, SOME, DATA)
    many = {key: value * np.linspace(1.0, 2.0, 4) for key, value in DATA.items()}
    needed = jax.vmap(split.fixed_part)(many)
    found = jax.vmap(split.rest, in_axes=(None, 0), axis_size=4)(SOME, needed)
    np.testing.assert_allclose(found, jax.vmap(formula, in_axes=(None, 0))(SOME, many), rtol=1e-14)


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_every_law_is_split_into_what_it_was(law):
    rng = np.random.default_rng(0)
    inputs = {
        name: 10 ** rng.uniform(8, 11) if np.isinf(q.upper) else rng.uniform(q.lower, q.upper)
        for name, q in law.arguments.items()
    }
    anchors = {a.name: 3e9 for a in law.anchors}
    values = {p.name: np.float64(p.prior.typical()) for p in law.parameters}
    split = split_log_loss(law)
    needed = split.fixed_part((inputs, anchors))
    expected = np.log(float(law(**values, **anchors)(**inputs)))
    assert float(split.rest(values, needed)) == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_chinchilla_takes_two_exponentials_and_one_logarithm():
    law, number = CATALOGUE[0], 1.0
    assert law.name == "chinchilla"
    split = split_log_loss(law)
    needed = split.fixed_part(({"N": 1e9, "D": 1e10}, {"N0": 3e9, "D0": 3e9}))
    left = operations(split.rest, {p.name: number for p in law.parameters}, needed)
    assert {name: left.count(name) for name in ("exp", "log", "pow", "div")} == {"exp": 2, "log": 1, "pow": 0, "div": 0}


def test_a_law_is_traced_once_for_each_precision():
    law = CATALOGUE[0]
    assert split_log_loss(law) is split_log_loss(law)
    double = split_log_loss(law)
    with jax.enable_x64(False):
        assert split_log_loss(law) is not double
