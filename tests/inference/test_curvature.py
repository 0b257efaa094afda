"""The curvature from a few gradients is the curvature from a gradient for every coordinate."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly
from bayescale.inference.coordinates import Coordinates, guide_and_gradient
from bayescale.inference.curvature import STEP, curvature_at
from bayescale.inference.geometry import find_geometry
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors

MIXED = Pooling("partial", (("E", "complete"), ("alpha", "none")), correlated=True)
MODELS = {
    "partial, run effects": {"pooling": Pooling("partial"), "effects": RunEffects("run")},
    "mixed and correlated": {"pooling": MIXED},
}
MORE_MODELS = {
    "partial, Student-t": {"pooling": Pooling("partial"), "noise": StudentT},
    "none, budget effects": {"pooling": Pooling("none"), "effects": RunEffects("budget")},
    "complete, run effects": {"pooling": Pooling("complete"), "effects": RunEffects("run")},
    "no coordinates of its own": {"law": KaplanND, "pooling": Pooling("partial")},
    "one table, budget effects": {"pooling": Pooling("complete"), "effects": RunEffects("budget"), "families": 1},
}


def prepared(law=Chinchilla, noise=Normal, effects=None, families=3, **choices):
    rng = np.random.default_rng(8)
    family = np.repeat(["a", "b", "c"][:families], [9, 7, 6][:families])
    params, tokens = 10 ** rng.uniform(7.5, 10, family.size), 10 ** rng.uniform(9, 11.5, family.size)
    loss = (1.8 + 400 / params**0.34 + 1500 / tokens**0.36) * np.exp(0.01 * rng.standard_normal(family.size))
    table = pd.DataFrame({"params": params, "tokens": tokens, "loss": loss})
    table = table.assign(
        budget=[f"b{i % 3}" for i in range(family.size)], run=[f"r{i // 2}" for i in range(family.size)]
    )
    runs = read_quietly(table.assign(family=family) if families > 1 else table)
    layout = lay_out(law, runs, effects, design_anchors(law, runs))
    sizes = {"n_families": families, "n_levels": len(layout.levels)}
    return build_model(law, noise=noise, effects=effects, **choices, **sizes), layout.arrays


@pytest.mark.parametrize("name", [*MODELS, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE_MODELS)])
def test_curvature_from_few_gradients_is_the_curvature(name):
    """Also away from the mode, where nothing vanishes by chance; with another map than at the mode, nor there."""
    model, data = prepared(**(MODELS | MORE_MODELS)[name])
    coordinates, calls = Coordinates(model), []
    with computing():
        geometry = find_geometry(coordinates, data)._replace(stretch=np.eye(coordinates.size))
        on_device = jax.device_put(geometry)

        def gradient(position):
            calls.append(position)
            return np.asarray(guide_and_gradient(coordinates, on_device, data, position)[1])

        at = 0.3 * np.random.default_rng(9).standard_normal(coordinates.size)
        found = curvature_at(coordinates, geometry.effect_family, gradient, at)
        few = len(calls)
        steps = STEP * np.eye(coordinates.size)
        whole = np.array([(gradient(at + step) - gradient(at - step)) / (2.0 * STEP) for step in steps])
    # What is not a number of the gradient's own rounding: 1e-16 of its parts, over the step.
    np.testing.assert_allclose(found, 0.5 * (whole + whole.T), rtol=1e-5, atol=1e-5 * np.abs(whole).max())
    assert few < len(calls) - few
