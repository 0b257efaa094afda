"""The chain runner: how chains are run, thinned, seeded and repeated changes what it should and nothing else."""

from __future__ import annotations

import importlib

import jax
import numpy as np
import pytest
import xarray as xr
from jax import Array

import bayescale as bs
from bayescale.inference.coordinates import Coordinates
from bayescale.inference.geometry import find_geometry
from bayescale.inference.nuts import run_nuts
from bayescale.inference.precision import computing
from bayescale.inference.settings import Settings
from bayescale.language.declare import parameter
from bayescale.language.errors import FitError, LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Law
from bayescale.models import Pooling, layout

# The package also has a function of that name.
preparation = importlib.import_module("bayescale.inference.preparation")
SETTINGS = Settings(chains=2, warmup=50, draws=48, target_accept=0.9)


@pytest.fixture(scope="module")
def nuts(sampled):
    """Call the chain runner on the posterior of the short fit."""
    coordinates = Coordinates(sampled.model)
    with computing():
        geometry = find_geometry(coordinates, sampled.layout.arrays)

    def run(settings=SETTINGS, **options):
        with computing():
            return run_nuts(coordinates, geometry, sampled.layout.arrays, settings=settings, seed=11, **options)

    return run


# --- Chains ----------------------------------------------------------------------------------------------------------


def test_chains_one_after_the_other_are_the_chains_in_parallel_to_the_last_bit(sample, sampled):
    other = sample(chain_method="sequential")
    assert sampled.settings.chain_method == "parallel"
    xr.testing.assert_identical(other.unconstrained, sampled.unconstrained)
    xr.testing.assert_identical(other.sample_stats, sampled.sample_stats)


def test_vectorized_chains_are_the_same_to_rounding(sample, sampled):
    """Another compiled function adds in another order, so the last bits differ, and trajectories carry that on.

    In coordinates in which the posterior is nearly a standard normal they carry it on without amplifying it: each of
    100 draws of up to 15 steps adds some units of rounding, 2e-16 each, far below the tolerance of 1e-9.
    """
    other = sample(chain_method="vectorized")
    xr.testing.assert_allclose(other.unconstrained, sampled.unconstrained, rtol=1e-9, atol=1e-9)
    xr.testing.assert_equal(other.sample_stats["n_steps"], sampled.sample_stats["n_steps"])
    assert set(other.sample_stats.data_vars) == set(sampled.sample_stats.data_vars)


def test_chains_differ(sampled):
    for name, draws in sampled.unconstrained.data_vars.items():
        assert not (draws[0] == draws[1]).any(), name


# --- Seeds -----------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_identical_draws_and_another_does_not(sample, sampled):
    xr.testing.assert_identical(sample(seed=0).unconstrained, sampled.unconstrained)
    other = sample(seed=1)
    for name, draws in sampled.unconstrained.data_vars.items():
        assert not (draws == other.unconstrained[name]).any(), name


# --- Thinning --------------------------------------------------------------------------------------------------------


def test_thinning_keeps_every_kth_draw_of_the_same_chains(nuts):
    whole, stats = nuts()
    thinned, thin_stats = nuts(Settings(chains=2, warmup=50, draws=16, target_accept=0.9), thin=3)
    assert (whole.shape[:2], thinned.shape[:2]) == ((2, 48), (2, 16))
    np.testing.assert_array_equal(thinned, whole[:, 2::3])
    summed = {"diverging", "energy_change_squared"}
    for name in set(stats) - summed:
        np.testing.assert_array_equal(thin_stats[name], stats[name][:, 2::3], err_msg=name)
    np.testing.assert_allclose(stats["energy_change_squared"][:, 1:], np.square(np.diff(stats["energy"], axis=1)))
    changes = stats["energy_change_squared"].reshape(2, 16, 3).mean(axis=-1)
    np.testing.assert_allclose(thin_stats["energy_change_squared"], changes)


def test_a_divergence_between_kept_draws_is_counted(nuts, monkeypatch):
    """One of the draws that are not kept diverges: the kept draw that follows says so."""
    from bayescale.inference import nuts as runner
    from bayescale.inference.nuts_kernel import CHUNK

    advance = runner.advance

    def with_one_divergence(*arguments):
        state, kept = advance(*arguments)
        diverging = np.zeros(CHUNK, bool)
        if int(state.i) == 2 * CHUNK:  # the second chunk, the first after the warm-up
            diverging[7] = True
        return state, kept._replace(diverging=diverging)

    with_one_divergence.trace = advance.trace
    monkeypatch.setattr(runner, "advance", with_one_divergence)
    _, stats = nuts(Settings(chains=2, warmup=50, draws=16, target_accept=0.9), thin=3)
    expected = np.zeros((2, 16), bool)
    expected[:, 2] = True  # draws 6, 7 and 8 of the chain, of which 8 is kept
    np.testing.assert_array_equal(stats["diverging"], expected)


