"""The laws from loss to task error and accuracy, and what is published of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import DownstreamAccuracy, DownstreamError, Overtraining

# The authors' k, gamma and eps from their code on their runs, loss on C4 (`scaling`, Gadre et al. 2024).
PAPER = {
    "c4-46": (1.2885, 0.9722, 0.7589),
    "redpajama-46": (1.3229, 0.8907, 0.7608),
    "refinedweb-46": (1.1281, 0.8215, 0.7677),
    "c4-17": (2.0789, 0.7561, 0.8497),
    "redpajama-17": (2.2065, 0.7146, 0.8570),
    "refinedweb-17": (2.2148, 0.7070, 0.8653),
}


@pytest.mark.golden
@pytest.mark.parametrize("which", PAPER)
def test_published_errors_are_the_papers_formula(which):
    k, gamma, eps = PAPER[which]
    law = DownstreamError.published[f"gadre2024language-{which}"]
    assert float(law.k) == pytest.approx(k, rel=1e-12)
    for loss in (2.4, 3.0, 5.0):
        assert float(law(loss)) == pytest.approx(eps - k * math.exp(-gamma * loss), rel=1e-12)


@pytest.fixture(scope="module")
def redpajama(dataset) -> pd.DataFrame:
    """Runs of Gadre et al. on RedPajama with the error over the 17 tasks."""
    return dataset("overtraining-downstream").select("rpj").table


# Printed by the authors' notebook: params over, tokens per parameter, percent off in loss, percent off in the error
# that is predicted from the predicted loss.
HELD_OUT = [(1e9, 640, 0.7103, 3.6365), (5e9, 20, 0.7320, 0.0464)]


@pytest.mark.golden
@pytest.mark.parametrize(("params", "ratio", "off_in_loss", "off_in_error"), HELD_OUT)
def test_published_laws_give_the_published_prediction_errors(redpajama, params, ratio, off_in_loss, off_in_error):
    """Of the loss to .01 and of the error to .02 percent, since the constants are rounded.

    Half a unit in the last digit of each of A, B, exponent and E moves the loss by about .003, .0005, .007 and .002
    percent; of k, gamma and eps the error by .003, .01 and .011.
    """
    run = redpajama[
        (redpajama["params"] > params) & np.isclose(redpajama["tokens"] / redpajama["params"], ratio, rtol=0.01)
    ]
    assert len(run) == 1
    loss = Overtraining.published["gadre2024language-redpajama"].at(
        params=run["params"].item(), tokens=run["tokens"].item()
    )
    error = DownstreamError.published["gadre2024language-redpajama-17"](loss)
    assert 100 * abs(float(loss) / run["loss"].item() - 1) == pytest.approx(off_in_loss, abs=0.013)
    assert 100 * abs(float(error) / run["error"].item() - 1) == pytest.approx(off_in_error, abs=0.025)


def test_accuracy_goes_from_guessing_to_the_ceiling():
    law = DownstreamAccuracy(ceiling=0.8, k=4.0, half=2.5)
    assert float(law(100.0, 0.25)) == pytest.approx(0.25)
    assert float(law(2.5, 0.25)) == pytest.approx(0.25 + 0.75 * 0.8 / 2)
    # At a loss so far below the middle it is the ceiling to exp(-10).
    assert float(law(0.0, 0.25)) == pytest.approx(0.25 + 0.75 * 0.8, abs=1e-4)


def test_errors_never_fall_below_a_tenth_of_a_percent():
    """Where the exponential would make them negative."""
    law = DownstreamError.published["gadre2024language-c4-17"]
    assert float(law(0.5)) == 1e-3


def test_errors_of_real_runs_follow_the_exponential(redpajama):
    """Its posterior has the published curve between its quantiles over the losses of the runs that both saw."""
    fit = bs.fit("downstream-error", bs.read_runs(redpajama[["loss", "error"]], law="downstream-error"), seed=0)
    fit.check()
    at = np.linspace(2.6, 5.0, 9)
    drawn = bs.predict(fit, loss=at, kind="run").table(prob=0.9)
    published = DownstreamError.published["gadre2024language-redpajama-17"](at)
    assert ((drawn["lower"] < published) & (published < drawn["upper"])).all()


@pytest.mark.slow
def test_accuracy_of_real_runs_follows_the_sigmoid_of_their_task_loss(dataset):
    """ARC-easy, 2,376 questions of four answers, of 89 runs on one corpus: the shares are whole numbers of questions.

    The losses span enough to see the rise; the largest models get 60 % right, so the ceiling is far and unknown.
    """
    table = dataset("loss-to-loss", "arc-easy").select("smollm-corpus").table
    runs = bs.read_runs(table[["loss", "accuracy", "chance", "items"]], law="downstream-accuracy")
    fit = bs.fit("downstream-accuracy", runs, noise="beta-binomial", seed=0)
    fit.check()
    drawn = bs.predict(fit, loss=runs.table["loss"], chance=0.25, items=2376).table(prob=0.9)
    inside = (drawn["lower"] <= runs.table["accuracy"]) & (runs.table["accuracy"] <= drawn["upper"])
    # In sample nine in ten; of 89 runs the share has a standard error of 3 %.
    assert 0.8 < inside.mean() <= 1.0
