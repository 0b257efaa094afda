"""A family is warned of by its own smaller runs, and by nothing that lies above the cut."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "warned.py"
if not PATH.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(PATH.parent))
    spec = importlib.util.spec_from_file_location("benchmarks_warned", PATH)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    yield loaded
    sys.modules.pop("cells", None)


def made(inside: list[bool], above: list[bool]) -> pd.DataFrame:
    """A family with runs at 1/4 to 1 of its largest compute, tried at 2 and at 4."""
    compute = np.r_[np.linspace(0.25, 0.49, len(inside)), np.linspace(0.6, 1.0, len(above))]
    frame = pd.DataFrame({"family": "a", "params": compute, "tokens": 1.0, "observed": 1.0, "lower_0.9": 0.9})
    first = frame.assign(ratio=4.0, **{"upper_0.9": np.where([*inside, *above], 1.1, 0.95)})
    return pd.concat([first, first[first["params"] > 0.5].assign(ratio=2.0)], ignore_index=True)


@pytest.mark.parametrize("above", [[True, True], [False, False]])
@pytest.mark.parametrize(("inside", "warned"), [([True, True], False), ([False, True], True)])
def test_the_runs_below_the_cut_warn_whatever_those_above_it_say(module, inside, above, warned):
    found = module.warned(made(inside, above)).set_index("ratio")
    assert found.loc[2.0, "inside"] == np.mean(inside)
    assert found.loc[2.0, "warned"] == warned


def test_a_family_without_runs_below_the_cut_is_not_warned_of(module):
    """At 4 nothing was tried further down."""
    found = module.warned(made([True], [True])).set_index("ratio")
    assert np.isnan(found.loc[4.0, "inside"])
    assert not found.loc[4.0, "warned"]


def test_coverage_is_split_by_the_warning_and_counts_families(module):
    own = pd.DataFrame({"family": list("abc"), "ratio": 2.0, "coverage_0.9": [1.0, 0.5, 0.0], "coverage_0.5": 0.5})
    inside = pd.DataFrame(
        {"family": list("abc"), "ratio": 2.0, "inside": [1.0, 1.0, 0.0], "warned": [False, False, True]}
    )
    lines = module.by_warning(own, inside)
    assert "| warned of, 90 % intervals | 0 % of 1 |" in lines
    assert "| not warned of, 90 % intervals | 75 % of 2 |" in lines
    assert lines[-1].startswith(
        "Of 2 families and ratios below 60 % that have such runs 1 were warned of; of the 1 others 0."
    )
