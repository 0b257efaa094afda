"""What is learnt from errors that were simulated holds the drift and the scale that made them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import bayescale as bs
from bayescale.inference import small_model
from bayescale.language.errors import FitError, SettingsError
from bayescale.models.discrepancy import PARTS


def clusters(count: int, families: int) -> dict[str, str]:
    """The cluster of each family."""
    return {f"{cluster}{family}": cluster for cluster in "abcdefgh"[:count] for family in range(families)}


def drawn(rng: np.random.Generator) -> dict[str, float]:
    """Parts from the priors of the model, written out."""
    parts = {"drift": 0.02 * rng.standard_normal(), "log_scale": np.log(0.01) + rng.standard_normal()}
    parts |= {name: abs(0.02 * rng.standard_normal()) for name in ("drift_between", "drift_within")}
    parts |= {name: abs(0.5 * rng.standard_normal()) for name in ("between", "within")}
    return parts | {"power": 0.5 + 0.5 * rng.standard_normal()}


def learnt(made: bs.Backtest, cluster_of: dict[str, str]) -> bs.Discrepancy:
    """With another seed where the sampler did not converge, as its message says."""
    for seed in range(5):
        try:
            return bs.learn_discrepancy(made, clusters=cluster_of, seed=seed)
        except FitError as error:
            reason = error
    raise reason


def ranks(simulated, cluster_of: dict[str, str], count: int) -> dict[str, np.ndarray]:
    """The shares of draws below the truth, by part, over repetitions: uniform if the posterior is right."""
    rng, found = np.random.default_rng(11), []
    for seed in range(count):
        parts = drawn(rng)
        draws = learnt(simulated(parts, cluster_of, seed), cluster_of).draws
        found.append([float((draws[part] < parts[part]).mean()) for part in PARTS])
    return dict(zip(PARTS, np.array(found).T, strict=True))


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say(simulated):
    """Truths from the priors, so ranks are uniform. Seven tests of 30 ranks at 1e-4 each: false alarms below 1e-3.

    Of 60 intervals of drift and scale, each of 80 %, between 36 and 57 hold the truth but for one time in 1,000.
    """
    found = ranks(simulated, clusters(8, 3), 30)
    for part, values in found.items():
        assert stats.kstest(values, "uniform").pvalue > 1e-4, part
    inside = sum(int(((found[part] >= 0.1) & (found[part] <= 0.9)).sum()) for part in ("drift", "log_scale"))
    low, high = stats.binom.ppf([5e-4, 1 - 5e-4], 60, 0.8)
    assert low <= inside <= high


def test_drift_and_scale_are_recovered(simulated):
    """Four truths from the priors: of eight 90 % intervals fewer hold them than here five times in 1,000 at most."""
    found = ranks(simulated, clusters(4, 3), 4)
    inside = sum(int(((found[part] >= 0.05) & (found[part] <= 0.95)).sum()) for part in ("drift", "log_scale"))
    assert inside >= stats.binom.ppf(5e-3, 8, 0.9)


@pytest.fixture(scope="module")
def astray(simulated) -> bs.Backtest:
    """Four clusters of which the families of the last drift by five per cent per decade."""
    parts = dict.fromkeys(PARTS, 0.0) | {"log_scale": np.log(0.01), "drift_within": 0.005}
    near = simulated(parts, clusters(3, 3), 5)
    far = simulated(parts | {"drift": 0.05}, {f"d{k}": "d" for k in range(3)}, 6)
    return replace(near, splits=near.splits + far.splits, held_out=near.held_out + far.held_out)


def test_a_cluster_that_is_left_out_has_no_part_in_the_answer(astray):
    """The same draws to the last bit as from a backtest that never had its families, or had another discrepancy."""
    cluster_of = clusters(4, 3)
    left = bs.learn_discrepancy(astray, clusters=cluster_of, without="d")
    other = astray.with_discrepancy(bs.Discrepancy.brownian(0.5))
    short = replace(other, held_out=astray.held_out[:9], splits=astray.splits[:9])
    alone = bs.learn_discrepancy(short, clusters=cluster_of)
    for part in PARTS:
        np.testing.assert_array_equal(left.draws[part], alone.draws[part])
    assert left.record["clusters"] == ["a", "b", "c"] and left.record["families"] == sorted(clusters(3, 3))
    assert left.name == "learnt, 9 families" and left.record["runs"] == 9 * 25
    whole = bs.learn_discrepancy(astray, clusters=cluster_of)
    assert whole.record["clusters"] == ["a", "b", "c", "d"]
    assert np.median(whole.draws["drift_between"]) > 2 * np.median(left.draws["drift_between"])


FOUR = clusters(4, 3)
TWO = clusters(3, 3) | dict.fromkeys(("d0", "d1", "d2"), "c")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clusters": clusters(2, 3)}, r"^clusters lacks the family 'c0'\.$"),
        ({"clusters": FOUR, "without": "e"}, r"^There is no cluster 'e'; there are a, b, c, d\.$"),
        ({"clusters": dict.fromkeys(FOUR, "one")}, r"^A discrepancy is learnt from at least 3 clusters .*got 1\.$"),
        ({"clusters": TWO, "without": "a"}, r"^A discrepancy is learnt from at least 3 clusters .*got 2\.$"),
        ({"clusters": FOUR, "seed": -1}, r"seed"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(astray, given, message):
    with pytest.raises(SettingsError, match=message):
        bs.learn_discrepancy(astray, **given)


def test_chains_that_do_not_meet_are_no_answer(astray, monkeypatch):
    monkeypatch.setattr(small_model, "R_HAT", 0.5)
    message = r"^The sampler of the discrepancy did not converge, R-hat .*; give another seed\.$"
    with pytest.raises(FitError, match=message):
        bs.learn_discrepancy(astray, clusters=FOUR, without="d")


def test_families_without_runs_beyond_the_data_are_not_counted(astray):
    """Held-out runs inside the data say nothing of errors beyond it."""
    near = [replace(one, table=one.table.assign(tokens=one.table["tokens"] / 100)) for one in astray.held_out[3:]]
    kept = replace(astray, held_out=(*astray.held_out[:3], *near))
    with pytest.raises(SettingsError, match=r"^A discrepancy is learnt from at least 3 clusters of families, got 1\.$"):
        bs.learn_discrepancy(kept, clusters=FOUR)
