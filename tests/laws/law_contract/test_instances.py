"""Instances of laws: frozen pytrees, one by one or in batches."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from bayescale.language.errors import LawError
from bayescale.laws import Law

from .designs import design, loss_of, one_draw, prior_draws
from .marks import every_law


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


def test_the_base_law_explains_itself_when_it_is_called():
    with pytest.raises(LawError, match=r"^Law has no formula; define __call__\(self, N: Size, ...\) -> Loss\.$"):
        Law()(1.0)
