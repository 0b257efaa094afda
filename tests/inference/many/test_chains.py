"""Chains that take their steps together are Metropolis-Hastings chains, each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.inference.many.chains import run_chains


def one_chain(log_weight: np.ndarray, log_uniform: np.ndarray) -> list[int]:
    """Independence Metropolis as textbooks write it: accept with probability min(1, w'/w)."""
    weights, at, states = log_weight.tolist(), 0, [0]
    for step in range(1, len(weights)):
        new, old = weights[step], weights[at]
        possible = new > -np.inf  # also false for NaN
        certain = possible and not old > -np.inf
        if certain or (possible and np.exp(log_uniform[step]) < min(1.0, np.exp(min(0.0, new - old)))):
            at = step
        states.append(at)
    return states


@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("hole", [None, -np.inf, np.nan])
def test_states_are_those_of_a_plain_loop(spread, hole):
    rng = np.random.default_rng(3)
    log_weight = spread * rng.standard_normal((5, 4, 200))
    thresholds = np.log(rng.uniform(size=log_weight.shape))
    if hole is not None:
        # Every third proposal has no density, and some chains begin without one.
        log_weight[rng.uniform(size=log_weight.shape) < 1 / 3] = hole
        log_weight[:2, :, 0] = hole
    states = run_chains(log_weight, thresholds)
    for fit, chain in np.ndindex(5, 4):
        assert states[fit, chain].tolist() == one_chain(log_weight[fit, chain], thresholds[fit, chain])


def test_chains_without_any_density_stay_where_they_began():
    states = run_chains(np.full((1, 4, 50), -np.inf), np.full((1, 4, 50), -1.0))
    assert (states == 0).all()


def test_states_have_the_target_distribution():
    """Proposals uniform over four numbers, target 1 : 2 : 3 : 4.

    A chain is Markov with transition P(i -> j) = min(1, w_j / w_i) / 4 for i and j that differ; the variance of its
    means follows from P. Four comparisons of two thousand chains' means against five standard errors: by chance in
    fewer than 3 of a million repeats.
    """
    rng, weight, steps = np.random.default_rng(1), np.arange(1.0, 5.0), 400
    proposed = rng.integers(4, size=(500, 4, steps))
    states = run_chains(np.log(weight)[proposed], np.log(rng.uniform(size=proposed.shape)))
    kept = np.take_along_axis(proposed, states, axis=2)[..., 50:]
    means = np.stack([(kept == value).mean(axis=-1).ravel() for value in range(4)])
    error = means.std(axis=1, ddof=1) / np.sqrt(means.shape[1])
    assert (np.abs(means.mean(axis=1) - weight / weight.sum()) < 5.0 * error).all()
