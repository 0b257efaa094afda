"""Laws of the catalogue, with their declared priors and the designs of the benchmark: ranks are uniform.

References: talts2018validating
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import bayescale as bs
from bayescale.laws import CATALOGUE, Law
from bayescale.models import Pooling, StudentT, build_model
from bayescale.validation.calibrate import one_at_a_time
from bayescale.validation.truths import draw_truths

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "calibration_designs.py"
if not SCRIPT.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)
DESIGNS = runpy.run_path(str(SCRIPT))
# One of each kind of response and input, quick ones, for the default tests.
FEW = ("kaplan-n", "deepseek-lr", "loss-offset")
every_law = pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)


def claim(law: type[Law], replications: int, **choices: Any) -> None:
    found = bs.calibrate(
        law,
        DESIGNS["design"](law),
        replications=replications,
        priors=DESIGNS["priors_for"](law),
        seed=5,
        progress=False,
        **choices,
    )
    print(f"\n{found}")
    found.check()


@pytest.mark.parametrize("name", FEW)
def test_a_few_laws_are_calibrated(name):
    """Two hundred truths each; a correct engine fails one of three laws in 333 seeds."""
    claim(next(law for law in CATALOGUE if law.name == name), 200)


@pytest.mark.slow
@every_law
def test_every_law_is_calibrated(law):
    """A correct engine fails one of fifty laws once in 20 seeds; the seed is fixed. NUTS has fewer truths."""
    alone = one_at_a_time(build_model(law, noise=StudentT, pooling=Pooling("complete")))
    claim(law, 30 if alone else 200, **({"chains": 2, "warmup": 300, "draws": 500} if alone else {}))


@pytest.mark.slow
@every_law
def test_no_table_of_a_law_overflows(law):
    """What cannot be fitted would be left out of the ranks: the priors of the benchmark leave nothing out."""
    priors = DESIGNS["priors_for"](law)
    model = build_model(law, noise=StudentT, pooling=Pooling("complete"), priors=priors)
    assert draw_truths(model, DESIGNS["design"](law), 300, 0).usable.all()
