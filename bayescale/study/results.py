"""The results of a study, as tables and draws."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import xarray as xr

from bayescale.language.errors import SettingsError, StoreError
from bayescale.show.inert import inert
from bayescale.study.files import write_whole
from bayescale.study.folder import Folder
from bayescale.study.manifest import Manifest, manifest_in
from bayescale.study.parts import Record, opened_draws, read_table, records, table_bytes


@dataclass(frozen=True, eq=False)
class Results:
    """What there is of a study.

    Args:
        path: folder of the results.
        manifest: all fits of the study.
        parts: those that are done, by the hash of the task.

    Examples:
        >>> import bayescale as bs
        >>> results = bs.open_results("results")  # doctest: +SKIP
        >>> flagged = results.summary.query("status != 'ok'")  # doctest: +SKIP
        >>> results.draws(flagged["task"].iloc[0])["alpha"].mean().item()  # doctest: +SKIP
        0.34
    """

    path: Path
    manifest: Manifest
    parts: dict[str, Record]

    @property
    def missing(self) -> tuple[str, ...]:
        """Hashes of the tasks that are not done."""
        return tuple(task.hash for task in self.manifest.tasks if task.hash not in self.parts)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per fit that is done, in the order of the study: what it is, its status, checks and reason."""
        return self._table("summary")

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row per fit and parameter: median and equal-tailed interval."""
        return self._table("estimates")

    @property
    def run_times(self) -> pd.DataFrame:
        """One row per law, noise and seed: fits, parts, seconds at work, and fits a second."""
        tasks = {task.hash: task for task in self.manifest.tasks}
        rows = [
            {
                "law": task.law,
                "noise": task.noise,
                "seed": task.seed,
                "fits": len(record.tasks),
                "seconds": record.seconds,
            }
            for record in {record.id: record for record in self.parts.values()}.values()
            if (task := tasks.get(record.tasks[0]))
        ]
        table = pd.DataFrame(rows, columns=["law", "noise", "seed", "fits", "seconds"]).assign(parts=1)
        summed = table.groupby(["law", "noise", "seed"], sort=False, as_index=False)[["fits", "parts", "seconds"]].sum()
        return summed.assign(fits_per_second=summed["fits"] / summed["seconds"].where(summed["seconds"] > 0))

    def draws(self, task: str) -> xr.Dataset:
        """Posterior draws, anchors and checks of one fit.

        Args:
            task: its hash, as in the column ``task`` of the summary, or the beginning of it.

        Returns:
            a dataset over chain and draw.

        Raises:
            SettingsError: no such fit, or several.
            StoreError: its draws were not kept.
        """
        found = [name for name in self.parts if name.startswith(task)]
        if len(found) != 1:
            raise SettingsError(f"{len(found) or 'No'} fits that are done begin with {task!r}; see .summary['task'].")
        record = self.parts[found[0]]
        if "draws" not in record.files:
            raise StoreError(f"There are no draws of the fit {task!r}; the study keeps none, or the fit failed.")
        file = Folder(self.path).file("draws", record.id)
        try:
            with opened_draws(file) as draws:
                return draws.isel(fit=record.tasks.index(found[0])).load()
        except Exception as error:  # whatever a damaged file makes of other libraries
            raise StoreError(f"{file} holds no draws of a study: {error}.") from error

    def _table(self, kind: str) -> pd.DataFrame:
        folder, order = Folder(self.path), {task.hash: i for i, task in enumerate(self.manifest.tasks)}
        wanted = dict.fromkeys(record.id for record in self.parts.values())
        tables = [read_table(folder.file(kind, name)) for name in wanted]
        if not tables:
            return pd.DataFrame()
        for name, table in zip(wanted, tables, strict=True):
            if lacking := {"task", "status"} - set(table) if kind == "summary" else {"task"} - set(table):
                raise StoreError(f"{folder.file(kind, name)} lacks the column {min(lacking)!r}; start the study again.")
        whole = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
        place = whole["task"].map(order)
        return whole.iloc[place.argsort(kind="stable")].reset_index(drop=True)

    def __repr__(self) -> str:
        counts = self.summary["status"].value_counts() if self.parts else {}
        said = ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "none done"
        lacking = f"; {len(self.missing):,} missing" if self.missing else ""
        count = len(self.manifest.tasks)
        return f"Study of {count:,} fit{'s' * (count != 1)} in {self.path}: {said}{lacking}"


def open_results(path: str | os.PathLike[str]) -> Results:
    """Open the results of a study, done or not.

    Args:
        path: folder of the results.

    Returns:
        what there is so far.

    Raises:
        StoreError: it is none.

    Examples:
        >>> import bayescale as bs, tempfile
        >>> study = bs.Study.of({"tables": {"pile": {"dataset": "pile-families", "groups": ["Pythia"]}}})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = bs.run_study(study, folder, shard="2/2")  # the only part is in the first share
        ...     results = bs.open_results(folder)
        >>> len(results.parts), len(results.missing)
        (0, 1)
    """
    folder = Folder(path)
    manifest = manifest_in(folder)
    wanted, parts = {task.hash for task in manifest.tasks}, dict[str, Record]()
    for record in records(folder):
        # Parts of other shards may be changing: what is there twice, or no longer wanted, does not count.
        if set(record.tasks) <= wanted and not set(record.tasks) & set(parts):
            parts |= dict.fromkeys(record.tasks, record)
    return Results(folder.path, manifest, parts)


def merge_results(path: str | os.PathLike[str]) -> Results:
    """Put the parts of a study, of all its shards, together in one file for each table, as the study names them.

    Args:
        path: folder of the results.

    Returns:
        the results, all of them.

    Raises:
        StoreError: it is no folder of results, another process writes to it, or fits are missing.

    Examples:
        >>> import bayescale as bs
        >>> for shard in ("1/2", "2/2"):  # each by a process of its own, on any machine
        ...     bs.run_study("study.toml", "results", shard=shard)  # doctest: +SKIP
        >>> results = bs.merge_results("results")  # doctest: +SKIP
    """
    manifest_in(Folder(path))
    with Folder(path).held(None):
        return merge_held(path)


def merge_held(path: str | os.PathLike[str]) -> Results:
    """:func:`merge_results` for a caller that keeps others from writing to the folder."""
    results = open_results(path)
    if results.missing:
        count, total = len(results.missing), len(results.manifest.tasks)
        raise StoreError(
            f"{count:,} of {total:,} fits are missing in {path}; start the study again, or its other shards."
        )
    outputs = results.manifest.outputs
    for name, table in ((outputs.summary, results.summary), (outputs.estimates, results.estimates)):
        write_whole(results.path / name, _encoded(table, name))
    return results


def _encoded(table: pd.DataFrame, name: str) -> bytes:
    if name.endswith(".csv"):
        return inert(table).to_csv(index=False, lineterminator="\n").encode()
    return table_bytes(table)
