"""What the benchmarks take for one posterior: ratios are printed for that only, so the comparison has to tell."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "agreement.py"
if not PATH.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
SPEC = importlib.util.spec_from_file_location("benchmarks_agreement", PATH)
AGREEMENT = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(AGREEMENT)
PARAMETERS = 8


def sample(seed: int, *, shift: float = 0.0, stretch: float = 1.0, draws: int = 300) -> dict[str, np.ndarray]:
    """Four chains of independent log-normal draws; ``shift`` and ``stretch`` change the logs of one parameter."""
    rng = np.random.default_rng(seed)
    logs = {f"p[{j}]": rng.standard_normal((4, draws)) for j in range(PARAMETERS)}
    logs["p[3]"] = shift + stretch * logs["p[3]"]
    return {name: np.exp(value) for name, value in logs.items()}


def test_two_samples_of_one_posterior_agree():
    # One pair in a thousand disagrees by chance; these seeds are fixed.
    assert all(AGREEMENT.agreement(sample(seed), sample(seed + 100))[0] for seed in range(4))


@pytest.mark.parametrize(
    ("wrong", "named"), [({"shift": 0.3}, "means"), ({"stretch": 1.35}, "sds"), ({"stretch": 0.7}, "sds")]
)
def test_one_wrong_parameter_of_many_is_found_and_named(wrong, named):
    agree, words = AGREEMENT.agreement(sample(0), sample(1, **wrong))
    assert not agree
    part = words.split("ratio of sds")[named == "sds"]
    assert "p[3]" in part


def test_few_effective_draws_give_no_verdict():
    agree, words = AGREEMENT.agreement(sample(0), sample(1, draws=25))
    assert not agree
    assert "too few effective draws" in words


def test_chains_that_have_not_met_give_no_verdict():
    apart = sample(1)
    apart["p[0]"] = apart["p[0]"] * np.exp([[0.0], [0.0], [0.0], [2.0]])
    assert not AGREEMENT.agreement(apart, apart)[0]


def test_the_smallest_ess_is_that_of_the_slowest_parameter():
    slow = sample(2)
    slow["p[7]"] = np.repeat(slow["p[7]"][:, ::10], 10, axis=1)
    ess, name = AGREEMENT.smallest_ess(slow)
    assert name == "p[7]"
    # 120 independent draws.
    assert 60 < ess < 240
