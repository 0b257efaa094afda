"""Values, signs and gradients of every law over its prior."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayescale.language.quantities import QUANTITIES

from .designs import LARGE, RANGES, design, loss_of, prior_draws
from .marks import every_law, scored_law
from .own_laws import LAWS
from .promises import SCORES, promised


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
