"""Answers that are a table of plans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import pandas as pd

from bayescale.decisions.extrapolation import with_note


@dataclass(frozen=True, eq=False, repr=False)
class PlanTable(ABC):
    """One row per plan, of one family.

    Args:
        results: the rows; ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.
    """

    results: pd.DataFrame

    @property
    @abstractmethod
    def title(self) -> str:
        """What the plans are, as the head of the printed table."""

    @property
    def note(self) -> str:
        """What there is to know of budgets beyond the data, a sentence; empty where there are none."""
        return str(self.results.attrs.get("note", ""))

    def __repr__(self) -> str:
        head = f"{self.title}, {self.results['group'].iloc[0]}"
        return with_note(f"{head}\n{self.results.to_string(index=False)}", self.note)
