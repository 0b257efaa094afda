"""Steps and time against compute over batch sizes: what a batch below or above the critical one costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import Cost, RateCard, SixND
from bayescale.costs.rate_card import SECONDS_PER_HOUR
from bayescale.decisions.allocation.budgets import check_card
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.inputs import numbers_of, positive_number
from bayescale.decisions.settings.critical import KAPLAN, critical_of
from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import BATCH, COMPUTE, PARAMS, STEP, TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

# Batches over the critical one where none are given: from an eighth to eight times.
USUAL = 2.0 ** np.arange(-3, 4)
UNITS = {q.name: (q.label, q.unit) for q in (STEP, TOKENS, COMPUTE)}
UNITS |= {"hours": ("training time", "hours"), "dollars": ("price", "dollars")}
UNITS[STEP.name] = ("optimiser steps", "steps")


@dataclass(frozen=True, eq=False, repr=False)
class BatchTradeOff:
    """What reaching one loss takes at several batch sizes; made by :func:`batch_trade_off`.

    Args:
        source: where the critical batch comes from.
        draws: critical_batch (tokens) over draw; step, tokens, compute and, where they are known, hours and dollars
            over draw and batch; each with ``long_name`` and ``units``. Attributes: params, cost, note.
    """

    source: str
    draws: xr.Dataset

    @property
    def note(self) -> str:
        """What there is to know of the critical batch; empty where there is nothing."""
        return str(self.draws.attrs["note"])

    def critical_table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The critical batch size.

        Args:
            prob: probability of the equal-tailed interval, in (0, 1).

        Returns:
            one row: source, params, unit, prob, median, lower, upper; ``attrs["note"]`` is the note.

        Raises:
            SettingsError: no such probability.
        """
        critical = self.draws["critical_batch"]
        median, lower, upper = interval(critical, check_prob(prob))
        row = {"source": self.source, "params": self.draws.attrs["params"], "unit": critical.attrs["units"]}
        table = pd.DataFrame([{**row, "prob": float(prob), "median": median, "lower": lower, "upper": upper}])
        table.attrs["note"] = self.note
        return table

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """What each batch size takes.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).

        Returns:
            one row per batch: source, params, cost, batch_tokens, prob, ratio (batch over critical batch), more_steps
            and more_compute (per cent above the least there could be), step, tokens, compute, and hours and dollars
            where they are known: medians, each but the ratio with ``_lower`` and ``_upper`` behind its name;
            ``attrs["note"]`` is the note.

        Raises:
            SettingsError: no such probability.
        """
        check_prob(prob)
        batch, critical = self.draws[BATCH.name], self.draws["critical_batch"]
        ratio = batch / critical
        spread: dict[str, Any] = {"ratio": np.median(ratio.transpose("draw", "batch"), axis=0)}
        shares = {"more_steps": 100 / ratio, "more_compute": 100 * ratio}
        for name, values in {**shares, **{n: self.draws[n] for n in UNITS if n in self.draws}}.items():
            median, lower, upper = interval(values.transpose("draw", "batch"), prob, axis=0)
            spread |= {str(name): median, f"{name}_lower": lower, f"{name}_upper": upper}
        attrs = self.draws.attrs
        asked = {"source": self.source, "params": attrs["params"], "cost": attrs["cost"]}
        table = pd.DataFrame({**asked, BATCH.name: batch.to_numpy(), "prob": float(prob), **spread})
        table.attrs["note"] = self.note
        return table

    def __repr__(self) -> str:
        return f"Steps against compute, critical batch {self.source}\n{self.table().to_string(index=False)}"


