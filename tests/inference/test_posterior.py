"""The posterior's law parameters are the textbook's, of families and of their population, and say what they are.

The log likelihood is the density of the loss itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayescale.data.read import read_quietly
from bayescale.inference.posterior import natural_dataset, sites_dataset
from bayescale.inference.settings import Settings
from bayescale.inference.store.draws import site_shapes
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Laplace, Normal, Pooling, RunEffects, StudentT, build_model, lay_out

# --- Textbook form ---------------------------------------------------------------------------------------------------

ANCHORS = {"N0": 1e9, "D0": 2e10}
DRAWS = 7


def drawn(law, pooling: Pooling):
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
    out, sites = drawn(Chinchilla, pooling)
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
    out, sites = drawn(Chinchilla, Pooling("partial", (("alpha", "none"),)))
    np.testing.assert_allclose(out["A_population"], np.exp(sites["A_population"]), rtol=1e-12)
    assert out["A_population"].attrs["long_name"] == "population location of: loss from finite size at N0"
    at_one = np.exp(sites["B_population"]) * ANCHORS["D0"] ** np.exp(sites["beta_population"])
    np.testing.assert_allclose(out["B_population"], at_one, rtol=1e-12)
    assert out["B_population"].attrs["long_name"] == "population location of: loss from finite data at D0 = 1"
    assert out["A"].attrs["long_name"] == "loss from finite size at N0 = 1"
    assert "a_population" not in out
    assert out["A_between"].attrs["long_name"] == "sd between families of: log of loss from finite size at N0"


def test_a_law_without_textbook_form_names_its_anchors():
    out, sites = drawn(KaplanND, Pooling("partial"))
    np.testing.assert_allclose(out["L_N_population"], np.exp(sites["L_N_population"]), rtol=1e-12)
    assert out["L_N"].attrs["long_name"] == "loss with unlimited data at N0"
    assert out["L_D_population"].attrs["long_name"] == "population location of: loss with unlimited size at D0"


def test_a_posterior_without_population_has_none():
    out, _ = drawn(Chinchilla, Pooling("complete"))
    assert not [name for name in out if str(name).endswith("_population")]


# --- Attributes ------------------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "E": ("irreducible loss", "nats/token"),
    "A": ("loss from finite size at N0 = 1", "nats/token"),
    "B": ("loss from finite data at D0 = 1", "nats/token"),
    "alpha": ("size exponent", ""),
    "sigma": ("scale of log loss around the law", ""),
    "A_population": ("population location of: loss from finite size at N0 = 1", "nats/token"),
    "alpha_population": ("population location of: size exponent", ""),
    "a_population": ("population location of: exponent of compute-optimal size in compute", ""),
    "sigma_between": ("sd between families of: log of scale of log loss around the law", ""),
    "run_effects": ("run effect on log loss", ""),
    "run_effects_sd": ("sd of run effects on log loss", ""),
}


@pytest.fixture(scope="module")
def families(made):
    return made(families=("a", "b"), noise=Normal, effects=RunEffects("budget"))


def test_every_variable_has_a_name_in_words_and_a_unit(families):
    for name, variable in families.posterior.data_vars.items():
        assert set(variable.attrs) == {"long_name", "units"}, name
        assert variable.attrs["long_name"] not in ("", name), name


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_names_and_units_are_those_of_the_law(name, families):
    attrs = families.posterior[name].attrs
    assert (attrs["long_name"], attrs["units"]) == ATTRIBUTES[name]


def test_spreads_are_named_after_the_coordinates_in_which_families_scatter(families):
    for coordinate in families.model.coordinates:
        attrs = families.posterior[f"{coordinate.name}_between"].attrs
        assert attrs == {"long_name": f"sd between families of: {coordinate.doc}", "units": ""}


def test_derived_quantities_have_the_laws_words(families):
    for derived in families.law.derived_quantities:
        attrs = families.posterior[derived.name].attrs
        assert attrs == {"long_name": derived.doc, "units": derived.unit}


# --- Log likelihood --------------------------------------------------------------------------------------------------


def by_hand(noise, loss, curve, scale, nu):
    """The density of a loss whose logarithm scatters around that of the curve: that of its logarithm, over the loss."""
    match noise.name:
        case "student-t":
            density = stats.t(nu, np.log(curve), scale)
        case "normal":
            density = stats.norm(np.log(curve), scale)
        case "laplace":
            density = stats.laplace(np.log(curve), scale)
    return density.pdf(np.log(loss)) / loss


@pytest.mark.parametrize("measured", [True, False], ids=["with loss_se", "without loss_se"])
@pytest.mark.parametrize("noise", [StudentT, Normal, Laplace], ids=lambda noise: noise.name)
def test_log_likelihood_is_the_density_of_the_loss(noise, measured, made):
    fit = made(noise=noise, pooling=Pooling("complete"))
    if not measured:
        fit = without_loss_se(fit)
    table, posterior = fit.runs.table, fit.posterior
    assert ("loss_se" in table) == measured
    found = fit.log_likelihood["loss"]
    assert found.dims == ("chain", "draw", "run")
    for chain, draw, run in [(0, 0, 0), (0, 3, 5), (1, 5, 2)]:
        at = {name: float(v.isel(chain=chain, draw=draw)) for name, v in posterior.data_vars.items()}
        row = table.iloc[run]
        curve = at["E"] + at["A"] * row["params"] ** -at["alpha"] + at["B"] * row["tokens"] ** -at["beta"]
        # The standard error of a loss is that of its logarithm times the loss.
        scale = np.hypot(at["sigma"], row["loss_se"] / row["loss"] if measured else 0.0)
        expected = np.log(by_hand(noise, row["loss"], curve, scale, at.get("nu")))
        assert found.isel(chain=chain, draw=draw, run=run).item() == pytest.approx(expected, rel=1e-9)


def test_the_density_of_the_loss_integrates_to_one():
    """The claim's own check: without the division by the loss it would not."""
    loss = np.geomspace(0.2, 30, 200_001)
    density = by_hand(Normal, loss, 2.4, 0.1, None)
    assert np.trapezoid(density, loss) == pytest.approx(1, abs=1e-6)
    assert abs(np.trapezoid(density * loss, loss) - 1) > 1


def without_loss_se(fit):
    """The same draws for the same runs, of which no standard errors are known."""
    from dataclasses import replace

    runs = read_quietly(fit.runs.to_frame().drop(columns="loss_se"))
    return replace(fit, runs=runs, settings=Settings(chains=2, warmup=50, draws=6))
