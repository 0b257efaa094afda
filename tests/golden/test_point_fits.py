"""The refit of Hoffmann et al.'s points by besiroglu2024chinchilla is reproduced, estimates and bootstrap.

They maximise the likelihood of a normalised Huber density with tip 1e-3 *in units of a scale that is fitted too*. All
but a few residuals lie far outside such a tip, where the density is exp(-1e-3 |r| / s) / s up to constants; the best
scale is then s = 1e-3 mean |r|, and the tip in log loss is 1e-3 s, about 5e-9: their estimates are those of least
absolute residuals. With the tip of 1e-3 in log loss that Hoffmann et al. describe, the objective is the one they print.
"""

from __future__ import annotations

import numpy as np
import pytest

import bayescale as bs

RESAMPLES = 4000  # theirs and ours
# Estimate as printed, and one unit of its last digit.
PRINTED = {
    "E": (1.81686, 1e-5),
    "A": (482.006, 1e-3),
    "B": (2085.43, 1e-2),
    "alpha": (0.34781, 1e-5),
    "beta": (0.36585, 1e-5),
}
# Bootstrap standard error and 95 % interval as printed, and one unit of the last digits of both.
BOOTSTRAP = {
    "E": (0.02566, 1e-5, 1.769, 1.871, 1e-3),
    "A": (124.52, 1e-2, 285.2, 743.6, 1e-1),
    "B": (1293.28, 1e-2, 1042.4, 5810.3, 1e-1),
    "alpha": (0.01540, 1e-5, 0.317, 0.373, 1e-3),
    "beta": (0.02060, 1e-5, 0.331, 0.415, 1e-3),
}
LOGS = {"A": (0.258, 1e-3), "B": (0.421, 1e-3), "E": (0.014, 1e-3)}


@pytest.fixture(scope="module")
def runs(chinchilla_points) -> bs.Runs:
    return bs.read_runs(chinchilla_points.iloc[:240])


@pytest.fixture(scope="module")
def point(runs) -> bs.PointFit:
    return bs.point_fit("chinchilla", runs, seed=0)


@pytest.mark.golden
def test_least_absolute_residuals_give_the_published_estimates(runs):
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    curve = np.asarray(law.at(params=runs.table["params"].to_numpy(), tokens=runs.table["tokens"].to_numpy()))
    scale = 1e-3 * np.abs(np.log(runs.table["loss"].to_numpy()) - np.log(curve)).mean()
    found = bs.point_fit("chinchilla", runs, delta=float(1e-3 * scale), starts=500, resamples=2).law
    for name, (printed, unit) in PRINTED.items():
        assert abs(getattr(found, name) - printed) <= 0.5 * unit, (name, getattr(found, name), printed)


@pytest.mark.golden
def test_the_published_tip_gives_the_published_objective(point):
    """They print the sum over runs of the Huber loss with tip 1e-3 as 0.0010182740, and E as 1.8172."""
    row = point.search.iloc[0]
    assert abs(row["objective"] * 240 - 0.0010182740) <= 0.5e-10
    assert abs(point.law.E - 1.8172) <= 0.5e-4
    assert row["converged"] == row["starts"] == 4500
    assert row["at_best"] == 4500
    assert row["resamples_converged"] == RESAMPLES


def error_of_sd(draws: np.ndarray) -> float:
    """Relative Monte-Carlo error of the sd of so many draws; for normal ones 1 / sqrt(2 (R - 1))."""
    standard = (draws - draws.mean()) / draws.std()
    return float(np.sqrt(((standard**4).mean() - 1) / (4 * (draws.size - 1))))


@pytest.mark.golden
@pytest.mark.parametrize("name", BOOTSTRAP)
def test_standard_errors_are_the_published_ones(name, point):
    """Both are sds of 4,000 draws: within 3 standard errors of their difference, and the rounding of the print."""
    printed, unit, *_ = BOOTSTRAP[name]
    draws = point.draws[name].to_numpy()
    ours = draws.std(ddof=1)
    allowed = 3 * np.sqrt(2) * error_of_sd(draws) * ours + 0.5 * unit
    assert abs(ours - printed) <= allowed, (name, ours, printed, allowed)


@pytest.mark.golden
@pytest.mark.parametrize("name", LOGS)
def test_standard_errors_of_logs_are_the_published_ones(name, point):
    printed, unit = LOGS[name]
    draws = np.log(point.draws[name].to_numpy())
    ours = draws.std(ddof=1)
    allowed = 3 * np.sqrt(2) * error_of_sd(draws) * ours + 0.5 * unit
    assert abs(ours - printed) <= allowed, (name, ours, printed, allowed)


@pytest.mark.golden
@pytest.mark.parametrize("name", BOOTSTRAP)
def test_as_many_resamples_lie_outside_the_published_intervals_as_should(name, point):
    """2.5 % on either side, within 3 standard errors of a difference of two such shares and the rounding."""
    *_, lower, upper, unit = BOOTSTRAP[name]
    draws = point.draws[name].to_numpy()
    allowed = 3 * np.sqrt(2 * 0.025 * 0.975 / RESAMPLES)
    for side, end in ((1, lower), (-1, upper)):
        outside = [np.mean(side * (draws - end) < shift) for shift in (-0.5 * unit, 0.5 * unit)]
        assert outside[0] - allowed <= 0.025 <= outside[1] + allowed, (name, end, outside)
