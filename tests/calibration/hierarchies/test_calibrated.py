"""Families around a population: truths drawn from the priors have uniform ranks among the draws of NUTS."""

from __future__ import annotations

import pytest

from bayescale.laws import KaplanND
from bayescale.models import Normal

CASES = {
    "chinchilla, student-t": {},
    "kaplan, normal": {"law": KaplanND, "noise": Normal},
    "chinchilla, mixed": {"pooling": {"E": "none", "beta": "complete"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_hierarchies_are_calibrated(sbc, hierarchy, ranks, name):
    """250 tables: a correct sampler fails one of these cases in 333 seeds."""
    assert sbc.violations(ranks(hierarchy(**CASES[name]), 250)) == {}
