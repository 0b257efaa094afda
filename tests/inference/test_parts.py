"""Rows taken some blocks at a time have the likelihood, and the slopes, of all rows together."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly
from bayescale.inference import likelihood
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.laws import Chinchilla
from bayescale.models import AR1, OU, Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors


def table(errors: bool) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    count = 70
    found = []
    for run in range(5):
        params, tokens = 10 ** rng.uniform(8, 10), 1e10 * np.exp(np.cumsum(rng.exponential(0.05, count)))
        loss = (1.8 + 400 / params**0.35 + 400 / tokens**0.3) * np.exp(0.01 * rng.standard_normal(count))
        found.append(
            pd.DataFrame({"family": f"f{run % 2}", "run": str(run), "params": params, "tokens": tokens, "loss": loss})
        )
    whole = pd.concat(found, ignore_index=True)
    return whole.assign(loss_se=rng.uniform(0.0, 0.03, len(whole))) if errors else whole


@pytest.mark.parametrize(("errors", "effects"), [(False, None), (True, RunEffects("run"))], ids=["", "errors, effects"])
@pytest.mark.parametrize("residuals", [None, AR1, OU], ids=str)
@pytest.mark.parametrize("noise", [StudentT, Normal], ids=lambda noise: noise.name)
def test_parts_add_up(monkeypatch, noise, residuals, errors, effects):
    runs = read_quietly(table(errors))
    layout = lay_out(Chinchilla, runs, effects, design_anchors(Chinchilla, runs), noise, residuals)
    sizes = {"n_families": 2, "n_levels": len(layout.levels), "residuals": residuals}
    model = build_model(Chinchilla, noise=noise, pooling=Pooling("none"), effects=effects, **sizes)
    rng = np.random.default_rng(5)
    with jax.enable_x64(True):
        values = {
            p.name: np.exp(np.log(p.prior.typical()) + 0.1 * rng.standard_normal(2)) for p in Chinchilla.parameters
        }
        values |= {
            "sigma": np.array([0.01, 0.02]),
            "nu": np.float64(4.0),
            "rho": np.float64(0.6),
            "tau": np.float64(0.1),
        }
        values = {p.name: values[p.name] for p in model.parameters}
        shifts = 0.01 * rng.standard_normal(len(layout.levels)) if effects else None
        rows = prepare(model, sampled_arrays(layout))
        slopes = jax.value_and_grad(partial(log_likelihood, model), argnums=(0, 1) if effects else 0)
        whole = slopes(values, shifts, rows)
        monkeypatch.setattr(likelihood, "MANY_CELLS", 1)
        width = rows.observed.shape[1]
        for shape in ((1, width), (2, width), (1, width // 4)):
            monkeypatch.setattr(likelihood, "part_shape", lambda *_, shape=shape: shape)
            parts = slopes(values, shifts, rows)
            jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-7), parts, whole)


def test_the_row_before_a_part_counts(monkeypatch):
    """Parts that forgot it would have another likelihood: the test above can fail."""
    runs = read_quietly(table(False))
    layout = lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs), Normal, AR1)
    model = build_model(Chinchilla, noise=Normal, pooling=Pooling("complete"), n_families=2, residuals=AR1)
    values = {"E": 1.8, "A": 0.4, "B": 0.3, "alpha": 0.35, "beta": 0.37, "sigma": 0.01, "rho": 0.6}
    with jax.enable_x64(True):
        rows = prepare(model, sampled_arrays(layout))
        whole = float(log_likelihood(model, values, None, rows))
        monkeypatch.setattr(likelihood, "MANY_CELLS", 1)
        monkeypatch.setattr(likelihood, "_first_residual", lambda *_: (0.0, 1.0))
        assert abs(float(log_likelihood(model, values, None, rows)) - whole) > 0.1
