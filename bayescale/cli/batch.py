"""``bayescale batch``: the fits of a study, made where they are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.options import AsFormat, Format
from bayescale.cli.output import emit, paragraph, print_table

if TYPE_CHECKING:
    import pandas as pd

    from bayescale.study.results import Results
    from bayescale.study.tasks import Tasks

# Fits that are not ok, the worst first, that are shown to people.
SHOWN = 5
Study = Annotated[str, typer.Argument(metavar="STUDY.toml", help="The study.", show_default=False)]
Out = Annotated[str, typer.Option("--out", "-o", help="Folder of the results; what it has of the study is kept.")]
ProcessCount = Annotated[
    int | None, typer.Option("--processes", help="Processes of this machine; one.", show_default=False)
]
WorkerCount = Annotated[
    int | None, typer.Option("--workers", help="Workers of a Dask cluster of this machine.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="URL", help="Of a Dask cluster: tcp:// or tls://HOST:PORT.", show_default=False
    ),
]
ShardOf = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares.", show_default=False)
]
Merge = Annotated[bool, typer.Option("--merge", help="Make no fits; put the parts of all shards together.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Make no fits; say which there would be.")]
Redo = Annotated[bool, typer.Option("--redo", help="Try again what timed out or cost its workers.")]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what the folder holds of another study.")]
OwnLaws = Annotated[
    list[str] | None,
    typer.Option("--law", metavar="FILE.py:CLASS", help="Your own law of the study, repeatable; this runs the file."),
]


def batch(
    study: Study,
    out: Out = "results",
    processes: ProcessCount = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = None,
    shard: ShardOf = None,
    merge: Merge = False,
    dry_run: DryRun = False,
    redo: Redo = False,
    prune: Prune = False,
    law: OwnLaws = None,
    form: AsFormat = Format.table,
) -> None:
    """Make the fits of a study that its folder does not have yet.

    Exit code 0: all fits are there and ok; 1: some are flagged, failed, timed out or missing; 2: wrong usage or input.
    """
    if merge:
        _refuse_beside_merge(
            {"--processes": processes, "--workers": workers, "--scheduler": scheduler, "--shard": shard}
            | {"--dry-run": dry_run or None, "--redo": redo or None, "--prune": prune or None, "--law": law or None}
        )

    import bayescale as bs
    from bayescale.study.run import plan

    if dry_run:
        emit(_planned(plan(bs.Study.read(study), law or ())), form, _show_planned)
        return
    if merge:
        bs.Study.read(study)
        results = bs.merge_results(out)
    else:
        results = bs.run_study(
            study, out,
            processes=processes, workers=workers, scheduler=scheduler, shard=shard, laws=law or (), redo=redo,
            prune=prune,
        )  # fmt: skip
    emit(results.run_times if form is Format.table else results.summary, form, _show_times)
    if form is Format.table:
        _describe(results)
    if (results.missing and shard is None) or (results.parts and (results.summary["status"] != "ok").any()):
        raise typer.Exit(1)


def _refuse_beside_merge(given: Mapping[str, object]) -> None:
    """Refuse options that merging makes no use of; those that were not given are None."""
    if unused := [name for name, value in given.items() if value is not None]:
        from bayescale.language.errors import SettingsError

        raise SettingsError(
            f"--merge makes no fits and takes --out and --format only, got {' and '.join(unused)}; leave out what is "
            "for fits, or start the study without --merge."
        )


def _planned(tasks: Tasks) -> pd.DataFrame:
    """The fits that there would be."""
    import pandas as pd

    from bayescale.data import Runs

    runs = [tasks.runs[task.hash] for task in tasks.tasks]
    about = [
        {"rows": len(one), "problem": ""} if isinstance(one, Runs) else {"rows": 0, "problem": str(one)} for one in runs
    ]
    return pd.DataFrame([{"task": t.hash, **t.keys(), **one} for t, one in zip(tasks.tasks, about, strict=True)])


def _show_planned(table: pd.DataFrame) -> None:
    counted = Counter(zip(table["law"], table["noise"], table["seed"], strict=True))
    print_table(("law", "noise", "seed", "fits"), [tuple(map(str, (*key, n))) for key, n in counted.items()])
    bad = table[table["problem"] != ""]
    for label, problem in dict(zip(bad["table"], bad["problem"], strict=True)).items():
        paragraph(f"{label}: {problem}", hang=4)


def _show_times(table: pd.DataFrame) -> None:
    """Print the time that the fits of each law, noise and seed took."""
    rows = [
        (r["law"], r["noise"], f"{r['seed']}", f"{r['fits']:,}", f"{r['parts']:,}", f"{r['seconds']:,.1f}",
         "" if r["fits_per_second"] != r["fits_per_second"] else f"{r['fits_per_second']:,.1f}")
        for r in table.to_dict("records")
    ]  # fmt: skip
    heads = ("law", "noise", "seed", "fits", "parts", "seconds", "fits/s")
    print_table(heads, rows, right=heads[2:])
    typer.echo("")


def _describe(results: Results) -> None:
    """Print what there is and where, and the first fits that are not ok."""
    paragraph(repr(results), indent=0)
    if not results.parts:
        return
    summary = results.summary
    wrong = summary[summary["status"] != "ok"].sort_values("r_hat", ascending=False, na_position="first")
    for row in wrong.head(SHOWN).itertuples():
        where = " / ".join(filter(None, (row.table, row.family, "" if row.ratio != row.ratio else f"{row.ratio:g}x")))
        paragraph(f"{where}, {row.law}, {row.noise}, seed {row.seed}: {row.status}: {row.reason}", hang=4)
    if len(wrong) > SHOWN:
        paragraph(f"and {len(wrong) - SHOWN:,} more, with --format csv")
