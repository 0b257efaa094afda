"""Simulation-based calibration: truths from the priors, tables from the truths, ranks of the truths among the draws.

If draws are from the posterior, a truth's rank among 99 of them is uniform on 0..99, for every quantity of parameters
and data; draws 40 steps apart count as independent. Posteriors too wide or shifted in many directions at once show
best in the log likelihood and the log posterior density, which see all of them together.

References: cook2006validation, talts2018validating, modrak2023simulation
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import brentq

import bayescale as bs
from bayescale.laws import Law
from bayescale.models import Noise

# The default prior of the noise scale is open to losses that scatter tenfold, which is no table to fit a curve to.
PRIORS = {"sigma": bs.HalfNormal(0.02)}
DRAWS = 99
LIKELIHOOD, DENSITY = "log likelihood", "log density"
# Ranks below these hundredths are counted: closely at the ends, where too narrow posteriors show.
GRID = np.array([1, 2, *range(5, 100, 5), 98, 99])
# How often a correct engine fails by chance, all quantities together; the default tests claim this five times.
FALSE_ALARM = 1e-3


@dataclass(frozen=True)
class Experiment:
    """What was drawn.

    Args:
        law, noise, priors: of every table.
        designs: N, D and the scale of known measurement error of log loss, over row, for each table.
        tables: as :func:`bayescale.fit_many` takes them.
        truths: by name of the posterior's variable, over table.
        logs: the law's parameters at the table's anchors and the noise's, unconstrained, table x parameter.
    """

    law: type[Law]
    noise: type[Noise]
    priors: Mapping[str, bs.Prior]
    designs: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]
    tables: tuple[pd.DataFrame, ...]
    truths: Mapping[str, np.ndarray]
    logs: np.ndarray

    @property
    def parameters(self) -> dict[str, bs.Prior]:
        """Priors by name, the law's and then the noise's."""
        declared = (*self.law.parameters, *self.noise.parameters)
        return {p.name: self.priors.get(p.name, p.prior) for p in declared}

    def log_prior(self, logs: np.ndarray) -> np.ndarray:
        """Log prior density at unconstrained values; the last axis are the parameters."""
        return sum(prior.log_density(logs[..., j]) for j, prior in enumerate(self.parameters.values()))


def _standard(noise: type[Noise], values: Mapping[str, Any]) -> Any:
    """SciPy's distribution of the noise at scale 1."""
    return {
        "student-t": lambda: stats.t(values.get("nu")),
        "normal": stats.norm,
        "laplace": stats.laplace,
    }[noise.name]()


def _design(rng: np.random.Generator, rows: tuple[int, int], errors: bool) -> tuple[np.ndarray, ...]:
    count = int(rng.integers(rows[0], rows[1] + 1))
    compute, ratio = np.exp(rng.uniform(np.log(1e18), np.log(1e21), count)), np.exp(rng.uniform(1.6, 4.6, count))
    params = np.sqrt(compute / 6.0 / ratio)
    return params, params * ratio, errors * np.exp(rng.uniform(np.log(0.002), np.log(0.03), count))


@pytest.fixture(scope="session")
def experiment(prior_draw) -> Callable[..., Experiment]:
    """Draw truths from the priors that the fits have, and tables from the truths."""

    def drawn(
        count: int,
        law: type[Law] = bs.laws.Chinchilla,
        noise: type[Noise] = bs.models.StudentT,
        rows: tuple[int, int] = (12, 40),
        errors: bool = False,
        priors: Mapping[str, bs.Prior] = PRIORS,
        seed: int = 1,
    ) -> Experiment:
        designs, tables, truths, logs = [], [], [], []
        for i in range(count):
            rng = np.random.default_rng([seed, i])
            params, tokens, measurement = _design(rng, rows, errors)
            anchors = {"N0": np.exp(np.log(params).mean()), "D0": np.exp(np.log(tokens).mean())}
            values = {
                p.name: prior_draw(rng, priors.get(p.name, p.prior)) for p in (*law.parameters, *noise.parameters)
            }
            true = law(**{p.name: values[p.name] for p in law.parameters}, **anchors)
            noises = {p.name: values[p.name] for p in noise.parameters}
            scatter = _standard(noise, noises).rvs(params.size, random_state=rng)
            loss = true(N=params, D=tokens) * np.exp(np.hypot(noises["sigma"], measurement) * scatter)
            table = pd.DataFrame({"params": params, "tokens": tokens, "loss": loss})
            tables.append(table.assign(loss_se=measurement * loss) if errors else table)
            designs.append((params, tokens, measurement))
            derived = {d.name: getattr(true, d.name) for d in law.derived_quantities}
            truths.append(true.textbook().values | derived | noises)
            lowest = {p.name: p.prior.lowest for p in (*law.parameters, *noise.parameters)}
            logs.append([np.log(value - lowest[name]) for name, value in values.items()])
        columns = {name: np.array([float(one[name]) for one in truths]) for name in truths[0]}
        return Experiment(law, noise, priors, tuple(designs), tuple(tables), columns, np.array(logs))

    return drawn


