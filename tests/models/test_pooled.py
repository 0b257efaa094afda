"""A law's pooled coordinates are tried before a model relies on them, and the broken rule is named."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from jax import Array

from bayescale.language.declare import PooledCoordinate, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size
from bayescale.laws import CATALOGUE, Law
from bayescale.laws import pooled as rules
from bayescale.laws.pooled import check_pooled
from bayescale.models import Pooling, StudentT, build_model

NAMES = (PooledCoordinate("level", "log of the loss at one parameter", 0.3), PooledCoordinate("b", "log of b", 0.3))


def law_with(pool, unpool, name: str = "Scaled", formula=None) -> type[Law]:
    """L = E N^-b: here log E is the level, and any other map is to be caught."""

    class Scaled(Law):
        """A power law."""

        E: Array = parameter("loss at one parameter", prior=LogNormal(2.0, 0.5))
        b: Array = parameter("exponent", prior=LogNormal(0.1, 0.4))
        pooled = NAMES

        def __call__(self, N: Size) -> Loss:
            return formula(self, N) if formula else self.E * N**-self.b

    Scaled.pool, Scaled.unpool = staticmethod(pool), staticmethod(unpool)
    return Scaled


def same(logs):
    return logs


def turned(logs):
    return logs[::-1]


BROKEN = {
    "not the inverse": (
        law_with(same, lambda z: z + jnp.array([0.0, 0.1])),
        r"Scaled: unpool\(pool\(logs\)\) is not logs; make unpool the inverse of pool\.",
    ),
    "a factor": (
        law_with(lambda x: x * jnp.array([1.0, 2.0]), lambda z: z / jnp.array([1.0, 2.0])),
        r"Scaled: the Jacobian determinant of pool is 2, and the density of the population needs 1 or -1; .*",
    ),
    "a nonlinear volume": (
        law_with(lambda x: jnp.stack([x[0], jnp.sinh(x[1])]), lambda z: jnp.stack([z[0], jnp.arcsinh(z[1])])),
        r"Scaled: the Jacobian determinant of pool is .*",
    ),
    "not finite": (
        law_with(lambda x: jnp.log(x - 1e3), lambda z: jnp.exp(z) + 1e3),
        r"Scaled: pool or unpool is not finite over the prior of the law\.",
    ),
    "the level elsewhere": (
        law_with(turned, turned),
        r"Scaled: the first pooled coordinate, 'level', must be the level of the loss: adding 0\.37 to it alone adds "
        r".* to the log of the loss\. Put first what scales the whole loss, .*",
    ),
    "a level at one input only": (
        law_with(same, same, formula=lambda self, N: self.E * N**-self.b + 1e-3),
        r"Scaled: the first pooled coordinate, 'level', must be the level of the loss: .*",
    ),
    "another length": (
        law_with(lambda x: x[:1], same),
        r"Scaled: pool or unpool cannot be run: ValueError: expected 2 numbers, one per parameter, .* shape \(1,\)\.",
    ),
    "an error": (
        law_with(lambda x: x.nothing, same),
        r"Scaled: pool or unpool cannot be run: AttributeError: .*",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_named(what):
    law, message = BROKEN[what]
    with pytest.raises(LawError, match=f"^{message}$"):
        build_model(law, noise=StudentT, pooling=Pooling("partial"), n_families=3)


def test_models_that_do_not_use_the_coordinates_do_not_try_them():
    law, _ = BROKEN["a factor"]
    build_model(law, noise=StudentT, pooling=Pooling("complete"), n_families=3)
    build_model(law, noise=StudentT, pooling=Pooling("partial", (("b", "none"),)), n_families=3)
    build_model(law, noise=StudentT, pooling=Pooling("partial"), n_families=1)


def test_right_coordinates_pass_and_are_tried_once(monkeypatch):
    tried = []
    one = rules._try
    monkeypatch.setattr(rules, "_try", lambda *a: tried.append(a) or one(*a))
    law = law_with(lambda x: jnp.stack([x[0], x[1] + 0.5 * x[0]]), lambda z: jnp.stack([z[0], z[1] - 0.5 * z[0]]))
    with pytest.raises(LawError, match="must be the level"):
        check_pooled(law)  # log E moves b too
    law = law_with(
        lambda x: jnp.stack([x[0] - jnp.exp(x[1]), -x[1]]), lambda z: jnp.stack([z[0] + jnp.exp(-z[1]), -z[1]])
    )
    count = len(tried)
    for _ in range(2):
        check_pooled(law)  # a determinant of -1 is as good
    assert len(tried) - count == rules.POINTS
    assert jax.config.jax_enable_x64 is False


@pytest.mark.parametrize("law", [law for law in CATALOGUE if law.pooled], ids=lambda law: law.name)
def test_the_laws_of_the_catalogue_keep_the_rules(law):
    check_pooled(law)
