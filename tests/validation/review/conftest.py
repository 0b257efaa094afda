"""The tables that the benchmark of false alarms makes, and reviews of fits to them."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

import bayescale as bs

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "review_tables.py"


@pytest.fixture(scope="session")
def made() -> dict:
    """Designs, the right tables and those that are wrong in one way."""
    if not SCRIPT.exists():
        pytest.skip("the benchmarks are not beside these tests")
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="session")
def review_of(made) -> Callable[..., bs.Review]:
    """The review of a table: a right one, or one that is wrong as the name says, on the IsoFLOP design."""
    kept: dict = {}

    def ask(wrong: str = "", **choices) -> bs.Review:
        key = (wrong, *sorted(choices.items()))
        if key not in kept:
            make = made["WRONG"][wrong] if wrong else made["right"]
            fit = bs.fit("chinchilla", bs.read_runs(make(made["isoflop"](), 3)), seed=0)
            kept[key] = bs.review(fit, **choices)
        return kept[key]

    return ask


@pytest.fixture(scope="session")
def right_fit(made) -> bs.Fit:
    """A fit of a right table without budgets."""
    return bs.fit("chinchilla", bs.read_runs(made["right"](made["grid"](), 3)), seed=0)
