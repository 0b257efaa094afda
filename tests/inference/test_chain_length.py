"""Chains of NUTS are made longer where their checks ask for more draws, and only there."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from bayescale.inference.chain_length import MOST_TIMES, times_for, times_longer
from bayescale.inference.convergence import convergence
from bayescale.inference.limits import ESS


def autoregressive(persistence: float, draws: int, apart: float = 0.0, seed: int = 0) -> np.ndarray:
    """Four chains of variance one, chain x draw; the first is moved apart."""
    noise = np.random.default_rng(seed).standard_normal((4, draws))
    out = noise.copy()
    for t in range(1, draws):
        out[:, t] = persistence * out[:, t - 1] + np.sqrt(1.0 - persistence**2) * noise[:, t]
    return out + apart * (np.arange(4) == 0)[:, None]


@pytest.fixture
def times(sampled):
    """How much longer chains have to be whose parameters all move like the given ones."""

    def of(*chains: np.ndarray) -> int:
        names = list(sampled.unconstrained.data_vars)
        sites = {name: 0.1 * chains[i % len(chains)] for i, name in enumerate(names)}
        return times_longer(sampled.model, sampled.layout, sites, MOST_TIMES)

    return of


def test_chains_that_pass_are_long_enough(times):
    assert times(autoregressive(0.0, 1500)) == 1


@pytest.mark.parametrize("seed", range(6))
def test_chains_that_are_too_short_grow_to_what_is_needed(times, seed):
    """An AR(1) chain of 4 x 1,500 draws has (1 - p) / (1 + p) of them as its effective sample size, here 250."""
    persistence = (6000 - 250) / (6000 + 250)
    found = times(autoregressive(persistence, 1500, seed=seed))
    assert 2 <= found <= MOST_TIMES
    longer = autoregressive(persistence, 1500 * found, seed=seed)[:, found - 1 :: found]
    measured = convergence(longer[None, None])
    assert measured.ess_bulk[0, 0] >= ESS and measured.ess_tail[0, 0] >= ESS


def test_one_slow_parameter_is_enough_to_go_on(times):
    fast, slow = autoregressive(0.0, 1500), autoregressive(0.9, 1500)
    assert times(fast, slow) == 2


def test_what_no_affordable_length_helps_is_left_to_the_checks(times):
    """Chains that never moved, or crawl: a sample size below a quarter of what is needed."""
    assert times(np.zeros((4, 1500))) == 1
    assert times(autoregressive(0.999, 1500)) == 1


def test_chains_that_disagree_a_little_are_given_the_time_to_meet():
    assert times_for(r_hat=1.02, ess_bulk=900.0, ess_tail=900.0, most=4) == 2


def test_what_is_left_of_four_times_decides_what_is_worth_a_try():
    """A sample size of 150 needs a factor of 3: worth it at first, and not where chains are longer already."""
    measured = {"r_hat": 1.0, "ess_bulk": 150.0, "ess_tail": 400.0}
    assert times_for(**measured, most=4) == 4
    assert times_for(**measured, most=2) == 1


# --- In fits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def lengths(monkeypatch):
    """Have the draws of every attempt judged too short as often as said; returns what was asked."""

    def judged(*answers: int) -> list[int]:
        asked, left = [], iter(answers)

        def answer(model, layout, sites, most):
            asked.append((next(iter(sites.values())).shape[1], most))
            return next(left)

        monkeypatch.setattr("bayescale.inference.nuts_attempts.times_longer", answer)
        return asked

    return judged


def test_longer_chains_go_on_with_the_same_draws(sample, lengths, monkeypatch):
    """Every second draw of chains of twice the length, of which the first half was made before."""
    from bayescale.inference import lanes

    monkeypatch.setattr("bayescale.inference.settings.NUTS_DRAWS", 60)
    made = []
    run_lane = lanes.run_lane

    def counted(lane, state, advance, **rest):
        def one(state):
            made.append(lane)
            return advance(state)

        return run_lane(lane, state, one, **rest)

    monkeypatch.setattr("bayescale.inference.nuts.run_lane", counted)
    lengths(2, 1)
    longer = sample(draws=None)
    assert longer.record["attempts"] == [{"target_accept": 0.9, "thin": 2, "divergences": 0}]
    assert longer.sample_stats.sizes["draw"] == 60
    # Chunks of 50 draws of warm-up (50) and sampling (120) per chain: none is made twice.
    assert len(made) == longer.settings.chains * 4
    lengths(1)
    whole = sample(draws=120)
    kept = whole.unconstrained.isel(draw=slice(1, None, 2)).assign_coords(draw=np.arange(60))
    xr.testing.assert_identical(longer.unconstrained, kept)


def test_chains_are_not_made_longer_than_four_times(sample, lengths, monkeypatch):
    monkeypatch.setattr("bayescale.inference.settings.NUTS_DRAWS", 20)
    asked = lengths(2, 2)
    fit = sample(draws=None)
    # No third question: nothing may follow.
    assert fit.record["attempts"][-1]["thin"] == 4 and asked == [(20, 4), (20, 2)]


def test_draws_that_were_asked_for_are_taken_as_they_are(sample, lengths):
    asked = lengths()
    assert sample(draws=20).record["attempts"][-1]["thin"] == 1
    assert asked == []


@pytest.mark.parametrize("method", ["parallel", "vectorized"])
def test_a_killed_fit_goes_on_to_the_same_longer_chains(method, sample, lengths, monkeypatch, tmp_path):
    """Ended after the chains were made longer: the process that follows has their draws already."""
    monkeypatch.setattr("bayescale.inference.settings.NUTS_DRAWS", 60)
    lengths(2, 1)
    undisturbed = sample(draws=None, chain_method=method)

    def fail(*_):
        raise KeyboardInterrupt

    path = tmp_path / "fit.state"
    with monkeypatch.context() as ending:
        asked = lengths(2)
        ending.setattr("bayescale.inference.nuts_attempts.times_longer", _then(fail, asked))
        with pytest.raises(KeyboardInterrupt):
            sample(draws=None, chain_method=method, checkpoint=path)
    assert path.exists()
    lengths(2, 1)
    resumed = sample(draws=None, chain_method=method, checkpoint=path)
    assert resumed.record["resumed"] == 1
    xr.testing.assert_identical(resumed.unconstrained, undisturbed.unconstrained)


def _then(fail, asked):
    """Too short at first; the second time that it is asked, the process ends."""

    def answer(model, layout, sites, most):
        asked.append(0)
        return 2 if len(asked) == 1 else fail()

    return answer


@pytest.fixture
def attempts(monkeypatch, sample):
    """Make a fit whose runs of NUTS have the divergences that a test says, by length; returns the calls."""

    def made(divergences: dict[tuple[float, int], int], times: int, power_runs=None) -> list[tuple[float, int]]:
        calls = []

        def run(coordinates, geometry, data, *, settings, seed, thin, progress, trail, places):
            calls.append((settings.target_accept, thin))
            shape = (settings.chains, settings.draws)
            diverging = np.zeros(shape, bool)
            diverging.ravel()[: divergences.get(calls[-1], 0)] = True
            return np.zeros((*shape, coordinates.size)), {"diverging": diverging}

        monkeypatch.setattr("bayescale.inference.settings.NUTS_DRAWS", 20)
        monkeypatch.setattr("bayescale.inference.nuts_attempts.run_nuts", run)
        monkeypatch.setattr("bayescale.inference.nuts_attempts.times_longer", lambda *_: times)
        fit = sample(draws=None, target_accept=None)
        assert (fit.record["attempts"][-1]["target_accept"], fit.record["attempts"][-1]["thin"]) == calls[-1]
        return calls

    return made


def test_a_divergence_in_what_was_added_begins_the_next_attempt(attempts):
    first, *rest = attempts({(0.98, 2): 1}, times=2)
    assert first == (0.98, 1)
    # The second attempt keeps every second draw anyway, and may go on to every eighth.
    assert rest == [(0.98, 2), (0.99, 2), (0.99, 4), (0.99, 8)]


def test_progress_says_why_chains_go_on(sample, lengths, monkeypatch):
    monkeypatch.setattr("bayescale.inference.settings.NUTS_DRAWS", 60)
    lengths(2, 1)
    said = []
    sample(draws=None, progress=said.append)
    assert [line.split(", warm-up")[0] for line in said] == [
        "sampling, attempt 1: 2 chains of 110 draws",
        "sampling, attempt 1: since checks ask for more draws, 2 chains of 170 draws",
    ]