# --- Attempts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def divergences(monkeypatch):
    """Put a sampler in the place of NUTS whose attempts have the divergences that a test says; returns its calls."""

    def fake(*per_attempt: int) -> list[dict]:
        calls, numbers = [], iter(per_attempt)

        def run(coordinates, geometry, data, *, settings, seed, thin, progress, trail, places):
            calls.append({"target_accept": settings.target_accept, "thin": thin, "seed": seed})
            shape = (settings.chains, settings.draws)
            diverging = np.zeros(shape, bool)
            diverging.ravel()[: next(numbers)] = True
            # Positions tell the attempts apart.
            return np.full((*shape, coordinates.size), 0.01 * len(calls)), {"diverging": diverging}

        monkeypatch.setattr("bayescale.inference.nuts_attempts.run_nuts", run)
        return calls

    return fake


def test_a_fit_without_divergences_is_made_once(sample, divergences):
    calls = divergences(0)
    fit = sample(target_accept=None)
    assert len(calls) == 1
    assert fit.record["attempts"] == [{"target_accept": calls[0]["target_accept"], "thin": 1, "divergences": 0}]
    assert fit.settings.target_accept == calls[0]["target_accept"]


def test_attempts_take_smaller_steps_and_stop_at_the_first_without_divergences(sample, divergences):
    calls = divergences(5, 0)
    fit = sample(target_accept=None)
    assert [attempt["divergences"] for attempt in fit.record["attempts"]] == [5, 0]
    for called, recorded in zip(calls, fit.record["attempts"], strict=True):
        assert {name: called[name] for name in ("target_accept", "thin")} == {
            name: recorded[name] for name in ("target_accept", "thin")
        }
    assert 0.5 < calls[0]["target_accept"] < calls[1]["target_accept"] < 1
    assert calls[0]["thin"] < calls[1]["thin"]
    assert calls[0]["seed"] != calls[1]["seed"]  # another random stream
    assert fit.settings.target_accept == calls[1]["target_accept"]


def test_the_last_attempt_is_kept_whatever_it_is(sample, divergences):
    """Four attempts at most; what is left of divergences is for the checks to say."""
    calls = divergences(5, 4, 3, 2)
    fit = sample(target_accept=None)
    assert [attempt["divergences"] for attempt in fit.record["attempts"]] == [5, 4, 3, 2]
    targets = [call["target_accept"] for call in calls]
    assert targets == sorted(set(targets))
    assert int(fit.sample_stats["diverging"].sum()) == 2
    assert fit.settings.target_accept == targets[-1]


def test_the_draws_are_those_of_the_last_attempt(sample, divergences):
    divergences(1, 0)
    second = sample(target_accept=None).unconstrained
    divergences(0)
    first = sample(target_accept=None).unconstrained
    assert not np.isclose(first["E"], second["E"]).any()


def test_a_target_of_the_users_is_taken_once(sample, divergences):
    calls = divergences(5)
    fit = sample(target_accept=0.8)
    assert [call["target_accept"] for call in calls] == [0.8]
    assert fit.record["attempts"] == [{"target_accept": 0.8, "thin": 1, "divergences": 5}]


def test_few_runs_begin_with_smaller_steps(sample, divergences, power_runs):
    """Eight rows per parameter and fewer are few; the normal noise and the law have three parameters."""
    first = []
    for rows in (23, 24):
        calls = divergences(0)
        sample(power_runs(rows=rows), target_accept=None)
        first.append(calls[0]["target_accept"])
    assert first == [0.98, 0.9]


def test_few_runs_have_a_longer_warm_up(sample, divergences, power_runs):
    """The fit says how long it was; a number given by the user is taken as it is."""
    found = []
    for rows, given in ((23, None), (24, None), (23, 60)):
        divergences(0)
        found.append(sample(power_runs(rows=rows), target_accept=None, warmup=given).settings.warmup)
    assert found == [400, 250, 60]


def test_draws_that_are_not_finite_are_an_error(sample, monkeypatch):
    def broken(coordinates, geometry, data, *, settings, **_):
        shape = (settings.chains, settings.draws)
        return np.full((*shape, coordinates.size), np.nan), {"diverging": np.zeros(shape, bool)}

    monkeypatch.setattr("bayescale.inference.nuts_attempts.run_nuts", broken)
    message = r"^The sampler produced values that are not finite; look at the table's units and the priors\.$"
    with pytest.raises(FitError, match=message):
        sample()


