"""What following a run says: where it will end, what it passes on the way, and whether to stop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import SixND
from bayescale.decisions.extrapolation import note_of, with_note
from bayescale.decisions.inputs import positive_number
from bayescale.decisions.money import Money
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, TOKENS

# What a forecast is made from, by the variable of its draws.
FROM = {"loss": "siblings and checkpoints", "without": "siblings"}


@dataclass(frozen=True, eq=False, repr=False)
class Follow:
    """The forecast of a run in flight.

    Args:
        draws: ``loss`` and ``without``, what it would be without the run's checkpoints, in nats/token over chain, draw,
            share (of training, the last 1), with tokens or step over share, and extrapolation: the run's compute (6ND)
            at its end over the largest of its siblings. Attributes: run, group, seen (the share that is seen), place,
            siblings (their number), inputs, params, params_convention, note.
        curves: the checkpoints of the run and of its siblings: role ("run" or "sibling"), run, share, tokens or step,
            loss.
        target: the loss that the run should end at or below, in nats/token, or None.
    """

    draws: xr.Dataset
    curves: pd.DataFrame
    target: float | None

    @property
    def seen(self) -> float:
        """The share of training that is seen."""
        return float(self.draws.attrs["seen"])

    @property
    def note(self) -> str:
        """What there is to know of the forecast, in sentences; often empty."""
        return note_of(self.draws)

    @property
    def final(self) -> xr.DataArray:
        """Draws of the final loss in nats/token, over chain, draw."""
        return self.draws["loss"].isel(share=-1, drop=True)

    def reaches(self, target: float | None = None) -> float:
        """Return the probability that the run ends at or below a loss.

        Args:
            target: in nats/token; None for that of the forecast.

        Raises:
            SettingsError: no target, or one that is not positive.
        """
        return float((self.final <= self._target(target)).mean())

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Return the forecast of the final loss, with the run's checkpoints and without.

        Args:
            prob: probability of the equal-tailed interval, in (0, 1).

        Returns:
            two rows with columns run, group, forecast (from siblings and checkpoints, or from siblings alone), seen
            (share of training), tokens or step (at the end), siblings, unit, prob, median, lower, upper, target,
            reaches (the probability to end at or below it; both missing without a target), extrapolation;
            ``attrs["note"]`` is the note.

        Raises:
            SettingsError: no such probability.
        """
        check_prob(prob)
        about, place = self.draws.attrs, self.draws.attrs["place"]
        rows = []
        for name, words in FROM.items():
            draws = self.draws[name].isel(share=-1)
            median, lower, upper = interval(draws, prob, axis=(0, 1))
            row = {"run": about["run"], "group": about["group"], "forecast": words, "seen": self.seen}
            row |= {place: float(self.draws[place][-1]), "siblings": about["siblings"], "unit": LOSS.unit}
            row |= {"prob": float(prob), "median": median, "lower": lower, "upper": upper}
            row |= {"target": np.nan, "reaches": np.nan}
            if self.target is not None:
                row |= {"target": self.target, "reaches": float((draws <= self.target).mean())}
            rows.append(row | {"extrapolation": float(self.draws["extrapolation"])})
        return self._noted(rows)

    def funnel(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Return what the run passes on its way, with its checkpoints and without.

        Args:
            prob: probability of the equal-tailed interval at each place, in (0, 1).

        Returns:
            columns run, group, forecast, share, tokens or step, unit, prob, median, lower, upper; ``attrs["note"]`` is
            the note.

        Raises:
            SettingsError: no such probability.
        """
        check_prob(prob)
        about, place = self.draws.attrs, self.draws.attrs["place"]
        rows = []
        for name, words in FROM.items():
            ends = zip(*interval(self.draws[name], prob, axis=(0, 1)), strict=True)
            for share, where, (median, lower, upper) in zip(
                self.draws["share"].to_numpy(), self.draws[place].to_numpy(), ends, strict=True
            ):
                row = {"run": about["run"], "group": about["group"], "forecast": words, "share": float(share)}
                row |= {place: float(where), "unit": LOSS.unit, "prob": float(prob)}
                rows.append(row | {"median": median, "lower": lower, "upper": upper})
        return self._noted(rows)

    def stop(self, *, threshold: float = 0.05, worth: float | None = None, price: Any = None) -> pd.DataFrame:
        """Return whether to stop the run now, and what that saves and risks.

        Without ``worth`` the run is stopped where the probability to reach the target is below the threshold; with it,
        where what is left to pay is more than the expected worth of going on. Going on to the end is what stopping is
        held against: that one may stop later is not counted, and makes going on worth a little more.

        Args:
            threshold: the probability below which a run is stopped, in (0, 1).
            worth: what reaching the target is worth, in the unit of prices.
            price: of a FLOP, or a :class:`bayescale.costs.RateCard`; None to pay compute in compute.

        Returns:
            one row with columns run, group, seen, target, reaches (the probability to reach it), left (the share of
            training that is left), cost_left (6ND; missing where params or tokens are not known), unit, rule, stop,
            wrong (the probability that what the rule says is wrong: the stopped run would have reached the target, or
            the other does not), saving (what stopping now saves, less the expected worth that is lost; missing without
            a worth), break_even (the worth at which both are equal; missing
            where no draw reaches the target).

        Raises:
            SettingsError: no target, no such probability, a worth that is not positive, or a worth where cost is not
                known.
        """
        target, reaches = self._target(None), self.reaches()
        check_prob(threshold)
        money = Money.of(price)
        cost = self._cost_left() * money.per_flop
        saving, rule = np.nan, f"reaches < {threshold:g}"
        stop = reaches < threshold
        if worth is not None:
            worth = positive_number("worth", worth, f"what reaching the target is worth in {money.unit}")
            if np.isnan(cost):
                raise SettingsError("A worth is held against cost, which needs a table with params and tokens.")
            saving, rule = cost - worth * reaches, "cost left > worth x reaches"
            stop = saving > 0
        row = {"run": self.draws.attrs["run"], "group": self.draws.attrs["group"], "seen": self.seen, "target": target}
        row |= {"reaches": reaches, "left": 1.0 - self.seen, "cost_left": cost, "unit": money.unit, "rule": rule}
        row |= {"stop": bool(stop), "wrong": reaches if stop else 1.0 - reaches, "saving": saving}
        return self._noted([row | {"break_even": cost / reaches if reaches else np.nan}])

    def _cost_left(self) -> float:
        """FLOP to the end."""
        if TOKENS.name not in self.draws.coords:
            return float("nan")
        tokens = float(self.draws[TOKENS.name][-1]) * (1.0 - self.seen)
        return float(SixND()(float(self.draws.attrs["params"]), tokens))

    def _target(self, target: float | None) -> float:
        if target is not None:
            return positive_number("target", target, "a loss in nats/token")
        if self.target is None:
            raise SettingsError("This needs the loss that the run should end at or below; follow it with target=2.3.")
        return self.target

    def _noted(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        table = pd.DataFrame(rows)
        table.attrs["note"] = self.note
        return table

    def __repr__(self) -> str:
        head = f"Run {self.draws.attrs['run']!r} at {100 * self.seen:.3g} % of its training"
        return with_note(f"{head}\n{self.table().to_string(index=False)}", self.note)
