"""A fit or a law seen with parameters counted in another way."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
from jax import Array

from bayescale.costs import Embeddings, HoffmannF, ShapeFamily
from bayescale.data.read import read_quietly
from bayescale.decisions import allocate, convert, predict, simulate
from bayescale.inference import fit
from bayescale.language.declare import parameter
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Tokens
from bayescale.laws import CATALOGUE, Chinchilla, Law

CHINCHILLAS = Embeddings(47_491)  # Pearce & Song's fit to Chinchilla's shapes
SHAPES = ShapeFamily(aspect=60, vocabulary=50_000, context=2048)
HOFFMANN = Chinchilla.published["hoffmann2022training-unrounded"]
BESIROGLU = Chinchilla.published["besiroglu2024chinchilla"]
TO_KAPLANS = {"params_from": "total", "params_to": "non_embedding"}


def slope_on_their_grid(law: Law) -> float:
    """The experiment of Pearce & Song's script on a law of non-embedding parameters.

    20 sizes from 794 to 1.6e9, each with 1000 numbers of tokens from 1e6 to 1e25; at each of 100 budgets of 6 N D from
    10^12.95 to 10^20.7 every size has the run whose compute is nearest, and the best of these is the frontier.
    """
    sizes, tokens = np.logspace(2.9, 9.2, 20), np.logspace(6, 25, 1000)
    budgets = np.logspace(12.95, 20.7, 100)
    with jax.enable_x64(True):
        loss = np.asarray(law.at(params=sizes[:, None], tokens=tokens))
    compute = 6 * sizes[:, None] * tokens
    nearest = np.abs(compute[:, None, :] - budgets[:, None]).argmin(axis=-1)
    best = sizes[np.take_along_axis(loss, nearest, axis=1).argmin(axis=0)]
    return np.polyfit(np.log(budgets), np.log(best), 1)[0]


@pytest.mark.golden
@pytest.mark.parametrize(("law", "printed"), [(HOFFMANN, 0.739), (BESIROGLU, 0.781)], ids=["Hoffmann", "Besiroglu"])
def test_chinchillas_law_seen_without_embeddings_has_kaplans_exponent(law, printed):
    """Pearce & Song: what their script prints for both sets of parameters; 0.74 and 0.78 in the paper."""
    assert round(slope_on_their_grid(convert(law, **TO_KAPLANS, shapes=CHINCHILLAS)), 3) == printed


@pytest.mark.golden
@pytest.mark.parametrize(("law", "printed"), [(HOFFMANN, 0.74), (BESIROGLU, 0.78)], ids=["Hoffmann", "Besiroglu"])
def test_the_plan_of_the_converted_law_has_it_too(law, printed):
    """Without their grid's steps the exponents are .7395 and .7751; far above Kaplan's range they are Chinchilla's."""
    seen = convert(law, **TO_KAPLANS, shapes=CHINCHILLAS)
    for budgets, wanted in ((np.logspace(12.95, 20.7, 100), printed), (np.logspace(29.9, 30, 2), float(law.a))):
        params = allocate(seen, compute=budgets).draws["params"].values.ravel()
        assert np.polyfit(np.log(budgets), np.log(params), 1)[0] == pytest.approx(wanted, abs=0.005)


@pytest.mark.parametrize("law", [HOFFMANN, BESIROGLU], ids=["Hoffmann", "Besiroglu"])
def test_the_plan_is_the_analytic_one(law):
    """Pearce & Song's closed form of compute at an optimal size, derived by setting the slope at 6 N D fixed to 0:
    alpha A T^-alpha (N + w/3 N^(1/3)) / T = beta B D^-beta, with T = N + w N^(1/3)."""
    budgets = np.geomspace(1e13, 1e26, 14)
    plan = allocate(convert(law, **TO_KAPLANS, shapes=CHINCHILLAS), compute=budgets).draws
    n, d = (plan[name].values.ravel() for name in ("params", "tokens"))
    total, weight = n + 47_491 * n ** (1 / 3), 47_491
    size = law.alpha * law.A * total ** (-law.alpha - 1) * (n + weight / 3 * n ** (1 / 3))
    np.testing.assert_allclose(size, law.beta * law.B * d**-law.beta, rtol=1e-6)
    np.testing.assert_allclose(6 * n * d, budgets, rtol=1e-12)


