"""Making a study: what is done is kept, what is missing is made, and the results are put together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bayescale.inference.many.progress import fits_progress
from bayescale.language.errors import SettingsError, StoreError
from bayescale.laws import find_law
from bayescale.study.chunks import Chunk, Shard, chunks_of
from bayescale.study.executors.crew import Crew
from bayescale.study.executors.drive import drive
from bayescale.study.folder import Folder, Hold
from bayescale.study.manifest import Manifest
from bayescale.study.parts import REDO, has_parts, settle, write_part
from bayescale.study.results import Results, merge_held, open_results
from bayescale.study.study import Study
from bayescale.study.tasks import Tasks, expand
from bayescale.study.work import Part, order_for


def run_study(
    study: Study | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    processes: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    shard: str | None = None,
    laws: Sequence[str] = (),
    redo: bool = False,
    prune: bool = False,
    progress: bool | None = None,
) -> Results:
    """Make the fits of a study that its folder does not have yet.

    Args:
        study: or the path of its TOML file.
        out: folder of the results. Fits that it holds are kept if nothing that they depend on has changed: runs, law,
            noise, priors, settings, seed, label and versions.
        processes: of this machine, with one thread each; one by default. They import the script that calls this, so
            that it needs ``if __name__ == "__main__":`` around its call.
        workers: of a Dask cluster of this machine.
        scheduler: address of that of a Dask cluster, such as ``"tcp://10.0.0.1:8786"`` or ``"tls://..."``; whoever
            reaches it can run code here and on its workers.
        shard: ``"i/n"`` for the i-th of n shares, each by a process of its own; :func:`bayescale.merge_results` puts
            them together.
        laws: laws of your own that the study names, as ``"file.py:Class"``; this runs the files, here and by workers.
        redo: try again what timed out or cost its workers.
        prune: remove what the folder holds although the study wants none of it. Of a study that was edited, what is no
            longer wanted is removed in any case.
        progress: show a progress bar with rate and time left; by default on a terminal only.

    Returns:
        the results; of a shard those that there are so far.

    Raises:
        SettingsError, LawError: what is wrong with the study.
        StoreError: a folder that cannot be written to, that another process writes to, or that holds fits of which the
            study wants none.

    Examples:
        >>> import bayescale as bs, tempfile
        >>> law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
        >>> design = bs.datasets.load("pile-families").to_frame()[["params", "tokens"]]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for i in range(2):
        ...         bs.simulate(law, design, seed=i).to_csv(f"{folder}/{i}.csv")
        ...     content = {"tables": {"made": {"files": "*.csv"}}, "settings": {"draws": 100}}
        ...     results = bs.run_study(bs.Study.of(content, folder=folder), f"{folder}/out")
        ...     results.summary[["table", "law", "seed", "status"]].values.tolist()
        [['made/0.csv', 'chinchilla', 0, 'ok'], ['made/1.csv', 'chinchilla', 0, 'ok']]
    """
    chosen = study if isinstance(study, Study) else Study.read(study)
    share = None if shard is None else Shard.of(shard)
    hire = _hire(chosen, processes, workers, scheduler)
    tasks = plan(chosen, laws)
    folder = Folder(out)
    folder.prepare()
    with folder.held(share) as hold:
        if not prune:
            _refuse_another(folder, tasks)
        chunks, done = _begin(folder, hold, tasks, share, redo)
        _make(folder, tasks, [one for chunk in chunks if (one := chunk.without(done)).tasks], hire, len(done), progress)
        if share is None:
            return merge_held(out)
    return open_results(out)


def plan(study: Study, laws: Sequence[str] = ()) -> Tasks:
    """The fits of a study, without making any.

    Args:
        study: whose.
        laws: laws of your own, as ``"file.py:Class"``.

    Raises:
        SettingsError: a law that the study does not name, and what is wrong with the study.
    """
    own = {}
    for spec in laws:
        if ".py:" not in spec:
            raise SettingsError(f"A law of your own is given as FILE.py:CLASS, got {spec!r}.")
        path, name = spec.rsplit(":", 1)
        own[find_law(spec).name] = f"{Path(path).resolve()}:{name}"
    if unused := sorted(set(own) - set(study.laws)):
        raise SettingsError(f"The study does not name the law {unused[0]!r}; add it to laws = [...].")
    return expand(study, own)


def _hire(study: Study, processes: int | None, workers: int | None, scheduler: str | None) -> Callable[[], Crew]:
    """Who makes the fits, hired when there are any."""
    given = {"processes": processes, "workers": workers, "scheduler": scheduler}
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise SettingsError(f"Fits are made by processes, workers or those of a scheduler, got {' and '.join(chosen)}.")
    for name in {"processes", "workers"} & set(chosen):
        if isinstance(given[name], bool) or not isinstance(given[name], int) or given[name] < 1:  # type: ignore[operator]
            raise SettingsError(f"{name} must be a whole number of at least 1, got {given[name]!r}.")
    if workers is not None or scheduler is not None:
        from bayescale.study.executors.cluster import Cluster, require_dask

        require_dask()
        return partial(Cluster, scheduler, workers, study.seconds)
    from bayescale.study.executors.processes import Processes

    return partial(Processes, processes or 1, study.seconds)


def _refuse_another(folder: Folder, tasks: Tasks) -> None:
    """Refuse a folder whose fits would all be removed."""
    before = Manifest.read(folder)
    if before is None or not has_parts(folder):
        return
    if {task.hash for task in before.tasks}.isdisjoint(task.hash for task in tasks.tasks):
        raise StoreError(
            f"{folder.path} holds fits of which this study wants none: they are of another study, or its runs, laws, "
            "settings or versions have changed. Give another folder, or prune (--prune) to remove them."
        )


def _begin(
    folder: Folder, hold: Hold, tasks: Tasks, share: Shard | None, redo: bool
) -> tuple[tuple[Chunk, ...], set[str]]:
    """Write the manifest if it is another, and find out what is done."""
    manifest, chunks = Manifest.of(tasks), chunks_of(tasks.tasks, tasks.study.part)
    if share is None:
        folder.sweep()
        manifest.write(folder)
    elif Manifest.read(folder) != manifest:
        with hold.alone():
            manifest.write(folder)
    mine = chunks if share is None else share.share(chunks)
    hashes = {task.hash for chunk in mine for task in chunk.tasks}
    return mine, settle(folder, tasks.tasks, hashes if redo else ()) & hashes


def _make(
    folder: Folder, tasks: Tasks, chunks: Sequence[Chunk], hire: Callable[[], Crew], done: int, progress: bool | None
) -> None:
    """Make what is missing and write each part as it comes."""
    if not chunks:
        return
    total, ended = done + sum(len(chunk.tasks) for chunk in chunks), {"flagged": 0, "failed": 0}
    with fits_progress(total, progress) as report:
        report(done, "")

        def deliver(part: Part) -> None:
            nonlocal done
            done += len(part.chunk.tasks)
            record = write_part(folder, part)
            ended["flagged"] += record.status.count("flagged")
            ended["failed"] += sum(status in ("failed", *REDO) for status in record.status)
            report(done, ", ".join(f"{count} {what}" for what, count in ended.items() if count))

        drive(chunks, hire(), partial(order_for, tasks), deliver)
