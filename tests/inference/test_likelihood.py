"""The sampler's likelihood is that of the NumPyro model, whatever the law, the noise, the pooling and the padding."""

from __future__ import annotations

import jax
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
from jax import Array

from bayescale.data.read import read_quietly
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.language.declare import parameter
from bayescale.language.priors import HalfCauchy
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Laplace, Noise, Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors


class Skewed(Noise):
    """A noise of a user's: its centre is not the law's loss, and it is written for one run."""

    sigma: Array = parameter("scale of log loss around the law", prior=HalfCauchy(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Gumbel(log_loss + 0.1 * self.sigma, jax.numpy.sqrt(self.sigma**2 + measurement_sd**2))


pytestmark = pytest.mark.usefixtures("double_precision")


def layout_of(law, families: int, with_errors: bool, effects: RunEffects | None):
    rng = np.random.default_rng(4)
    counts = np.array([40, 7, 23])[:families]
    family = np.repeat([f"f{i}" for i in range(families)], counts)
    params, tokens = 10 ** rng.uniform(7, 10, family.size), 10 ** rng.uniform(9, 12, family.size)
    loss = (1.8 + 400 / params**0.35 + 400 / tokens**0.3) * np.exp(0.01 * rng.standard_normal(family.size))
    table = {"params": params, "tokens": tokens, "loss": loss, "budget": rng.choice(["x", "y"], family.size)}
    table |= {"family": family} if families > 1 else {}
    table |= {"loss_se": rng.uniform(0.0, 0.02, family.size)} if with_errors else {}
    runs = read_quietly(pd.DataFrame(table))
    return lay_out(law, runs, effects, design_anchors(law, runs))


@pytest.mark.parametrize("effects", [None, RunEffects("budget")], ids=["", "effects"])
@pytest.mark.parametrize("with_errors", [False, True], ids=["", "measurement errors"])
@pytest.mark.parametrize("pooling", ["complete", "none", "one table"])
@pytest.mark.parametrize("noise", [StudentT, Normal, Laplace, Skewed], ids=lambda noise: noise.name)
@pytest.mark.parametrize("law", [Chinchilla, KaplanND], ids=lambda law: law.name)
def test_the_likelihood_is_that_of_the_model(law, noise, pooling, with_errors, effects):
    families = 1 if pooling == "one table" else 3
    layout = layout_of(law, families, with_errors, effects)
    kind = Pooling("none" if pooling == "none" else "complete")
    sizes = {"n_families": families, "n_levels": len(layout.levels)}
    model = build_model(law, noise=noise, pooling=kind, effects=effects, **sizes)
    rng = np.random.default_rng(5)
    shape = (families,) if pooling == "none" else ()
    values = {p.name: np.exp(np.log(p.prior.typical()) + 0.1 * rng.standard_normal(shape)) for p in law.parameters}
    values |= {"sigma": np.exp(rng.normal(-4.0, 0.3, shape)), "nu": np.exp(rng.normal(1.5, 0.3, shape))}
    shifts = 0.01 * rng.standard_normal(len(layout.levels)) if effects else None

    outcome = model.outcome(values, shifts, layout.arrays)
    rows = np.where(layout.arrays["mask"], outcome.log_prob(layout.arrays["log_loss"]), 0.0)
    found = log_likelihood(model, values, shifts, prepare(model, sampled_arrays(layout)))
    # Sums of seventy terms of order one to a hundred: all differences are of rounding.
    assert float(found) == pytest.approx(float(rows.sum()), rel=1e-11, abs=1e-9)
    if with_errors:
        assert sampled_arrays(layout) is layout.arrays
    else:
        assert sampled_arrays(layout)["measurement_sd"].shape == (1, 1)


def test_padding_does_not_count():
    """Whatever stands in places that are masked: the same likelihood, and the same slopes."""
    layout = layout_of(Chinchilla, 3, True, None)
    model = build_model(Chinchilla, noise=StudentT, pooling=Pooling("complete"), n_families=3)
    values = {p.name: np.float64(p.prior.typical()) for p in model.parameters}
    padded = ~layout.arrays["mask"]
    assert padded.any()
    changed = {**layout.arrays, "log_loss": np.where(padded, 9.0, layout.arrays["log_loss"])}

    def both(arrays):
        return jax.value_and_grad(lambda v: log_likelihood(model, v, None, prepare(model, arrays)))(values)

    (first, slopes), (second, other_slopes) = both(layout.arrays), both(changed)
    assert float(first) == float(second)
    assert {k: float(v) for k, v in slopes.items()} == {k: float(v) for k, v in other_slopes.items()}