@pytest.mark.parametrize("group", [None, "web"])
def test_a_converted_fit_predicts_the_same_runs(grouped, group):
    seen = convert(grouped, **TO_KAPLANS, shapes=SHAPES)
    total = np.array([1e7, 1e9, 7e10])
    inner = SHAPES.convert(total, source="total", target="non_embedding")
    for kind in ("law", "run"):
        # Distances beyond the data are in 6ND of either count, and with them what a discrepancy adds.
        asked = {"tokens": 1e11, "group": group, "kind": kind, "discrepancy": None}
        there, here = predict(seen, params=inner, **asked), predict(grouped, params=total, **asked)
        np.testing.assert_allclose(there.draws["loss"], here.draws["loss"], rtol=1e-10)
    assert there.draws.attrs["params_convention"] == "non_embedding"


def test_a_plan_in_the_same_count_of_compute_is_the_same_model(one):
    """Converted or not, a budget of exact FLOP buys the same model: the count is of its shape, not of its label."""
    labels = {"total": one, "non_embedding": convert(one, **TO_KAPLANS, shapes=SHAPES)}
    plans = {}
    for convention, view in labels.items():
        shapes = ShapeFamily(aspect=60, vocabulary=50_000, context=2048, params_convention=convention)
        plans[convention] = allocate(view, compute=[1e19, 1e23], cost=HoffmannF(shapes, vocabulary=True)).draws
    for name in ("tokens", "loss", "extrapolation"):
        np.testing.assert_allclose(plans["total"][name], plans["non_embedding"][name], rtol=1e-6)
    back = SHAPES.convert(plans["non_embedding"]["params"].values, source="non_embedding", target="total")
    np.testing.assert_allclose(back, plans["total"]["params"].values, rtol=1e-6)


def test_the_table_of_a_converted_fit_is_converted(one):
    seen = convert(one, **TO_KAPLANS, shapes=SHAPES)
    before, after = one.runs.table, seen.runs.table
    np.testing.assert_allclose(
        after["params"], SHAPES.convert(before["params"], source="total", target="non_embedding")
    )
    assert after["tokens"].equals(before["tokens"])
    np.testing.assert_allclose(after["compute"], 6 * after["params"] * after["tokens"])
    assert seen.runs.params_convention == "non_embedding"
    assert one.runs.params_convention == "total"
    plan = allocate(seen, compute=after["compute"].max())
    np.testing.assert_allclose(plan.draws["extrapolation"], 1.0)


def test_a_converted_fit_has_the_draws_and_the_likelihood_of_the_fit(grouped):
    seen = convert(grouped, **TO_KAPLANS, shapes=SHAPES)
    for name in ("E", "A", "B", "alpha", "beta", "A_population"):
        np.testing.assert_array_equal(seen.posterior[name], grouped.posterior[name])
    # Of the exponent of an optimal plan in 6ND nothing is left: it is no constant now.
    assert "a" in grouped.posterior
    assert "a" not in seen.posterior
    np.testing.assert_allclose(seen.log_likelihood["loss"], grouped.log_likelihood["loss"], rtol=1e-9)
    assert seen.law.name == "chinchilla (non_embedding)"


def test_a_converted_fit_has_the_checks_of_the_fit():
    design = [{"params": n, "tokens": d} for n in (1e8, 3e8, 1e9, 3e9) for d in (2e9, 8e9, 4e10)]
    made = fit("chinchilla", read_quietly(simulate(BESIROGLU, pd.DataFrame(design), sigma=0.003)), draws=500)
    seen = convert(made, **TO_KAPLANS, shapes=SHAPES)
    assert seen.checks is made.checks
    assert seen.measured_checks is made.measured_checks
    assert repr(seen).startswith("Fit of chinchilla (non_embedding) to 12 runs")
    assert seen.table().loc[0, "median"] == made.table().loc[0, "median"]


