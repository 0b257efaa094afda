"""The pilot fit: found in NumPy where the formula allows it, and the same as with JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array

from bayescale.data.read import read_quietly
from bayescale.data.schema import COLUMNS
from bayescale.inference import curves, pilot
from bayescale.inference.precision import computing
from bayescale.language.declare import parameter
from bayescale.language.priors import Gamma, LogNormal, Normal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Chinchilla, Law
from bayescale.laws.catalogue import CATALOGUE
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors

# Those of the loss whose columns a table can have.
LAWS = [law for law in CATALOGUE if law.response.name == "loss" and set(law.inputs()) <= set(COLUMNS)]


class OnlyJax(Law):
    """A formula that takes no NumPy arrays of many runs."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))
    k: Array = parameter("exponent", prior=LogNormal(0.4, 0.4))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + jax.lax.rsqrt(jax.lax.convert_element_type(D / 1e9, jnp.result_type(float))) ** self.k


class Mixing(Law):
    """A formula that is right for one run and wrong for several at once."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))
    k: Array = parameter("exponent", prior=LogNormal(0.4, 0.4))

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + (np.max(np.asarray(D)) if not isinstance(D, jax.core.Tracer) else D) ** -self.k


def prepared(law, complete=lambda table: table, **choices):
    """Three families with 2 % of scatter, some outliers, measurement errors; priors of other supports if asked for."""
    rng = np.random.default_rng(6)
    family = np.repeat(["a", "b", "c"], [30, 12, 5])
    params, tokens = 10 ** rng.uniform(7.5, 10, family.size), 10 ** rng.uniform(9, 11.5, family.size)
    loss = (1.8 + 400 / params**0.34 + 1500 / tokens**0.36) * np.exp(0.02 * rng.standard_t(3, family.size))
    se = rng.uniform(0.0, 0.01, family.size)
    runs = read_quietly(
        complete(pd.DataFrame({"family": family, "params": params, "tokens": tokens, "loss": loss, "loss_se": se}))
    )
    layout = lay_out(law, runs, None, design_anchors(law, runs))
    return build_model(law, noise=StudentT, pooling=Pooling("partial"), n_families=3, **choices), layout.arrays


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_curves_and_slopes_in_numpy_are_those_of_jax(law, with_every_input):
    """Central differences with steps of 1e-5 leave a relative error of about 1e-10."""
    model, data = prepared(law, with_every_input)
    in_numpy = curves.curves_of(model, data)
    assert isinstance(in_numpy, curves._InNumpy)
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in law.parameters])
    value = moments[:, 0] + 0.3 * moments[:, 1] * np.random.default_rng(7).standard_normal((3, len(moments)))
    with computing():
        mean, slopes = curves._in_jax(model, data)(value)
    found, differences = in_numpy(value)
    np.testing.assert_allclose(found, mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(differences, slopes, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "choices", [{}, {"priors": {"alpha": Normal(0.35, 0.1), "beta": Gamma(4.0, 10.0, 0.05)}}], ids=["", "priors"]
)
@pytest.mark.parametrize("common", [False, True], ids=["families", "common"])
def test_the_pilot_in_numpy_is_that_of_jax(choices, common, monkeypatch):
    model, data = prepared(Chinchilla, **choices)
    with computing():
        in_numpy = pilot.fit_pilot(model, data, common=common)
        monkeypatch.setattr(curves._InNumpy, "is_right", lambda self: False)
        in_jax = pilot.fit_pilot(model, data, common=common)
    for name, found, expected in zip(pilot.Pilot._fields, in_numpy, in_jax, strict=True):
        # Errors of the slopes move the fit by as much; scores are differences of large numbers.
        size = 1e-6 * np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=max(size, 1e-12), err_msg=name)


@pytest.mark.parametrize("law", [OnlyJax, Mixing], ids=lambda law: law.name)
def test_a_formula_that_takes_no_arrays_is_left_to_jax(law):
    model, data = prepared(law)
    assert not isinstance(curves.curves_of(model, data), curves._InNumpy)
    with computing():
        found = pilot.fit_pilot(model, data)
    assert all(np.isfinite(part).all() for part in found)


@pytest.mark.parametrize("common", [False, True], ids=["families", "common"])
def test_stopping_early_leaves_the_pilot_where_it_would_have_come_to(common, monkeypatch):
    """With all its steps it moves by less than a tenth of a standard deviation of the fit, and its scale by 2 %."""
    model, data = prepared(Chinchilla)
    with computing():
        found = pilot.fit_pilot(model, data, common=common)
        monkeypatch.setattr(pilot, "SETTLED", 0.0)
        whole = pilot.fit_pilot(model, data, common=common)
    moved = found.value - whole.value
    assert np.all(np.einsum("fi,fij,fj->f", moved, whole.precision, moved) < 0.1**2)
    np.testing.assert_allclose(found.scale, whole.scale, rtol=0.02)