def batch_trade_off(
    critical: Fit | Law | Any = KAPLAN,
    *,
    params: float,
    tokens: float,
    batch_tokens: Any = None,
    planned_batch: float | None = None,
    loss: Any = None,
    group: str | None = None,
    seed: int | None = None,
    cost: Cost | None = None,
    seconds_per_step: float | None = None,
    rate_card: RateCard | None = None,
    tokens_per_device: float | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
) -> BatchTradeOff:
    """Return what reaching the loss of a planned run takes at other batch sizes: steps, tokens, compute, time, money.

    To one loss, steps are S_min (1 + B_crit / B) and tokens E_min (1 + B / B_crit), with E_min = B_crit S_min: at the
    critical batch both are twice the least. A larger batch saves steps, and time where devices grow with it, and costs
    compute.

    Args:
        critical: what says the critical batch size: ``"kaplan2020scaling"``, which needs the loss; tokens, or draws of
            them; or a fit or a law of batch sizes, such as ``step-law-batch`` fitted to a table of critical batches
            that were measured at several numbers of tokens. A law of *best* batches says another thing.
        params: size of the planned run.
        tokens: training tokens of the planned run.
        batch_tokens: batch sizes to compare, in tokens; by default an eighth to eight times the median critical one.
        planned_batch: the batch at which the planned tokens reach their loss; by default one far below the critical
            batch, so that they are the least, E_min.
        loss: that the planned run reaches, in nats/token: a number, draws, or a fit or a law of the loss, which is
            asked at params and tokens.
        group, seed: of fits.
        cost: of a run; 6ND by default.
        seconds_per_step: of one optimiser step, the same at every batch: devices grow with it.
        rate_card: what hardware delivers and costs: hours and dollars. Its devices are the same at every batch, unless
            ``tokens_per_device`` says how many tokens of a batch one device takes, so that devices grow with it.
        tokens_per_device: see ``rate_card``.
        discrepancy: of a fit of the loss beyond its data, as for :func:`bayescale.predict`.

    Returns:
        a :class:`BatchTradeOff`.

    Raises:
        LawError: a law of something else.
        SettingsError: numbers that are not positive, a loss that is missing or not needed, two answers to how long a
            step takes.

    References:
        mccandlish2018empirical, kaplan2020scaling

    Examples:
        >>> found = batch_trade_off(2e6, params=7e9, tokens=1.4e12, batch_tokens=[1e6, 2e6, 4e6]).table()
        >>> found["step"].tolist(), found["tokens"].tolist()
        ([2100000.0, 1400000.0, 1050000.0], [2100000000000.0, 2800000000000.0, 4200000000000.0])
    """
    size, seen = positive_number("params", params, "one size"), positive_number("tokens", tokens, "one number")
    _check_time(seconds_per_step, rate_card, tokens_per_device)
    counted = SixND() if cost is None else cost
    plan = {PARAMS.name: size, TOKENS.name: seen}
    found = critical_of(critical, plan, loss, group=group, seed=seed, discrepancy=discrepancy)
    own = found.values[:, None]
    batch = np.median(own) * USUAL if batch_tokens is None else numbers_of(BATCH, batch_tokens)
    at = 0.0 if planned_batch is None else positive_number("planned_batch", planned_batch, "tokens")
    spent = seen / (1 + at / own) * (1 + batch / own)
    compute = np.asarray(counted(size, spent), float)
    made = {STEP.name: spent / batch, TOKENS.name: spent, COMPUTE.name: compute}
    made |= _time(made[STEP.name], compute, batch, seconds_per_step, rate_card, tokens_per_device)
    variables: dict[str, Any] = {
        name: (("draw", "batch"), values, dict(zip(("long_name", "units"), UNITS[name], strict=True)))
        for name, values in made.items()
    }
    variables["critical_batch"] = ("draw", found.values, {"long_name": "critical batch size", "units": BATCH.unit})
    coords = {BATCH.name: ("batch", batch, {"long_name": BATCH.label, "units": BATCH.unit})}
    attrs = {"params": size, "cost": counted.name, "note": " ".join(found.notes)}
    return BatchTradeOff(found.source, xr.Dataset(variables, coords, attrs))


def _check_time(seconds: float | None, card: RateCard | None, tokens: float | None) -> None:
    check_card(card)
    for name, value in (("seconds_per_step", seconds), ("tokens_per_device", tokens)):
        if value is not None:
            positive_number(name, value, "one number")
    if tokens is not None and card is None:
        raise SettingsError("tokens_per_device needs rate_card=costs.RateCard(...), which says how fast a device is.")
    if tokens is not None and seconds is not None:
        raise SettingsError("seconds_per_step and tokens_per_device both say how long a step takes; give one of them.")


def _time(
    steps: np.ndarray,
    compute: np.ndarray,
    batch: np.ndarray,
    seconds: float | None,
    card: RateCard | None,
    tokens: float | None,
) -> dict[str, np.ndarray]:
    """Hours and dollars, as far as they are known."""
    found = {} if card is None else {"dollars": card.dollars(compute)}
    if seconds is not None:
        return {"hours": steps * seconds / SECONDS_PER_HOUR} | found
    if card is None:
        return found
    return {"hours": card.hours(compute) if tokens is None else card.device_hours(compute) * tokens / batch} | found
