"""Whether residuals bend along size, tokens or compute, held against replicates of the runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.models import Censored
from bayescale.validation.review.evidence import Evidence, families_of, p_check

# Runs of a family beyond its parameters, below which there is nothing to see.
SPARE = 8
# Residuals are clipped at so many robust sds: one bad run is no trend.
CLIP = 2.5
# A trend that the law's own parameters can make, but for this part of it, says nothing.
OWN = 0.05
# Values of a variable whose logs are nearer than this are one; two values can show no bend, nor can one.
APART, FEWEST_VALUES = 0.02, 3
COLUMNS = ["variable", "group", "runs", "p_value", "explained", "trend", "at_low", "at_middle", "at_high"]


def residual_trends(fit: Fit, evidence: Evidence) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return a row per variable and family, and a check per variable over all families.

    The statistic is the part of the residuals' variance that a quadratic in the log of the variable explains, after
    everything that the law's parameters could explain is taken out of both. The same is done to replicates, draw by
    draw; as what parameters explain is gone, p-values are uniform if the model is right (to first order), not drawn to
    one half as usual posterior predictive ones. A variable is looked at where it takes three values or more.

    Raises:
        SettingsError: losses that are bounds.

    References:
        gelman1996posterior
    """
    if fit.model.noise is Censored:
        raise SettingsError("losses that are bounds have no residuals")
    rows, checks = [], []
    parts = {family: _Part.of(fit, evidence, at, family) for family, at in families_of(fit)}
    for name, logs in _variables(fit).items():
        seen, made = [], []
        for family, at in families_of(fit):
            part = parts[family]
            basis = None if part is None else part.basis(logs[at])
            if part is None or basis is None:
                continue
            here, there = part.statistic(basis)
            seen.append(here)
            made.append(there)
            shape = part.shape(basis, logs[at])
            share = float(np.mean(here) / part.spare)
            rows.append(
                [name, family, len(at), _p_value(here, there), share, float(np.std(shape)), *_ends(shape, logs[at])]
            )
        if seen:
            p_value = _p_value(np.sum(seen, axis=0), np.sum(made, axis=0))
            own = [row for row in rows if row[0] == name]
            checks.append(
                p_check(f"residuals-{name}", p_value, _advice(name, min(own, key=lambda row: row[3]), len(own)))
            )
    return pd.DataFrame(rows, columns=COLUMNS), tuple(checks)


class _Part:
    """The residuals of one family without what its parameters explain."""

    def __init__(self, tangent: np.ndarray, residuals: np.ndarray, replicated: np.ndarray):
        self.tangent, self.spare = tangent, residuals.shape[1] - len(tangent)
        self.residuals, self.replicated = self._rest(_clipped(residuals)), self._rest(_clipped(replicated))

    @classmethod
    def of(cls, fit: Fit, evidence: Evidence, at: np.ndarray, family: str) -> _Part | None:
        """One family's part; None where it has too few runs, or residuals that are no numbers."""
        levels = len({level for level in fit.layout.levels if level[0] == family})
        count = len(fit.law.parameters) + levels
        if len(at) - count < SPARE or not np.isfinite(evidence.residuals[:, at]).all():
            return None
        curves = evidence.curves[:, at]
        # What the parameters can do to the curve, without a derivative: the directions in which draws of it differ.
        away = curves - curves.mean(axis=0)
        directions = np.linalg.eigh(away.T @ away)[1][:, ::-1].T
        return cls(directions[:count], evidence.residuals[:, at], evidence.replicated[:, at])

    def _rest(self, values: np.ndarray) -> np.ndarray:
        return values - (values @ self.tangent.T) @ self.tangent

    def basis(self, logs: np.ndarray) -> np.ndarray | None:
        """Orthonormal trends (run x at most 2) that no parameters make; None where there are none to be seen."""
        if values_apart(logs) < FEWEST_VALUES:
            return None
        x = (logs - logs.mean()) / logs.std()
        raw = np.column_stack([x, x * x - (x * x).mean()])
        raw /= np.linalg.norm(raw, axis=0)
        vectors, size, _ = np.linalg.svd(self._rest(raw.T).T, full_matrices=False)
        kept = vectors[:, size > OWN]
        return kept if kept.shape[1] else None

    def statistic(self, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Explained part times spare runs, of every draw: observed, replicated."""
        return tuple(
            self.spare * np.square(values @ basis).sum(axis=1) / np.maximum(np.square(values).sum(axis=1), 1e-300)
            for values in (self.residuals, self.replicated)
        )

    def shape(self, basis: np.ndarray, logs: np.ndarray) -> np.ndarray:
        """The trend of the mean residual at every run."""
        return basis @ (self.residuals.mean(axis=0) @ basis)


def values_apart(logs: np.ndarray) -> int:
    """How many different values a variable takes, from its logs."""
    return 1 + int((np.diff(np.sort(logs)) > APART).sum())


def not_tested(fit: Fit, checks: tuple[Check, ...]) -> list[str]:
    """Return the variables without a check, each with the reason."""
    tested = {check.name.removeprefix("residuals-") for check in checks}
    found = []
    for name, logs in _variables(fit).items():
        if name not in tested:
            most = max(values_apart(logs[at]) for _, at in families_of(fit))
            few = f"{most} different value{'s' if most > 1 else ''}, a bend needs {FEWEST_VALUES}"
            why = few if most < FEWEST_VALUES else "the law's parameters can make any such trend, or too few runs"
            found.append(f"residuals along {name} ({why})")
    return found


def _clipped(values: np.ndarray) -> np.ndarray:
    """Residuals without their far tails, draw by draw."""
    middle = np.median(values, axis=1, keepdims=True)
    limit = CLIP * 1.4826 * np.median(np.abs(values - middle), axis=1, keepdims=True)
    return np.clip(values, middle - limit, middle + limit)


def _p_value(seen: np.ndarray, made: np.ndarray) -> float:
    return float((1 + (made >= seen).sum()) / (1 + len(seen)))


def _variables(fit: Fit) -> dict[str, np.ndarray]:
    """Logs of the law's positive inputs, and of compute where size and tokens are known."""
    table = fit.runs.table
    values = {name: table[name].to_numpy(float) for name in fit.law.inputs()}
    if {"params", "tokens"} <= set(table):
        values["compute"] = SixND()(table["params"].to_numpy(float), table["tokens"].to_numpy(float))
    return {name: np.log(column) for name, column in values.items() if (column > 0).all()}


def _ends(shape: np.ndarray, logs: np.ndarray) -> list[float]:
    """The mean trend of the lowest, middle and highest third of the variable."""
    order = np.argsort(logs, kind="stable")
    return [float(shape[third].mean()) for third in np.array_split(order, 3)]


def _advice(name: str, row: list[Any], families: int) -> str:
    low, middle, high = (f"{100 * value:+.2f} %" for value in row[6:])
    of = f", most of all those of {row[1]}" if families > 1 else ""
    remedy = {
        "tokens": "Try a law that knows of tokens lost at the start (chinchilla-offset), and look at warm-up and at "
        "runs with few tokens per parameter.",
        "params": "Try a law that knows of embeddings (chinchilla-embedding), or check how parameters are counted.",
        "compute": "Try another form (chinchilla-offset, chinchilla-outer), and trust no extrapolation in compute.",
    }.get(name, "Try another form of the law.")
    return (
        f"Residuals bend along {name}{of}: {low} in the lowest third, {middle} in the middle, {high} in the highest. "
        f"{remedy}"
    )
