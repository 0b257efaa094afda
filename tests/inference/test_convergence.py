"""R-hat and effective sample sizes of many columns are ArviZ's of each, and what cannot be measured has none."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayescale.inference.convergence import COLUMNS, convergence
from bayescale.inference.limits import R_HAT

# Scores and indicators are rounded to single precision, 6e-8 of one, and a correlation of thousands of them to no more;
# a sample size has some ten correlations in it.
ROUNDING = 1e-6
AXES = {"chain_axis": 0, "draw_axis": 1}


def chains(persistence: float, draws: int, columns: int = 40, seed: int = 0) -> np.ndarray:
    """Four autoregressive chains per column: column x chain x draw."""
    noise = np.random.default_rng(seed).standard_normal((columns, 4, draws))
    out = noise.copy()
    for t in range(1, draws):
        out[..., t] = persistence * out[..., t - 1] + np.sqrt(1.0 - persistence**2) * noise[..., t]
    return out


def by_arviz(column: np.ndarray) -> list[float]:
    """R-hat, bulk and tail ESS of one column (chain x draw)."""
    tail = array_stats.ess(column, method="tail", prob=(0.05, 0.95), **AXES)
    bulk = array_stats.ess(column, method="bulk", **AXES)
    return [float(array_stats.rhat(column, method="rank", **AXES)), float(bulk), float(tail)]


def ours(columns: np.ndarray) -> np.ndarray:
    """The same of many columns, column x measure."""
    return np.stack([values[0] for values in convergence(columns[None])], axis=-1)


SHAPES = {
    "normal": lambda x: x,
    "heavy-tailed": lambda x: np.exp(3.0 * x),
    "rounded, with many ties": lambda x: np.round(2.0 * x),
    "held, as refused proposals are": lambda x: np.repeat(x[..., ::4], 4, axis=-1),
    "one chain elsewhere": lambda x: x + 0.5 * (np.arange(4) == 2)[:, None],
    "one chain wider": lambda x: x * (1.0 + (np.arange(4) == 1))[:, None],
    "drifting": lambda x: x + np.linspace(0.0, 1.0, x.shape[-1]),
}


@pytest.mark.parametrize("persistence", [-0.6, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_are_those_of_arviz(shape, persistence):
    """To rounding, or to 2 % for chains whose autocorrelation never dies out: R-hat refuses these in any case.

    Geyer's sum then ends with the chain, and ArviZ counts its last pair of lags by half.
    """
    columns = SHAPES[shape](chains(persistence, 400))
    found, expected = ours(columns), np.array([by_arviz(column) for column in columns])
    equal = np.isclose(found, expected, rtol=ROUNDING)
    assert equal[:, 0].all()
    assert (equal.all(axis=1) | (expected[:, 0] > R_HAT)).all()
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_an_odd_number_of_draws_leaves_out_the_one_in_the_middle():
    """ArviZ leaves it out too, but for the quantiles that its tail ESS begins with."""
    columns = chains(0.5, 401)
    even = np.delete(columns, 200, axis=-1)
    np.testing.assert_array_equal(ours(columns), ours(even))
    np.testing.assert_allclose(ours(columns), [by_arviz(column) for column in even], rtol=ROUNDING)
    np.testing.assert_allclose(ours(columns)[:, :2], [by_arviz(column)[:2] for column in columns], rtol=ROUNDING)


def test_columns_are_measured_by_themselves():
    """Whatever is beside them, in whichever block of columns they are computed and however early others are done."""
    mixed = np.stack([chains(p, 200, columns=30, seed=i) for i, p in enumerate((0.0, 0.95, 0.3))]).reshape(
        30, 3, 4, 200
    )
    together = convergence(mixed)
    for name, values in together._asdict().items():
        alone = [[getattr(convergence(mixed[i : i + 1, j : j + 1]), name)[0, 0] for j in range(3)] for i in range(30)]
        np.testing.assert_allclose(values, alone, rtol=1e-12, err_msg=name)


def test_a_fit_of_many_columns_is_measured_some_at_a_time():
    """As many as 32 together, so that a wide fit takes no more memory than narrow ones, and with the same result."""
    wide = np.concatenate([chains(p, 200, columns=25, seed=i) for i, p in enumerate((0.0, 0.5, 0.9))])
    assert len(wide) > 2 * COLUMNS
    whole = convergence(wide[None])
    for name, values in whole._asdict().items():
        alone = [getattr(convergence(wide[None, j : j + 1]), name)[0, 0] for j in range(len(wide))]
        np.testing.assert_allclose(values[0], alone, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_draw_that_is_no_number_leaves_its_column_unmeasured(value):
    columns = chains(0.3, 200, columns=5)
    columns[2, 3, 17] = value
    columns[4] = 1.5  # never moves
    found = ours(columns)
    assert np.isnan(found[[2, 4]]).all()
    np.testing.assert_allclose(found[[0, 1, 3]], [by_arviz(columns[i]) for i in (0, 1, 3)], rtol=ROUNDING)


def test_a_fit_passes_only_if_all_its_quantities_do():
    """The second fit has a column that was never measured, the third a chain elsewhere, the fourth is sticky."""
    draws = np.stack([chains(0.1, 1000, columns=3, seed=i) for i in range(4)])
    draws[1, 1] = 0.0
    draws[2, 0, 3] += 1.0
    draws[3, 2] = chains(0.95, 1000, columns=1, seed=9)[0]
    measured = convergence(draws)
    assert measured.passes.tolist() == [True, False, False, False]
    assert measured.lacks(0) == ""
    assert measured.lacks(1).startswith("its R-hat is nan")
    assert measured.lacks(2).startswith("its R-hat is 1.")
    assert measured.lacks(3).startswith("its ")
