"""What next_run answers: candidates by what they are worth, and whether any is worth its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from bayescale.decisions.extrapolation import with_note
from bayescale.language.errors import SettingsError

if TYPE_CHECKING:
    from bayescale.decisions.next_run.problem import Problem

# A value below its price by less than so many Monte-Carlo errors is not called worth it.
ERRORS = 2.0
SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class NextRun:
    """Candidate runs by what each is expected to be worth, made by :func:`bayescale.next_run`.

    Args:
        problem: goal, candidates and belief.
        records: the rows of :meth:`table`.
        chosen: the rows of :meth:`batch`.
    """

    problem: Problem
    records: pd.DataFrame
    chosen: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return the candidates, each as if it were the only run to be trained, the best first.

        Returns:
            rank; the inputs; cost in FLOP; price in the unit of prices; group; goal; sd_before and sd_after: the root
            mean variance of the goal's targets (for several parameters the geometric mean sd along their axes) without
            and after the run; value, the fall of the expected loss in ``unit``, with value_error, its Monte-Carlo
            standard error; value_per_price; affordable; extrapolation, the run's compute (6ND) over the largest in the
            data.
            ``attrs["note"]`` is the note.
        """
        table = self.records.copy()
        table.attrs["note"] = self.note
        return table

    def batch(self) -> pd.DataFrame:
        """Return the runs that were chosen together, in order, each given those before it.

        Returns:
            the columns of :meth:`table` without value_error; rank is the order, and a candidate may come twice. It
            ends early where nothing affordable is left that is worth its price.
        """
        table = self.chosen.copy()
        table.attrs["note"] = self.note
        return table

    @property
    def best(self) -> pd.Series:
        """The affordable candidate that comes first.

        Raises:
            SettingsError: none is affordable.
        """
        if not self.records["affordable"].any():
            raise SettingsError(self.note)
        return self.records.iloc[0]

    @property
    def worth_it(self) -> bool | None:
        """Whether some affordable run is worth more than its price, beyond Monte-Carlo error; None without a worth."""
        if not self.problem.aim.priced:
            return None
        return bool(worth_its_price(self.records).any())

    @property
    def note(self) -> str:
        """What follows from the table, in sentences."""
        return f"{self._verdict()} {self.problem.note}".strip()

    def nested(self, *, top: int = 5, replicates: int = 128, seed: int | None = None) -> pd.DataFrame:
        """Return the values of the first candidates without linearising: by posteriors of simulated runs.

        Each replicate simulates a run from one posterior draw and weighs the other draws by its density (smoothed by
        Pareto's law). It knows skewness and strays, and needs weights that do not fail.

        Args:
            top: candidates, the first of the table.
            replicates: runs that are simulated of each.
            seed: of these; by default that of the question.

        Returns:
            rank, the inputs, value (of the table), nested with nested_error, its Monte-Carlo standard error, and
            unreliable: the share of replicates whose weights have a Pareto shape above 0.7. Where that is large, refit.

        Raises:
            SettingsError: numbers that are none, or a fit with a model error, which a simulated run would not have.

        References:
            vehtari2024pareto
        """
        from bayescale.decisions.next_run.nested import nested_values

        return nested_values(self.problem, self.records, top=top, replicates=replicates, seed=seed)

    def _verdict(self) -> str:
        if not self.records["affordable"].any():
            cheapest = self.records["price"].min()
            return f"No candidate is affordable; the cheapest costs {cheapest:.3g} {self.problem.money.unit}."
        if self.worth_it is None:
            return "What knowing more is worth was not said (worth=...), so no price is held against these values."
        if not self.worth_it:
            return "No affordable run is worth its price: stop here."
        worth = worth_its_price(self.records)
        first = self.records[worth].iloc[0]
        times = f"{first['value'] / first['price']:.3g}"
        if worth.iloc[0]:
            return f"The first run is worth {times} times its price."
        return f"Run {first['rank']} is the first that is worth its price, {times} times that."

    def __repr__(self) -> str:
        head = f"Next run for {self.problem.aim.words}, {self.problem.group}: {len(self.records):,} candidates"
        return with_note(f"{head}\n{self.records.head(SHOWN).to_string(index=False)}", self.note)


def worth_its_price(records: pd.DataFrame) -> pd.Series:
    """Whether each affordable candidate is worth more than its price, beyond Monte-Carlo error."""
    sure = records["value"] - ERRORS * records["value_error"]
    return records["affordable"] & (sure > records["price"])