def test_there_and_back_is_where_it_was(one):
    back = {"params_from": "non_embedding", "params_to": "total"}
    again = convert(convert(one, **TO_KAPLANS, shapes=SHAPES), **back, shapes=SHAPES)
    wanted, found = (allocate(view, compute=[1e20, 1e24]).draws for view in (one, again))
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6)
    np.testing.assert_allclose(again.runs.table["params"], one.runs.table["params"], rtol=1e-12)


SIZED = [law for law in CATALOGUE if "params" in law.inputs() and law.published]


@pytest.mark.parametrize("law", SIZED, ids=lambda law: law.name)
def test_any_law_of_params_can_be_converted(law):
    """At published values: the same loss, and a law that all the rest of the package can read."""
    for known in law.published.values():
        seen = convert(known, **TO_KAPLANS, shapes=SHAPES)
        inputs = dict.fromkeys(law.inputs(), 3.0e10)
        inner = inputs | {"params": SHAPES.convert(3.0e10, source="total", target="non_embedding")}
        with jax.enable_x64(True):
            assert float(seen.at(**inner)) == pytest.approx(float(known.at(**inputs)), rel=1e-12)
        assert seen.inputs() == law.inputs()
        assert [p.name for p in seen.parameters] == [p.name for p in law.parameters]
        assert type(seen) is type(convert(known, **TO_KAPLANS, shapes=SHAPES))


def test_a_converted_law_simulates(one):
    design = one.runs.to_frame()[["params", "tokens"]]
    inner = design.assign(params=SHAPES.convert(design["params"], source="total", target="non_embedding"))
    seen = convert(BESIROGLU, **TO_KAPLANS, shapes=SHAPES)
    np.testing.assert_allclose(simulate(seen, inner)["loss"], simulate(BESIROGLU, design)["loss"], rtol=1e-12)


class OfTokens(Law):
    """Takes no size."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))

    def __call__(self, D: Tokens) -> Loss:
        return self.E + D**-0.3


def test_conventions_are_not_mixed_silently(one):
    with pytest.raises(
        SettingsError,
        match=r"^The fit's table counts parameters as 'total', got params_from='non_embedding'; give the table's, or "
        r"read it again with the params_convention that it has\.$",
    ):
        convert(one, params_from="non_embedding", params_to="total", shapes=SHAPES)
    shapes = ShapeFamily(aspect=60, vocabulary=50_000, context=2048, params_convention="non_embedding")
    with pytest.raises(
        SettingsError,
        match=r"^The cost Hoffmann F counts parameters as 'non_embedding', the fit's table as 'total'; give the cost "
        r"shapes with params_convention='total', or convert the fit\.$",
    ):
        allocate(one, compute=1e22, cost=HoffmannF(shapes))


def test_what_cannot_be_converted_is_refused_in_a_sentence(one):
    with pytest.raises(SettingsError, match=r"^shapes must be a costs.ShapeFamily or costs.Embeddings, got 47491.$"):
        convert(one, **TO_KAPLANS, shapes=47_491)
    with pytest.raises(SettingsError, match=r"^Embeddings: target must be one of 'total', 'non_embedding', 'active'"):
        convert(one, params_from="total", params_to="all", shapes=CHINCHILLAS)
    with pytest.raises(LawError, match=r"^The law 'of-tokens' takes tokens and no params: there is none to convert.$"):
        convert(OfTokens(1.0), **TO_KAPLANS, shapes=SHAPES)


def test_a_converted_fit_is_not_saved(one, tmp_path):
    with pytest.raises(
        SettingsError,
        match=r"^A converted fit is a view of a fit and is not saved; save the fit that it was made from, and convert "
        r"what load returns.$",
    ):
        convert(one, **TO_KAPLANS, shapes=SHAPES).save(tmp_path / "fit.nc")
    assert not list(tmp_path.iterdir())
