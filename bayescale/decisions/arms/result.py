"""What a comparison of arms says: who is best at each budget, by how much, and where they cross."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.decisions.allocation.budgets import in_order
from bayescale.decisions.arms import scores
from bayescale.decisions.arms.contest import Contest
from bayescale.decisions.extrapolation import is_beyond, note_of, noted, with_note
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS

# Budgets between the least and the largest one at which crossings are looked for, straight between them.
GRID = 97
# What a row ends with.
LAST = ("extrapolation", "discrepancy", "note")


@dataclass(frozen=True, eq=False, repr=False)
class Arms:
    """A comparison of arms at budgets.

    Args:
        draws: loss in nats/token over chain, draw, arm, budget, with params and tokens (of the plans), extrapolation
            and discrepancy over arm, budget, and compute (FLOP) over budget. Draws of arms are paired. Attributes:
            kind, cost, params_convention, note.
        contest: what it is made from.
    """

    draws: xr.Dataset
    contest: Contest

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms."""
        return tuple(str(name) for name in self.draws["arm"].to_numpy())

    @property
    def note(self) -> str:
        """What there is to know of budgets beyond the data, a sentence; empty where there are none."""
        return note_of(self.draws)

    @cached_property
    def best(self) -> list[str]:
        """The arm with the least expected loss at each budget, which is the one to choose."""
        index = self._losses.mean(axis=0).argmin(axis=0)
        return [self.arms[i] for i in index]

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Return each arm at each budget.

        Args:
            prob: probability of the equal-tailed interval, in (0, 1).

        Returns:
            columns compute, cost, arm, params, tokens, kind, unit, prob, median, lower, upper (of the loss), best (the
            probability that no other arm is better), regret (the expected loss of choosing it over that of the best
            arm of each draw), extrapolation, discrepancy; ``attrs["note"]`` is the note, ``attrs["notes"]`` that of
            each row.

        Raises:
            SettingsError: no such probability.
        """
        losses = self._losses
        median, lower, upper = interval(losses, check_prob(prob), axis=0)
        columns = {"median": median, "lower": lower, "upper": upper}
        columns |= {"best": scores.best(losses), "regret": scores.regret(losses)}
        columns |= {name: self.draws[name].to_numpy() for name in ("params", "tokens", *LAST)}
        rows = [
            {"compute": compute, "cost": self.draws.attrs["cost"], "arm": arm, "kind": self.draws.attrs["kind"]}
            | {"unit": LOSS.unit, "prob": float(prob)}
            | {name: values[j, i] for name, values in columns.items()}
            for i, compute in enumerate(self._compute)
            for j, arm in enumerate(self.arms)
        ]
        order = ["compute", "cost", "arm", "params", "tokens", "kind", "unit", "prob", "median", "lower", "upper"]
        return noted(pd.DataFrame(rows)[[*order, "best", "regret", *LAST]], self.note)

    def pairs(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Return each pair of arms at each budget.

        Args:
            prob: probability of the equal-tailed interval, in (0, 1).

        Returns:
            columns compute, first, second, wins (the probability that the first has the lower loss), unit, prob,
            difference (median of the loss of the first less that of the second), lower, upper, sd (of the difference),
            correlation (of the two losses over draws: what they share cancels; missing where one has no spread),
            extrapolation (of the arm that goes further); ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each
            row.

        Raises:
            SettingsError: no such probability.
        """
        check_prob(prob)
        rows = []
        for (i, first), (j, second) in combinations(enumerate(self.arms), 2):
            ours, theirs = self._losses[:, i], self._losses[:, j]
            median, lower, upper = interval(ours - theirs, prob, axis=0)
            part = {"compute": self._compute, "first": first, "second": second, "wins": scores.wins(ours, theirs)}
            part |= {"unit": LOSS.unit, "prob": float(prob), "difference": median, "lower": lower, "upper": upper}
            part |= {"sd": (ours - theirs).std(axis=0), "correlation": _correlation(ours, theirs)}
            beyond, notes = (self.draws[name].to_numpy()[[i, j]] for name in ("extrapolation", "note"))
            further = np.nan_to_num(beyond, nan=0.0).argmax(axis=0)
            part |= {"extrapolation": beyond.max(axis=0), "note": notes[further, np.arange(further.size)]}
            rows.append(pd.DataFrame(part))
        return noted(in_order(pd.concat(rows, ignore_index=True), self._compute), self.note)

    def crossings(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Return where the curves of each pair cross between the least and the largest budget.

        It is about the curves with what a discrepancy adds, not about the luck of runs, and about the last crossing of
        each draw, from which on the arm that is ahead stays so.

        Args:
            prob: probability of the equal-tailed interval, in (0, 1).

        Returns:
            columns first, second, least, largest (the budgets between which, FLOP), crosses (the share of draws that
            cross at all), several (that cross more than once), first_overtakes (the first is behind at the least
            budget and ahead at the largest), second_overtakes, prob, compute (median of the last crossing over the
            draws that cross, FLOP; missing where none does), lower, upper; ``attrs["note"]`` is the note.

        Raises:
            SettingsError: no such probability, or a single budget.
        """
        check_prob(prob)
        if self._compute.size < 2:
            raise SettingsError("Crossings lie between budgets, and there is one; give the ends, compute=[1e20, 1e24].")
        ends = (float(self._compute.min()), float(self._compute.max()))
        rows = []
        for (i, first), (j, second) in combinations(enumerate(self.arms), 2):
            log_compute, logs = self._curves
            found = scores.crossing(log_compute, logs[:, i] - logs[:, j])
            crossed = found.last[found.count > 0]
            median, lower, upper = np.exp(interval(crossed, prob)) if crossed.size else (np.nan,) * 3
            row = {"first": first, "second": second, "least": ends[0], "largest": ends[1]}
            row |= {"crosses": (found.count > 0).mean(), "several": (found.count > 1).mean()}
            row |= {"first_overtakes": (found.overtakes > 0).mean(), "second_overtakes": (found.overtakes < 0).mean()}
            rows.append(row | {"prob": float(prob), "compute": median, "lower": lower, "upper": upper})
        return self._noted(pd.DataFrame(rows))

    def detectable(self, *, power: float = 0.8, prob: float = 0.95) -> pd.DataFrame:
        """Return the least difference of each pair that a design like this one would tell at each budget.

        Args:
            power: the probability with which a true difference of that size is told, in (0, 1).
            prob: the posterior probability that one is better from which on it counts as told, in (0.5, 1).

        Returns:
            columns compute, first, second, unit, power, prob, sd (of the difference), detectable (the least
            difference), difference (the median found), told (whether the posterior probability that one is better
            reaches ``prob``); ``attrs["note"]`` is the note.

        Raises:
            SettingsError: no such probabilities.
        """
        check_prob(power)
        if check_prob(prob) <= 0.5 or power + prob <= 1:
            raise SettingsError(f"prob must lie in (0.5, 1) and power above 1 - prob, got {prob!r} and {power!r}.")
        pairs = self.pairs()
        table = pairs[["compute", "first", "second", "unit"]].assign(power=float(power), prob=float(prob))
        table["sd"] = pairs["sd"]
        table["detectable"] = scores.detectable(pairs["sd"].to_numpy(), power, prob)
        table["difference"] = pairs["difference"]
        table["told"] = np.maximum(pairs["wins"], 1 - pairs["wins"]) >= prob
        return self._noted(table)

    @property
    def _compute(self) -> np.ndarray:
        return np.asarray(self.draws["compute"].to_numpy(), float)

    @cached_property
    def _losses(self) -> np.ndarray:
        """Draw x arm x budget."""
        values = self.draws[LOSS.name].to_numpy()
        return values.reshape(-1, *values.shape[2:])

    @cached_property
    def _curves(self) -> tuple[np.ndarray, np.ndarray]:
        """Log compute over a grid of budgets, and log losses of the curves there, draw x arm x budget."""
        asked = np.log(self._compute)
        grid = np.unique(np.concatenate([np.linspace(asked.min(), asked.max(), GRID), asked]))
        return grid, np.log(self.contest.outcome(np.exp(grid), "law").loss)

    def _noted(self, table: pd.DataFrame) -> pd.DataFrame:
        table.attrs["note"] = self.note
        return table

    def __repr__(self) -> str:
        far = "" if not is_beyond(self.draws["extrapolation"]).any() else ", some beyond the data"
        head = f"Comparison of {len(self.arms)} arms at {self._compute.size} budgets{far}"
        return with_note(f"{head}\n{self.table().to_string(index=False)}", self.note)


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of paired draws, over budget; NaN where there is no spread."""
    apart = [one - one.mean(axis=0) for one in (first, second)]
    spread = np.sqrt((apart[0] ** 2).mean(axis=0) * (apart[1] ** 2).mean(axis=0))
    # What rounding leaves of equal draws is no spread.
    known = spread > 1e-14 * np.abs(first.mean(axis=0) * second.mean(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, (apart[0] * apart[1]).mean(axis=0) / spread, np.nan)
