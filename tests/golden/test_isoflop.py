"""Published exponents of Approach 2: Porian et al.'s five steps on two corpora, and Hoffmann et al.'s interval."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import bayescale as bs

pytestmark = pytest.mark.golden

STEPS = {
    "reproducing Kaplan": ("base", "long", "kaplan", "kaplan"),
    "FLOPs of the head": ("base", "long", "kaplan", "standard"),
    "warm-up": ("base", "short", "kaplan", "standard"),
    "cosine decay": ("base", "short", "chinchilla", "standard"),
    "tuned optimiser": ("tuned", "short", "const", "standard"),
}
# Porian et al. (2024), the authors' released summaries, weighted bootstrap: exponent of N* in C.
PUBLISHED = {
    "rw": (0.8353, 0.7065, 0.6020, 0.5715, 0.4969),
    "owt2": (0.8635, 0.6985, 0.6032, 0.5743, 0.5185),
}
PATH = [
    pytest.param(corpus, step, value, id=f"{corpus}-{step}")
    for corpus, values in PUBLISHED.items()
    for step, value in zip(STEPS, values, strict=True)
]


@pytest.fixture(scope="module")
def porian(dataset) -> bs.Runs:
    return dataset("porian")


def path_of(porian: bs.Runs, corpus: str, step: str) -> bs.IsoFLOPPath:
    return bs.isoflop_path(porian.select(" ".join((corpus, *STEPS[step]))))


@pytest.mark.parametrize(("corpus", "step", "published"), PATH)
def test_porians_path_of_exponents_is_reproduced_by_one_rule(porian, corpus, step, published):
    """To a hundredth, at the default noise of 0.1 %; our intervals hold the published value and are wider than theirs.

    Theirs are from seed noise alone, so they leave out that budgets scatter about the path by a twentieth and more.
    """
    found = path_of(porian, corpus, step)
    assert found.minima["used"].sum() >= 11
    assert float(found.draws["a"].median()) == pytest.approx(published, abs=0.01)
    low, high = np.quantile(found.draws["a"], [0.025, 0.975])
    assert low < published < high
    assert high - low > 0.015


def test_porians_steps_are_told_apart(porian):
    """From Kaplan's exponent to the tuned one, 95 % intervals of RefinedWeb's ends do not touch the middle."""
    steps = ("reproducing Kaplan", "warm-up", "tuned optimiser")
    bounds = [np.quantile(path_of(porian, "rw", step).draws["a"], [0.025, 0.975]) for step in steps]
    for (low, _), (_, high) in pairwise(bounds):
        assert low > high


@pytest.mark.parametrize("window", [None, 0.1, 0.05])
def test_chinchillas_parabolas_have_hoffmanns_exponent(chinchilla_points, window):
    """Hoffmann et al. (2022), Table 2: .49, 10-90 % .462 to .534, of 100 bootstraps of 80 % of their points.

    With all 240 points, and with those within 10 and 5 % of the lowest loss of the nearest budget.
    """
    runs = chinchilla_points.iloc[:240]
    if window is not None:
        runs = runs[runs["loss"] <= (1 + window) * runs.groupby("budget")["loss"].transform("min")]
    fit = bs.fit("isoflop", bs.read_runs(runs), seed=0)
    fit.check()
    low, high = np.quantile(fit.posterior["a"], [0.1, 0.9])
    assert 0.462 < low < high < 0.534


def test_chinchillas_own_valleys_are_deeper_than_its_law_has_them(chinchilla_points):
    """On the 240 points that Approach 3 is fitted to: by 10 to 25 %, at exponents of the path that agree."""
    runs = bs.read_runs(chinchilla_points.iloc[:240])
    valley, additive = (bs.fit(law, runs, seed=0) for law in ("isoflop-valley", "chinchilla"))
    found = bs.compare_valleys(valley, additive, compute=[1e19, 3e20, 3e21]).set_index("quantity")
    assert (found.loc["log curvature", "lower"] > 0).all()
    assert found.loc["a", "lower"].max() < 0 < found.loc["a", "upper"].min()
    assert float((valley.posterior["curvature_ratio"] > 1).mean()) > 0.99
