"""The posterior's law parameters are the textbook's, of families and of their population, and say what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly
from bayescale.inference.posterior import natural_dataset, sites_dataset
from bayescale.inference.store.draws import site_shapes
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Pooling, StudentT, build_model, lay_out

ANCHORS = {"N0": 1e9, "D0": 2e10}
DRAWS = 7


def posterior(law, pooling: Pooling):
    """Natural values of random draws, and the draws themselves."""
    rows = [{"params": n, "tokens": d, "loss": 3.0, "family": f} for f in "ab" for n in (1e8, 1e9) for d in (1e9, 1e10)]
    layout = lay_out(law, read_quietly(pd.DataFrame(rows)), None, ANCHORS)
    model = build_model(law, noise=StudentT, pooling=pooling, n_families=2)
    rng = np.random.default_rng(0)
    sites = {n: -0.5 + 0.2 * rng.standard_normal((1, DRAWS, *s)) for n, s in site_shapes(model, layout).items()}
    sites = sites_dataset(model, sites, layout.families, layout.levels)
    return natural_dataset(model, sites, ANCHORS), sites


POOLINGS = {
    "partial": Pooling("partial"),
    "beta complete": Pooling("partial", (("beta", "complete"),)),
    "alpha and beta complete": Pooling("partial", (("alpha", "complete"), ("beta", "complete"))),
}


@pytest.mark.parametrize("kind", POOLINGS)
def test_the_populations_coefficients_are_the_textbooks_whatever_is_complete(kind):
    pooling = POOLINGS[kind]
    out, sites = posterior(Chinchilla, pooling)
    for name, exponent, anchor, words in (("A", "alpha", "N0", "finite size"), ("B", "beta", "D0", "finite data")):
        common = pooling.kind(exponent) == "complete"
        slope = np.exp(sites[exponent if common else f"{exponent}_population"])
        at_one = np.exp(sites[f"{name}_population"]) * ANCHORS[anchor] ** slope
        np.testing.assert_allclose(out[f"{name}_population"], at_one, rtol=1e-12)
        assert out[f"{name}_population"].attrs == {
            "long_name": f"population location of: loss from {words} at {anchor} = 1",
            "units": "nats/token",
        }
        assert out[name].attrs["long_name"] == f"loss from {words} at {anchor} = 1"
    np.testing.assert_allclose(out["E_population"], np.exp(sites["E_population"]), rtol=1e-12)
    assert ("a_population" in out) == ("family" in out["a"].dims)


def test_what_needs_a_parameter_without_population_stays_at_its_anchor_and_says_so():
    """Exponents of size without pooling: there is no exponent to carry the population's A to one parameter with."""
    out, sites = posterior(Chinchilla, Pooling("partial", (("alpha", "none"),)))
    np.testing.assert_allclose(out["A_population"], np.exp(sites["A_population"]), rtol=1e-12)
    assert out["A_population"].attrs["long_name"] == "population location of: loss from finite size at N0"
    at_one = np.exp(sites["B_population"]) * ANCHORS["D0"] ** np.exp(sites["beta_population"])
    np.testing.assert_allclose(out["B_population"], at_one, rtol=1e-12)
    assert out["B_population"].attrs["long_name"] == "population location of: loss from finite data at D0 = 1"
    assert out["A"].attrs["long_name"] == "loss from finite size at N0 = 1"
    assert "a_population" not in out
    assert out["A_between"].attrs["long_name"] == "sd between families of: log of loss from finite size at N0"


def test_a_law_without_textbook_form_names_its_anchors():
    out, sites = posterior(KaplanND, Pooling("partial"))
    np.testing.assert_allclose(out["L_N_population"], np.exp(sites["L_N_population"]), rtol=1e-12)
    assert out["L_N"].attrs["long_name"] == "loss with unlimited data at N0"
    assert out["L_D_population"].attrs["long_name"] == "population location of: loss with unlimited size at D0"


def test_a_posterior_without_population_has_none():
    out, _ = posterior(Chinchilla, Pooling("complete"))
    assert not [name for name in out if str(name).endswith("_population")]
