"""The line in logs of inputs, and curves between checkpoints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly
from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.regressors import regressors_of
from bayescale.decisions.follow.shares import Shares
from bayescale.decisions.follow.situation import Situation

SIZES, LENGTHS = np.array([1e8, 3e8, 4e8, 1e9, 2e9, 2e9]), np.array([4e9, 2e9, 1e10, 8e9, 4e9, 3e10])


def one_run(name, params, tokens, shares, alpha=0.07, beta=0.05):
    """A power of size times a power of tokens, without an error."""
    places = tokens * np.asarray(shares)
    loss = 40.0 * params**-alpha * places**-beta
    return pd.DataFrame({"run": name, "params": params, "tokens": places, "loss": loss})


def situation_of(tables, end):
    return Situation.of(
        read_quietly(pd.concat(tables)), "big", group=None, siblings=None, final_tokens=end, final_steps=None
    )


def powers(params=4e9, tokens=6e10, count=30, until=0.3, sizes=SIZES):
    """A situation of exact powers: siblings, and a run to a share of its training."""
    shares = np.geomspace(0.02, 1.0, count)
    siblings = [one_run(f"run {i}", *at, shares) for i, at in enumerate(zip(sizes, LENGTHS, strict=False))]
    big = one_run("big", params, tokens, np.geomspace(0.02, until, 25))
    return situation_of([*siblings, big], tokens)


def test_the_center_is_least_squares_in_logs_and_the_line_is_known():
    """Exact powers are a line in logs, and the center is the truth; in raw inputs or without the size it is not."""
    situation = powers()
    shares = Shares.of(situation)
    line = regressors_of(situation, shares.siblings, None)
    assert line.names == ("params", "tokens")
    belief = Belief.of(shares.logs, line.siblings, line.run, shares.times)
    own = np.log(40.0 * 4e9**-0.07 * (6e10 * np.exp(-shares.times)) ** -0.05)
    np.testing.assert_allclose(belief.center, own, atol=1e-9)


def test_curves_between_checkpoints_are_exact_for_a_power():
    """Twelve checkpoints, none of which is where curves are compared."""
    shares = Shares.of(powers(count=12))
    for logs, size, length in zip(shares.logs, SIZES, LENGTHS, strict=True):
        expected = np.log(40.0 * size**-0.07 * (length * np.exp(-shares.times)) ** -0.05)
        np.testing.assert_allclose(logs, expected, atol=1e-9)


def test_coarse_curves_of_a_floor_and_a_power_have_no_kinks():
    """Five checkpoints of a curve with a floor: straight lines between them are 0.3 % off, a tenth of that is asked."""
    curve = lambda at: 1.8 + 0.4 * at**-0.3  # noqa: E731
    coarse, fine = np.geomspace(0.02, 1.0, 5), np.geomspace(0.02, 0.3, 40)
    tables = [pd.DataFrame({"run": f"run {i}", "tokens": 1e9 * coarse, "loss": curve(coarse)}) for i in range(3)]
    big = pd.DataFrame({"run": "big", "tokens": 1e9 * fine, "loss": curve(fine)})
    shares = Shares.of(situation_of([*tables, big], 1e9))
    straight = np.interp(-shares.times, np.log(coarse), np.log(curve(coarse)))
    away = np.abs(shares.logs[0] - np.log(curve(np.exp(-shares.times))))
    assert np.abs(straight - np.log(curve(np.exp(-shares.times)))).max() > 0.002
    assert away.max() < 0.0006


@pytest.mark.parametrize(
    ("params", "tokens", "outside"),
    [
        (1e9, 1e10, 0.0),
        (2e9, 3e10, 0.0),
        (4e9, 1e10, np.log(2) * np.log(40)),
        (5e7, 1e10, np.log(2) * np.log(40)),
        (4e9, 6e10, np.hypot(np.log(2) * np.log(40), np.log(2) * np.log(30))),
    ],
)
def test_the_distance_outside_siblings_is_that_of_both_ends(params, tokens, outside):
    situation = powers(params, tokens)
    line = regressors_of(situation, Shares.of(situation).siblings, None)
    assert line.outside == pytest.approx(outside, rel=1e-9, abs=1e-12)
    if not outside:
        assert line.outside == 0.0


def test_inputs_that_are_too_many_for_few_siblings_are_named():
    for count, names, spared in (
        (3, (), ("params", "tokens")),
        (4, ("params",), ("tokens",)),
        (6, ("params", "tokens"), ()),
    ):
        situation = powers(sizes=SIZES[:count])
        line = regressors_of(situation, Shares.of(situation).siblings, None)
        assert (line.names, line.spared) == (names, spared)
