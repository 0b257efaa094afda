"""Anchors are a choice of units, and change no curve."""

from __future__ import annotations

import jax
import numpy as np

from .designs import design, loss_of, middle, prior_draws
from .marks import anchored_law
from .moves import OF_ONE_UNIT, at_other_anchors


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
