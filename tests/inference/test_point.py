"""The point fit finds the optimum that a patient optimiser finds, and says what converged and what has no answer."""

from __future__ import annotations

import re
from dataclasses import asdict

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array
from scipy.optimize import minimize

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.data.schema import COLUMNS
from bayescale.inference.point.curve import local, padded_rows, unconstrain
from bayescale.inference.point.losses import LOSSES
from bayescale.inference.point.resamples import Resamples
from bayescale.inference.point.starts import starting_points
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import DataError, FitError, LawError, SettingsError
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import CATALOGUE, Chinchilla, KaplanND, Law
from bayescale.models.layout import design_anchors

# Those of the loss whose columns a table can have.
LAWS = [law for law in CATALOGUE if law.response.name == "loss" and set(law.inputs()) <= set(COLUMNS)]

TRUTH = Chinchilla.published["besiroglu2024chinchilla"]
QUICK = {"starts": 64, "resamples": 100}


def design(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    params, tokens = np.exp(rng.uniform(np.log([1e8, 1e9]), np.log([1e10, 1e12]), (rows, 2))).T
    return pd.DataFrame({"params": params, "tokens": tokens})


def simulated(law: Law = TRUTH, table: pd.DataFrame | None = None, **options) -> bs.Runs:
    table = design() if table is None else table
    return read_quietly(bs.simulate(law, table, **{"sigma": 0.005, "seed": 1, **options}))


@pytest.fixture(scope="module")
def runs() -> bs.Runs:
    return simulated()


@pytest.fixture(scope="module")
def point(runs) -> bs.PointFit:
    return bs.point_fit("chinchilla", runs, **QUICK)


def huber(values, runs: bs.Runs, delta: float = 1e-3) -> float:
    """Mean Huber loss of log loss at Chinchilla's E, A, B, alpha and beta, written by hand."""
    E, A, B, alpha, beta = values
    N, D, loss = (runs.table[name].to_numpy() for name in ("params", "tokens", "loss"))
    size = np.abs(np.log(loss) - np.log(E + A * N**-alpha + B * D**-beta))
    return float(np.where(size < delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean())


def test_the_optimum_is_that_of_a_patient_scipy(point, runs):
    """Nelder-Mead, which knows no gradient, begun again and again until it stays where it is."""
    # Log A and log B move with the exponents, at sizes and tokens of the design: this is what it walks along.
    turn = np.eye(5)
    turn[1, 3], turn[2, 4] = (np.log(runs.table[name]).mean() for name in ("params", "tokens"))

    def values(walk):
        e, a, b, alpha, beta = turn @ walk
        return [*np.exp([e, a, b]), alpha, beta]

    truth = [np.log(TRUTH.E), np.log(TRUTH.A), np.log(TRUTH.B), TRUTH.alpha, TRUTH.beta]
    walk = np.linalg.solve(turn, truth)
    options = {"xatol": 1e-11, "fatol": 1e-16, "maxiter": 4000, "maxfev": 4000, "adaptive": True}
    for _ in range(15):
        before = huber(values(walk), runs)
        walk = minimize(lambda at: 1e6 * huber(values(at), runs), walk, method="Nelder-Mead", options=options).x
        if huber(values(walk), runs) > before * (1 - 1e-13):
            break
    ours = huber(point.law.values.values(), runs)
    np.testing.assert_allclose(point.search["objective"], ours, rtol=1e-10)
    assert ours <= huber(values(walk), runs) * (1 + 1e-12)
    np.testing.assert_allclose(list(point.law.values.values()), values(walk), rtol=1e-4)


def test_no_step_from_the_optimum_is_downhill(point, runs):
    least = huber(point.law.values.values(), runs)
    rng = np.random.default_rng(0)
    for _ in range(200):
        factors = np.exp(10.0 ** rng.uniform(-6, -2) * rng.standard_normal(5))
        assert huber(np.array(list(point.law.values.values())) * factors, runs) > least * (1 - 1e-12)


def test_estimates_lie_within_their_errors_of_the_truth(point):
    """Five correlated numbers within 4.5 standard errors: a false alarm once in 30,000 normal data sets."""
    table = point.table().set_index("parameter")
    for name in ("E", "alpha", "beta", "a"):
        assert abs(table["estimate"][name] - getattr(TRUTH, name)) < 4.5 * table["standard_error"][name]


def test_data_without_noise_give_the_law_back():
    law = bs.point_fit("chinchilla", simulated(sigma=0.0), **QUICK).law
    for name, value in law.values.items():
        np.testing.assert_allclose(value, getattr(TRUTH, name), rtol=1e-7)


def test_neither_the_order_of_rows_nor_padding_matters(point, runs):
    shuffled = read_quietly(runs.to_frame().sample(frac=1.0, random_state=0).drop(columns="compute"))
    again = bs.point_fit("chinchilla", shuffled, **QUICK).law
    for name, value in point.law.values.items():
        np.testing.assert_allclose(getattr(again, name), value, rtol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_slope_and_curvature_are_those_of_the_objective(law, loss, runs, with_every_input):
    runs = read_quietly(with_every_input(runs.to_frame()))
    with jax.enable_x64(True):
        rows = padded_rows(law, runs, design_anchors(law, runs))
        center = np.array([p.prior.unconstrained_moments()[0] for p in law.parameters])
        # With a tip far outside all residuals every loss is half the square.
        at = jax.jit(lambda x, tip: local(law, loss, x, rows.mask, tip, rows))
        for tip in (1e-3, 1e6):
            here, width = at(center, tip), 1e-5
            for j, direction in enumerate(np.eye(center.size)):
                up, down = (at(center + s * width * direction, tip) for s in (1, -1))
                np.testing.assert_allclose(here.slope[j], (up.value - down.value) / (2 * width), rtol=1e-6, atol=1e-9)
        # To the rounding of sums of up to twice their size.
        np.testing.assert_allclose(here.near, here.near.T, rtol=1e-12, atol=1e-14 * np.abs(here.near).max())
        # A sum of squares, which is positive where the runs determine all parameters, and else zero to rounding.
        values = np.linalg.eigvalsh(here.near)
        assert values.min() > -1e-14 * values.max()
        np.testing.assert_allclose(here.far, 0.0, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_has_the_derivatives_it_says(loss):
    residual = jnp.array([-0.3, -2e-3, -1e-4, 1e-9, 5e-4, 0.02])
    with jax.enable_x64(True):
        residual = residual.astype(float)
        value, weight, second = LOSSES[loss](residual, 1e-3)
        one = lambda r: LOSSES[loss](r, 1e-3)[0]  # noqa: E731
        np.testing.assert_allclose(weight * residual, jax.vmap(jax.grad(one))(residual), rtol=1e-9)
        np.testing.assert_allclose(second, jax.vmap(jax.grad(jax.grad(one)))(residual), rtol=1e-9)
        assert (value >= 0).all()


def test_the_published_grid_is_the_published_grid():
    anchors = {"N0": 1e9, "D0": 2e10}
    with jax.enable_x64(True):
        starts = Chinchilla.published_starts(anchors)
        print_form = starts.textbook()
        given = starting_points(Chinchilla, anchors, 4500, seed=0)
    np.testing.assert_allclose(np.unique(np.round(np.log(starts.E), 12)), [-1, -0.5, 0, 0.5, 1])
    for name in ("A", "B"):
        np.testing.assert_allclose(np.unique(np.round(np.log(getattr(print_form, name)), 9)), [0, 5, 10, 15, 20, 25])
    assert np.unique(starts.alpha).tolist() == np.unique(starts.beta).tolist() == [0.05, 0.5, 1.0, 1.5, 2.0]
    assert len(np.unique(given, axis=0)) == 4500


@pytest.mark.parametrize("count", [10, 4600])
def test_fewer_starts_are_some_of_the_grid_and_more_go_over_the_priors(count):
    anchors = {"N0": 1e9, "D0": 2e10}
    with jax.enable_x64(True):
        grid = np.asarray(unconstrain(Chinchilla, Chinchilla.published_starts(anchors).values))
        starts, same, other = (starting_points(Chinchilla, anchors, count, seed) for seed in (0, 0, 1))
    assert len(np.unique(starts, axis=0)) == count
    known = {tuple(row) for row in grid.tolist()}
    assert sum(tuple(row) in known for row in starts.tolist()) == min(count, 4500)
    assert np.array_equal(starts, same)
    assert not np.array_equal(starts, other)


def test_a_law_without_a_grid_starts_over_its_priors():
    with jax.enable_x64(True):
        starts = starting_points(KaplanND, {"N0": 1.0, "D0": 1.0}, 1024, seed=3)
    moments = np.array([p.prior.unconstrained_moments() for p in KaplanND.parameters])
    np.testing.assert_allclose(starts.mean(0), moments[:, 0], atol=0.01)
    np.testing.assert_allclose(starts.std(0), moments[:, 1], rtol=0.02)


def test_another_law_is_fitted_too():
    kaplan = KaplanND(L_N=2.4, L_D=2.3, alpha_N=0.08, alpha_D=0.1, N0=1e9, D0=3e10)
    point = bs.point_fit("kaplan-nd", simulated(kaplan), **QUICK)
    table = point.table().set_index("parameter")
    for name in ("alpha_N", "alpha_D"):
        assert abs(table["estimate"][name] - getattr(kaplan, name)) < 4.5 * table["standard_error"][name]
    assert point.search["at_best"][0] > 32
    assert {"N_c", "D_c", "a"} <= set(table.index)


class Bent(Law):
    """A law with a parameter of either sign."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))
    slope: Array = parameter("slope", prior=Normal(0.0, 0.5))
    N0: float = anchor("N")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E * (N / self.N0) ** -self.slope + 0.0 * D


def test_a_parameter_may_have_either_sign():
    law = bs.point_fit(Bent, simulated(Bent(E=2.0, slope=-0.1, N0=1e9), sigma=0.001), **QUICK).law
    assert abs(law.slope + 0.1) < 0.001


def test_the_same_seed_gives_the_same_draws_and_another_seed_others(point, runs):
    again, other = (bs.point_fit("chinchilla", runs, **QUICK, seed=seed) for seed in (0, 1))
    assert point.draws.identical(again.draws)
    assert not np.allclose(point.draws["alpha"], other.draws["alpha"])
    # The starts are others, the optimum is the same.
    np.testing.assert_allclose(other.law.alpha, point.law.alpha, rtol=1e-5)


def test_more_resamples_begin_with_the_same_ones(point, runs):
    more = bs.point_fit("chinchilla", runs, starts=64, resamples=150)
    np.testing.assert_allclose(more.draws["alpha"][:100], point.draws["alpha"], rtol=1e-9)


def test_resamples_draw_as_many_runs_as_there_are():
    weights = Resamples(simulated(), "run", 64, seed=0)(500)
    assert (weights.sum(1) == 60).all()
    assert (weights[:, 60:] == 0).all()
    # A mean of 30,000 counts whose variance is 59/60, within 4.5 standard errors.
    assert abs(weights[:, 0].mean() - 1) < 4.5 / np.sqrt(500)


@pytest.mark.parametrize("unit", ["run", "budget"])
def test_rows_of_one_unit_come_together(unit):
    table = design(12).assign(loss=2.0, **{unit: list("aabbbcccaadd")})
    weights = Resamples(read_quietly(table), unit, 16, seed=0)(200)
    for name in "abcd":
        members = np.flatnonzero(table[unit] == name)
        assert (weights[:, members] == weights[:, members[:1]]).all()
    firsts = [table[unit].tolist().index(name) for name in "abcd"]
    assert (weights[:, firsts].sum(1) == 4).all()


def test_the_table_has_estimates_errors_and_intervals(point):
    table = point.table(prob=0.8)
    assert table.columns.tolist() == [
        *("group", "parameter", "meaning", "unit", "estimate", "standard_error", "lower", "upper", "prob")
    ]
    assert table["parameter"].tolist() == ["E", "A", "B", "alpha", "beta", "a"]
    assert table["unit"].tolist() == ["nats/token"] * 3 + [""] * 3
    assert (table["lower"] < table["upper"]).all()
    draws = point.draws["alpha"].to_numpy()
    row = table.set_index("parameter").loc["alpha"]
    assert row["estimate"] == point.law.alpha
    np.testing.assert_allclose(row["standard_error"], draws.std(ddof=1))
    assert np.mean(draws < row["lower"]) <= 0.1 <= np.mean(draws <= row["lower"]) + 0.01
    assert "N0 = 1" in table["meaning"][1]


def test_the_law_plans_and_the_resampled_law_has_a_plan_per_resample(point):
    plan = bs.allocate(point.law, compute=1e22)
    many, _ = point.resampled().optimum(1e22, bs.costs.SixND())
    assert many.shape == (100,)
    assert many.min() < plan.draws["params"].item() < many.max()


def test_it_says_what_ran(point):
    assert re.fullmatch(
        r"Point fit of chinchilla to 60 runs\n"
        r"  huber loss of log loss with delta 0\.001, bootstrap of runs, seed 0\n"
        r"  \d+ of 64 starts reached the best optimum, \d+ converged; 100 of 100 resamples converged",
        repr(point),
    )
    assert asdict(point.settings) | {"seed": point.seed} == {
        **QUICK,
        **{"loss": "huber", "delta": 1e-3, "resample": "run", "iterations": 300, "seed": 0},
    }


def test_families_are_fitted_by_themselves(runs):
    other = simulated(TRUTH.replace(E=2.0), seed=2)
    tables = {"web": runs.to_frame(), "code": other.to_frame()}
    both = read_quietly(pd.concat([t.assign(family=name) for name, t in tables.items()]))
    point = bs.point_fit("chinchilla", both, **QUICK)
    assert point.groups == ("web", "code")
    assert point.draws["alpha"].dims == ("family", "resample")
    for name, part in (("web", runs), ("code", other)):
        alone = bs.point_fit("chinchilla", part, **QUICK).law
        np.testing.assert_allclose(point.laws[name].alpha, alone.alpha, rtol=1e-5)
        assert point.resampled(name).alpha.shape == (100,)
    assert point.table()["group"].unique().tolist() == ["web", "code"]
    assert "\n  code: " in repr(point)
    with pytest.raises(
        SettingsError, match=r"^Every family has a law of its own; take one of them, such as .*'web'.*$"
    ):
        _ = point.law
    with pytest.raises(SettingsError, match=r"^There is no family 'books'; there are web, code\.$"):
        point.resampled("books")


def test_resamples_that_do_not_converge_widen_the_intervals():
    """Of eight runs many resamples have fewer than five different ones, which say nothing of five parameters."""
    few = simulated().subset(np.arange(60) < 8)
    point = bs.point_fit("chinchilla", few, starts=300, resamples=300)
    converged = point.draws["converged"].to_numpy()
    assert 0.05 < np.mean(~converged) < 0.6
    assert point.search["resamples_converged"][0] == converged.sum()
    assert f"{converged.sum()} of 300 resamples converged" in repr(point)
    table = point.table(prob=0.9)
    assert np.isneginf(table["lower"]).all()
    assert np.isposinf(table["upper"]).all()


def test_a_design_that_does_not_identify_the_law_is_refused():
    constant = design().assign(tokens=1e10)
    message = r"^No start converged: this design says nothing of E, B, beta, or does not tell them apart, .*priors\.$"
    with pytest.raises(FitError, match=message):
        bs.point_fit("chinchilla", simulated(table=constant), **QUICK)


def test_an_optimum_at_the_edge_is_refused():
    """With D = 20 N the law is a sum of two powers of N; these data have an optimum, and fit better without a floor."""
    params = np.exp(np.random.default_rng(0).uniform(np.log(1e8), np.log(1e10), 60))
    bound = simulated(table=pd.DataFrame({"params": params, "tokens": 20 * params}))
    message = (
        r"^The least objective is not at an optimum: .* with E \d+ prior standard deviations below its prior\. .*$"
    )
    with pytest.raises(FitError, match=message):
        bs.point_fit("chinchilla", bound, resamples=10)


def test_one_iteration_does_not_converge(runs):
    with pytest.raises(FitError, match=r"^None of 64 starts converged; the best of them stopped with .*$"):
        bs.point_fit("chinchilla", runs, **QUICK, iterations=1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "cauchy"}, "loss must be one of huber, soft-l1, squares, got 'cauchy'."),
        ({"delta": 0.0}, "delta must be a positive finite number, in log loss, got 0.0."),
        ({"delta": "small"}, "delta must be a positive finite number, in log loss, got 'small'."),
        ({"starts": 0}, "starts must be a whole number of at least 1, got 0."),
        ({"resamples": 1}, "resamples must be a whole number of at least 2, got 1."),
        ({"resamples": 10.0}, "resamples must be a whole number of at least 2, got 10.0."),
        ({"iterations": True}, "iterations must be a whole number of at least 1, got True."),
        ({"resample": "row"}, "resample must be one of run, budget, got 'row'."),
        ({"seed": -1}, "seed must be an integer from 0 to 2**63 - 1, got -1."),
    ],
    ids=str,
)
def test_bad_settings_are_refused(runs, given, message):
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        bs.point_fit("chinchilla", runs, **given)


def test_bad_tables_and_laws_are_refused(runs):
    with pytest.raises(TypeError, match="unexpected keyword argument 'chains'"):
        bs.point_fit("chinchilla", runs, chains=4)
    with pytest.raises(SettingsError, match=r"^runs must come from read_runs, got DataFrame; .*$"):
        bs.point_fit("chinchilla", runs.table)
    with pytest.raises(LawError, match=r"^There is no law 'chincilla' .*$"):
        bs.point_fit("chincilla", runs)
    few = runs.subset(np.arange(60) < 5)
    message = (
        r"^A point fit needs more runs than the 5 parameters of 'chinchilla', and there are 5; leave them out, .*$"
    )
    with pytest.raises(DataError, match=message):
        bs.point_fit("chinchilla", few)
    with pytest.raises(DataError, match=r"^A point fit of the family 'Cerebras-GPT muP' needs more runs than .*$"):
        bs.point_fit("chinchilla", bs.datasets.load("pile-families"))
    with pytest.raises(DataError, match=r"^resample='budget' needs a column of budgets; .*$"):
        bs.point_fit("chinchilla", runs, resample="budget")
    one = read_quietly(runs.to_frame().assign(budget="1e20"))
    with pytest.raises(
        DataError, match=r"^A bootstrap needs at least two budgets to draw from, and the table has one\.$"
    ):
        bs.point_fit("chinchilla", one, resample="budget")
    with pytest.raises(SettingsError, match=r"^prob must lie strictly between 0 and 1, got 95; .*$"):
        bs.point_fit("chinchilla", runs, **QUICK).table(prob=95)


def test_the_callers_precision_is_left_alone(point):
    assert jax.config.jax_enable_x64 is False
    assert point.draws["alpha"].dtype == np.float64
