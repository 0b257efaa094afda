"""What identify finds: expected sds, combinations, the runs to add, and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bayescale.data import Runs
from bayescale.inference.checks import Checks
from bayescale.language.errors import SettingsError
from bayescale.laws import Law
from bayescale.validation.identify.additions import Interest, expected_additions, interest_sd
from bayescale.validation.identify.checks import best_addition, design_checks, worst_checks
from bayescale.validation.identify.combinations import combinations
from bayescale.validation.identify.design import Design


@dataclass(frozen=True, eq=False, repr=False)
class Identification:
    """What a table can tell of a law before it is fitted; made by :func:`identify`.

    Args:
        law: the law class.
        runs: of each family, in order.
        designs: of each family, in the same order.
        candidates: runs that might be added, of each family.
        interests: a quantity of interest of each family, None where there is none.
    """

    law: type[Law]
    runs: tuple[Runs, ...]
    designs: tuple[Design, ...]
    candidates: tuple[pd.DataFrame, ...]
    interests: tuple[Interest | None, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The families; one empty name for a table without."""
        return tuple(design.family for design in self.designs)

    def table(self) -> pd.DataFrame:
        """Return one row per family and parameter, then one per quantity of interest.

        Returns:
            columns group; parameter; meaning; unit; value, where the law is linearised, in natural units at its anchors
            (the geometric means of the design); prior_sd, data_sd (infinite where the data alone leave it open) and
            expected_sd (data and prior) in the same units, linearised; data_share, the part of the prior variance that
            the data take away. Of the quantity of interest, log N* for laws of params and tokens, expected_sd only.
        """
        rows = []
        for design, interest in zip(self.designs, self.interests, strict=True):
            values, slopes = design.natural
            for j, p in enumerate(self.law.parameters):
                sds = (design.prior_sd[j], design.data_sd[j], design.expected_sd[j])
                about = [design.family, p.name, p.meaning, p.unit, values[j]]
                rows.append([*about, *(abs(slopes[j]) * sd for sd in sds), design.data_share[j]])
            if interest is not None:
                missing = [np.nan] * 3
                words = interest.words
                rows.append([design.family, words, words, "", *missing, interest_sd(design, interest), np.nan])
        columns = ["group", "parameter", "meaning", "unit", "value", "prior_sd", "data_sd", "expected_sd", "data_share"]
        return pd.DataFrame(rows, columns=columns)

    def combinations(self) -> pd.DataFrame:
        """Return what each family's design sees of the parameters together, best seen first.

        Returns:
            columns group; combination, such as ``"alpha against beta"``: alpha up with beta down; seen, whether the
            data tell at least as much of it as the prior; sd_ratio, expected sd over prior sd; data_share.
        """
        rows = [
            [design.family, c.words, c.seen, (1.0 - c.data_share) ** 0.5, c.data_share]
            for design in self.designs
            for c in combinations(design)
        ]
        return pd.DataFrame(rows, columns=["group", "combination", "seen", "sd_ratio", "data_share"])

    def additions(self, group: str | None = None) -> pd.DataFrame:
        """Return what each candidate run is expected to do for a family, the most useful first.

        Args:
            group: the family; None for the only one.

        Returns:
            the law's inputs, compute (FLOP), gain (nats, half the fall of the log determinant of the covariance),
            helps (the parameter whose sd falls most), sd_ratio (its sd after over before), and interest_ratio (the same
            for the quantity of interest), by which they are ordered where there is one, else by gain.
        """
        return self._additions[self._place(group)].copy()

    @cached_property
    def _additions(self) -> tuple[pd.DataFrame, ...]:
        each = zip(self.designs, self.candidates, self.interests, strict=True)
        return tuple(expected_additions(*one) for one in each)

    @cached_property
    def checks(self) -> Checks:
        """The checks: of several families the worst of each."""
        each = [design_checks(*one) for one in zip(self.designs, self.runs, self._additions, strict=True)]
        return Checks(each[0] if len(each) == 1 else worst_checks(each))

    def design(self, group: str | None = None) -> Design:
        """Return Fisher information, covariance and directions of a family's design."""
        return self.designs[self._place(group)]

    def _place(self, group: str | None) -> int:
        if group is None and len(self.designs) == 1:
            return 0
        if group not in self.groups:
            raise SettingsError(f"There is no family {group!r}; there are {', '.join(map(repr, self.groups))}.")
        return self.groups.index(group)

    def __repr__(self) -> str:
        families = f" in {len(self.groups)} families" if len(self.groups) > 1 else ""
        lines = [f"Design of {sum(map(len, self.runs)):,} runs{families} for {self.law.name}"]
        for design, runs, additions in zip(self.designs, self.runs, self._additions, strict=True):
            lines.append(f"  {_summary(design, runs)}")
            lines += [f"    not seen: {c.words}" for c in combinations(design) if not c.seen]
            if len(additions):
                lines.append(f"    {best_addition(additions)}")
        return "\n".join([*lines, f"  {self.checks.verdict}"])


def _summary(design: Design, runs: Runs) -> str:
    of = f"{design.family}: " if design.family else ""
    condition = f"{design.condition:.3g}" if np.isfinite(design.condition) else "infinite"
    return (
        f"{of}{len(runs)} runs, noise {noise_words(design.noise)}; rank {design.rank}, {design.seen} of "
        f"{len(design.names)} combinations identified, condition number {condition}"
    )


def noise_words(noise: Mapping[str, float]) -> str:
    """Return the noise at which the design is judged."""
    return ", ".join(f"{name} {value:.2g}" for name, value in noise.items())