# --- Compiling -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiled() -> list[str]:
    """Names of the programs that JAX has compiled since; it reports them under this event."""
    names: list[str] = []

    def note(event: str, _: float, **about: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            names.append(str(about.get("fun_name")))

    jax.monitoring.register_event_duration_secs_listener(note)
    return names


def test_another_table_of_the_same_bucket_is_fitted_without_tracing_or_compiling(
    sample, power, power_runs, compiled, monkeypatch
):
    """Blocks of two rows: 33 to 40 rows make 17 to 20 blocks, all padded to 20, and 41 make 21, padded to 24."""
    monkeypatch.setattr(layout, "block_width", lambda counts: 2)

    def anew(rows: int, seed: int) -> tuple[int, set[str]]:
        before, known = power.calls, len(compiled)
        found = sample(power_runs(rows=rows, seed=seed))
        assert found.posterior["E"].shape == (2, 50)
        return power.calls - before, set(compiled[known:])

    _, first = anew(rows=33, seed=0)
    assert "jit(_advance_chunk)" in first
    assert anew(rows=33, seed=1) == (0, set())
    assert anew(rows=40, seed=2) == (0, set())
    _, other = anew(rows=41, seed=3)
    assert "jit(_advance_chunk)" in other


# --- Size ------------------------------------------------------------------------------------------------------------


def test_a_table_of_too_many_rows_is_refused(sample, monkeypatch):
    monkeypatch.setattr(preparation, "MAX_ROWS", 7)
    message = (
        r"^The table has 8 rows and NUTS takes up to 7; keep the last checkpoint of each run, or every k-th one, "
        r"with runs\.subset\(mask\), or share the rows out to more devices, with devices='all', spread='rows'\.$"
    )
    with pytest.raises(FitError, match=message):
        sample()
    monkeypatch.setattr(preparation, "MAX_ROWS", 8)
    assert len(sample().runs) == 8


# --- Kinds of models -------------------------------------------------------------------------------------------------


def dims(dataset: xr.Dataset) -> dict[str, tuple[str, ...]]:
    assert all(v.dims[:2] == ("chain", "draw") for v in dataset.data_vars.values())
    return {str(name): variable.dims[2:] for name, variable in dataset.data_vars.items()}


def test_families_with_correlated_pooling_and_effects(sample, power_runs):
    fit = sample(power_runs(("a", "b")), pooling=Pooling("partial", correlated=True), effects="budget")
    own = dict.fromkeys(("E", "alpha", "sigma"), ("family",))
    common = dict.fromkeys(
        ("E_population", "alpha_population", "sigma_population", "E_between", "alpha_between", "sigma_between"), ()
    )
    effects = {"run_effects": ("level",), "run_effects_sd": ()}
    correlation = {"family_correlation": ("coordinate", "coordinate_other")}
    assert dims(fit.posterior) == own | common | effects | correlation
    assert fit.posterior["family"].values.tolist() == ["a", "b"]
    assert fit.posterior["level"].values.tolist() == ["a / b0", "a / b1", "b / b0", "b / b1"]
    matrix = fit.posterior["family_correlation"].to_numpy()
    np.testing.assert_allclose(np.diagonal(matrix, axis1=2, axis2=3), 1.0, rtol=1e-12)
    np.testing.assert_allclose(matrix, matrix.swapaxes(2, 3), rtol=1e-12)
    assert np.all(abs(matrix[..., 0, 1]) < 1)
    assert float(abs(matrix[..., 0, 1]).max()) > 0.1  # it is sampled


def test_families_without_pooling(sample, power_runs):
    fit = sample(power_runs(("a", "b")), pooling="none")
    assert dims(fit.posterior) == dict.fromkeys(("E", "alpha", "sigma"), ("family",))
    # The families' losses are 8 % apart at the same size, several posterior sds.
    assert bool((fit.posterior["E"].sel(family="b") > fit.posterior["E"].sel(family="a")).mean() > 0.99)


class Asks(Law):
    """A formula that asks whether an input is large."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E if N > 1e9 else self.E + 1.0


def test_a_formula_with_an_if_is_named_with_its_remedy():
    with pytest.raises(
        LawError, match=r"^Asks: the formula asks whether a value is true.* In place of if, min and max"
    ):
        bs.fit(Asks, bs.datasets.load("pile-families"))
