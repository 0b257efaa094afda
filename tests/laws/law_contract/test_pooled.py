"""Coordinates in which families scatter."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from .designs import DRAWS, design, loss_of, prior_draws
from .marks import pooled_law

# The inputs that a pooled law has no anchor of, where they do not matter.
IMMATERIAL = {"embedding_params": 0.0, "unique_tokens": 1e30, "granularity": 1.0, "is_pretrained": 0.0}
IMMATERIAL |= {"bits_weights": 1e3, "bits_activations": 1e3, "bits_kv": 1e3}


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