def _log_likelihoods(one: Experiment, i: int, values: Mapping[str, Any]) -> np.ndarray:
    """Log likelihood of table i at textbook values of shape (draw,), by SciPy."""
    params, tokens, measurement = one.designs[i]
    column = {name: np.asarray(value)[:, None] for name, value in values.items()}
    law = one.law(**{p.name: column[p.name] for p in one.law.parameters}, N0=1.0, D0=1.0)
    if not one.law.has_textbook():
        law = law.replace(N0=np.exp(np.log(params).mean()), D0=np.exp(np.log(tokens).mean()))
    scale = np.hypot(column["sigma"], measurement)
    residual = np.log(one.tables[i]["loss"].to_numpy()) - np.log(law(N=params, D=tokens))
    return (_standard(one.noise, column).logpdf(residual / scale) - np.log(scale)).sum(axis=1)


def _ranks(one: Experiment, draws: Mapping[str, np.ndarray], logs: np.ndarray) -> dict[str, np.ndarray]:
    """Ranks of all truths among ``DRAWS`` evenly spaced draws; ties are broken by chance.

    Args:
        one: the experiment.
        draws: of the posterior's variables, table x draw, chains one after the other.
        logs: of the unconstrained parameters, table x draw x parameter.
    """
    rng = np.random.default_rng(5)
    every = np.linspace(0, logs.shape[1] - 1, DRAWS).astype(int)
    kept, truths = {name: draws[name][:, every] for name in one.truths}, dict(one.truths)
    count = len(one.tables)
    kept[LIKELIHOOD] = np.stack([_log_likelihoods(one, i, {n: v[i] for n, v in kept.items()}) for i in range(count)])
    at_truth = [_log_likelihoods(one, i, {n: v[i : i + 1] for n, v in truths.items()})[0] for i in range(count)]
    truths[LIKELIHOOD] = np.array(at_truth)
    kept[DENSITY] = kept[LIKELIHOOD] + one.log_prior(logs[:, every])
    truths[DENSITY] = truths[LIKELIHOOD] + one.log_prior(one.logs)
    ranks = {}
    for name, values in kept.items():
        assert np.isfinite(values).all(), name
        truth = truths[name][:, None]
        ties = (values == truth).sum(axis=1)
        ranks[name] = (values < truth).sum(axis=1) + rng.integers(0, ties + 1)
    return ranks


def _ranks_of_batch(one: Experiment, fits: bs.inference.Fits) -> dict[str, np.ndarray]:
    """The same of a batch of fits."""
    flat = {name: value.to_numpy().reshape(len(fits), -1) for name, value in fits.posterior.data_vars.items()}
    logs = [fits.unconstrained[name].to_numpy().reshape(len(fits), -1) for name in one.parameters]
    return _ranks(one, flat, np.stack(logs, axis=-1))


def _stays_inside(count: int, level: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Probability that the counts of uniform ranks stay in their two-sided binomial intervals, and these intervals.

    Counts below rising hundredths are a Markov chain: each rank that is not below one lies below the next with the
    same probability, so that the probability follows exactly, step by step (sailynoja2022graphical).

    Args:
        count: number of ranks.
        level: probability that a single count leaves its interval, at most.
    """
    shares = GRID / 100.0
    low, high = stats.binom.ppf([[level / 2.0], [1.0 - level / 2.0]], count, shares).astype(int)
    states, probability = np.array([0]), np.array([1.0])
    for share, before, least, most in zip(shares, [0.0, *shares[:-1]], low, high, strict=True):
        reached = np.arange(least, most + 1)
        step = stats.binom.pmf(reached - states[:, None], count - states[:, None], (share - before) / (1.0 - before))
        states, probability = reached, probability @ step
    return float(probability.sum()), low, high


@cache
def _band(count: int, false_alarm: float) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the counts below ``GRID`` that uniform ranks leave with this probability."""
    level = np.exp(brentq(lambda x: 1.0 - _stays_inside(count, np.exp(x))[0] - false_alarm, np.log(1e-12), np.log(0.1)))
    # The probability moves in steps; the wider band keeps the promise.
    while 1.0 - _stays_inside(count, level)[0] > false_alarm:
        level *= 0.98
    return _stays_inside(count, level)[1:]


def _violations(ranks: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Quantities whose ranks are not uniform, with the count that lies farthest outside its interval."""
    found = {}
    for name, values in ranks.items():
        low, high = _band(len(values), FALSE_ALARM / len(ranks))
        counts = (values[:, None] < GRID).sum(axis=0)
        outside = np.maximum(low - counts, counts - high)
        if outside.max() > 0:
            at = int(np.argmax(outside / (high - low)))
            found[name] = f"{counts[at]} of {len(values)} ranks below {GRID[at]} %, not {low[at]} to {high[at]}"
    return found


@pytest.fixture(scope="session")
def sbc() -> SimpleNamespace:
    """``ranks``, their ``violations`` of uniformity, the ``band`` they are held against, and the priors of the fits."""
    return SimpleNamespace(
        log_likelihoods=_log_likelihoods,
        standard=_standard,
        ranks=_ranks,
        ranks_of_batch=_ranks_of_batch,
        violations=_violations,
        band=_band,
        grid=GRID,
        draws=DRAWS,
        false_alarm=FALSE_ALARM,
        priors=PRIORS,
    )
