"""Simulation-based calibration: truths from the priors, tables from the truths, ranks of the truths among the draws.

The package's own (`bayescale.calibrate`) is what is used here; what it rests on, the truths, the densities and the
band, is tried by hand in test_by_hand.py and test_criterion.py.

References: cook2006validation, talts2018validating, modrak2023simulation
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayescale as bs
from bayescale.laws import Law
from bayescale.models import Noise, Pooling, build_model
from bayescale.validation.truths import Truths, draw_truths
from bayescale.validation.uniformity import DRAWS, not_uniform

# The default prior of the noise scale is open to losses that scatter tenfold, which is no table to fit a curve to.
PRIORS = {"sigma": bs.HalfNormal(0.02)}
# How often a correct engine fails by chance, all quantities together; the default tests claim this nine times.
FALSE_ALARM = 1e-3


def _standard(noise: type[Noise], values: Mapping[str, Any]) -> Any:
    """SciPy's distribution of the noise at scale 1."""
    return {
        "student-t": lambda: stats.t(values.get("nu")),
        "normal": stats.norm,
        "laplace": stats.laplace,
    }[noise.name]()


def _design(rng: np.random.Generator, rows: tuple[int, int] = (12, 40), errors: bool = False) -> pd.DataFrame:
    """Sizes and tokens of so many runs, in three decades of compute; with measurement errors or without."""
    count = int(rng.integers(rows[0], rows[1] + 1))
    compute, ratio = np.exp(rng.uniform(np.log(1e18), np.log(1e21), count)), np.exp(rng.uniform(1.6, 4.6, count))
    params = np.sqrt(compute / 6.0 / ratio)
    table = pd.DataFrame({"params": params, "tokens": params * ratio})
    known = np.exp(rng.uniform(np.log(0.002), np.log(0.03), count))
    return table.assign(relative_se=known) if errors else table


@pytest.fixture(scope="session")
def design() -> Callable[..., Callable[[np.random.Generator], pd.DataFrame]]:
    """What draws a design, with these rows and errors, for every table anew."""
    return lambda **choices: partial(_design, **choices)


@pytest.fixture(scope="session")
def experiment() -> Callable[..., Truths]:
    """Draw truths from the priors that the fits have, and tables from the truths."""

    def drawn(
        count: int,
        law: type[Law] = bs.laws.Chinchilla,
        noise: type[Noise] = bs.models.StudentT,
        priors: Mapping[str, bs.Prior] = PRIORS,
        seed: int = 1,
        **choices: Any,
    ) -> Truths:
        model = build_model(law, noise=noise, pooling=Pooling("complete"), priors=priors)
        return draw_truths(model, partial(_design, **choices), count, seed)

    return drawn


@pytest.fixture(scope="session")
def sbc() -> SimpleNamespace:
    """``violations`` of uniformity by ranks, what they are held against, and the priors of the fits."""
    return SimpleNamespace(
        violations=partial(not_uniform, false_alarm=FALSE_ALARM),
        standard=_standard,
        draws=DRAWS,
        false_alarm=FALSE_ALARM,
        priors=PRIORS,
    )
