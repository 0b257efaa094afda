"""A validated table of training runs."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bayescale.data.checkpoints import DROPPED, Early
from bayescale.data.model_error import with_model_error
from bayescale.data.schema import REQUIRED_COLUMNS, Column, columns_with
from bayescale.data.sources import FRAME
from bayescale.data.suspicions import suspicions
from bayescale.language.errors import DataWarning, SettingsError
from bayescale.language.quantities import QUANTITIES, Quantity

# Codes of what is said of a table as a whole, which a selection of its rows keeps.
LEFT_OUT = "rows-left-out"
COUNTS_DIFFER = "families-count-differently"
# Rows whose content is hashed at a time, so that the copies it takes stay small beside a large table.
HASHED_ROWS = 1 << 16
KEPT = (DROPPED, LEFT_OUT, COUNTS_DIFFER)


@dataclass(frozen=True, eq=False, repr=False)
class Runs:
    """Training runs, checked once; made by :func:`bayescale.data.read_runs` and by selecting from another.

    Args:
        table: one row per run, index 0..n-1, canonical columns only: family, run, budget (text) and numbers (float64)
            with the names of quantities, mostly params, tokens, compute and loss. It is shared, not copied: do not
            change it, take ``to_frame()``.
        group: name of the source column that gave the families, or None.
        loss_unit: unit of ``loss`` and ``loss_se``; nats/token whatever the source had.
        params_convention: how the source counts parameters.
        compute_convention: ``"6ND"`` where one of params, tokens, compute was computed, else ``"exact"``.
        source: file name, or ``"DataFrame"``.
        source_loss_unit: the unit before reading.
        bytes_per_token: what turned bits/byte into nats/token; None for other units, or where it is not known.
        renamed: canonical name to the source's column where these differ, the family's besides, and to None where a
            column was left out; None where it is not known.
        warnings: what looks suspicious, each with a code.
        quantities: those of the table that are not in every table: mixture weights, and those that a law declares.
    """

    table: pd.DataFrame
    group: str | None = None
    loss_unit: str = "nats/token"
    params_convention: str = "total"
    compute_convention: str = "6ND"
    source: str = FRAME
    source_loss_unit: str = "nats/token"
    bytes_per_token: float | None = None
    renamed: Mapping[str, str | None] | None = None
    warnings: tuple[DataWarning, ...] = ()
    quantities: tuple[Quantity, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Family names in order of first appearance; empty where the runs are not grouped."""
        return tuple(self.table["family"].unique().tolist()) if "family" in self.table else ()

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, over rows, in float64; looked up once, which takes as long as some hundred rows.

        Raises:
            KeyError: the table has no such column.
        """
        if name not in self._numbers:
            self._numbers[name] = self.table[name].to_numpy(np.float64)
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def columns(self) -> dict[str, Column]:
        """What columns the table may have, in their order."""
        return columns_with(self.quantities)

    @cached_property
    def sha256(self) -> str:
        """Hash of the content: names and values of the canonical columns, in row order, wherever they came from."""
        digest = hashlib.sha256()
        for name, column in self.columns.items():
            if name not in self.table:
                continue
            digest.update(f"{name}:{len(self)}:".encode())
            for start in range(0, len(self), HASHED_ROWS):
                part = self.table[name].iloc[start : start + HASHED_ROWS]
                if column.kind == "number":
                    # Adding zero turns -0.0 into 0.0; little-endian whatever the machine.
                    digest.update((part.to_numpy(np.float64) + 0.0).astype("<f8").tobytes())
                else:
                    codes, texts = pd.factorize(part)
                    encoded = [text.encode() for text in texts]
                    # The length in front keeps ("ab", "c") and ("a", "bc") apart.
                    cells = [len(text).to_bytes(8, "little") + text for text in encoded]
                    digest.update(b"".join([cells[code] for code in codes]))
        return digest.hexdigest()

    def subset(self, mask: np.ndarray) -> Runs:
        """Return the runs where a mask is true; suspicions are looked for again, and not emitted.

        Args:
            mask: booleans, over rows.

        Raises:
            SettingsError: when the mask is not boolean or not of the table's length.
        """
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != (len(self),):
            raise SettingsError(
                f"mask must be {len(self)} booleans, one per run, got an array of {mask.dtype} with shape {mask.shape}."
            )
        return self._of(self.table[mask])

    def _of(self, table: pd.DataFrame) -> Runs:
        said = tuple(warning for warning in self.warnings if warning.code in KEPT)
        chosen = replace(self, table=table.reset_index(drop=True), warnings=())
        return replace(chosen, warnings=(*said, *suspicions(chosen)))

    def by_family(self) -> Iterator[tuple[str, Runs]]:
        """Yield every family with its runs, in the order of ``families``; nothing where the runs are not grouped.

        The table is gone through once, however many families it has.

        >>> import bayescale as bs
        >>> runs = bs.datasets.load("pile-families")
        >>> [(family, len(own)) for family, own in runs.by_family()][:2]
        [('Cerebras-GPT', 7), ('Cerebras-GPT muP', 5)]
        """
        if "family" in self.table:
            for family, rows in self.table.groupby("family", sort=False, observed=True):
                yield str(family), self._of(rows)

    def with_model_error(self, per_decade: float) -> Runs:
        """Return the runs with an error of the law that grows with distance below the largest compute.

        A law fitted over many decades of compute misses all of them a little, and its far end most. With this error the
        runs far below the largest count less, and what is predicted beyond follows the last decades.

        Args:
            per_decade: sd of the law's log response one decade below the largest compute of the family; it grows with
                the square root of the distance. 0 takes the error away.

        Raises:
            SettingsError: a negative number.
            DataError: a table without compute.
        """
        return with_model_error(self, per_decade)

    def drop_early(self, fraction: float = Early.fraction, tokens: float = Early.tokens) -> Runs:
        """Return the runs without their first checkpoints, saying how many rows that were.

        Args:
            fraction: of a run that is dropped, counted from its last row, in [0, 1); 0 for no such rule.
            tokens: rows with fewer are dropped; 0 for no such rule.

        Raises:
            SettingsError: a number outside these bounds.
            DataError: no row would be left, or the table does not say how far its runs are.

        Warns:
            DataWarning: what was dropped, also kept in ``warnings``.

        References:
            choshen2024hitchhiker
        """
        chosen = self.without_early(Early(fraction, tokens))
        if len(chosen) < len(self):
            warnings.warn(chosen.warnings[0], stacklevel=2)
        return chosen

    def without_early(self, early: Early) -> Runs:
        """Do what :meth:`drop_early` does, keeping the warning, as the first one, without emitting it."""
        kept, said = early.drop(self)
        chosen = self.subset(kept)
        return chosen if said is None else replace(chosen, warnings=(said, *chosen.warnings))

    def select(self, family: str | Sequence[str] | None = None, *, mask: np.ndarray | None = None) -> Runs:
        """Return the runs of some families, and of those the ones where a mask is true.

        Args:
            family: one name or several; None for all.
            mask: booleans, over rows of this table; None for all.

        Raises:
            SettingsError: when a family is unknown or the mask does not fit.
        """
        chosen = np.ones(len(self), dtype=bool) if mask is None else np.asarray(mask)
        if family is None:
            return self.subset(chosen)
        names = [family] if isinstance(family, str) else list(family)
        unknown = [name for name in names if name not in self.families]
        if unknown:
            have = f"the families are {', '.join(self.families)}" if self.families else "the runs have no families"
            raise SettingsError(f"no family {unknown[0]!r}: {have}.")
        inside = self.table["family"].isin(names).to_numpy(bool)
        return self.subset(chosen & inside if chosen.shape == inside.shape else chosen)

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def __repr__(self) -> str:
        rows = f"{len(self):,} run{'' if len(self) == 1 else 's'}"
        if self.families:
            rows += f" in {len(self.families)} famil{'y' if len(self.families) == 1 else 'ies'}"
        lines = [f"Runs: {rows}, from {self.source}"]
        kinds = {"params": self.params_convention, "compute": self.compute_convention}
        # A table of losses shows what all such tables have, another one all its quantities.
        quantities = QUANTITIES | {quantity.name: quantity for quantity in self.quantities}
        usual = set(REQUIRED_COLUMNS) <= set(self.table)
        shown = REQUIRED_COLUMNS if usual else tuple(name for name in self.table if name in quantities)
        width = max(8, *(len(name) + 1 for name in shown)) if shown else 8
        for name in shown if len(self) else ():
            low, high = self.table[name].min(), self.table[name].max()
            kind = f" ({kinds[name]})" if name in kinds else ""
            lines.append(f"  {name:<{width}}{low:.4g} to {high:.4g} {quantities[name].unit}{kind}".rstrip())
        if self.families:
            counts = self.table["family"].value_counts()
            named = ", ".join(f"{name} ({counts[name]})" for name in self.families[:8])
            lines.append(f"  families {named}{', ...' if len(self.families) > 8 else ''}")
        if extra := [name for name in self.table if name not in (*shown, "family")]:
            lines.append(f"  also    {', '.join(extra)}")
        if self.warnings:
            lines.append(f"  warnings {', '.join(warning.code for warning in self.warnings)}")
        return "\n".join(lines)
