"""``bayescale datasets``: public tables of runs by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.options import AsFormat, Format
from bayescale.cli.output import emit, heading, paragraph

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Runs

LIST_COLUMNS = ("name", "title", "rows", "variants", "cluster", "citation_key", "licence", "state", "address", "notes")


def datasets(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set; without it the list.", show_default=False)
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", help="One of its selections or responses.", show_default="the first")
    ] = None,
    path: Annotated[str | None, typer.Option("--path", help="Your own copy of its file.", show_default=False)] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="Write the tidy table to this CSV file.", show_default=False)
    ] = None,
    form: AsFormat = Format.table,
) -> None:
    """List the public data sets, or print or write one as a table that 'bayescale fit' reads.

    The list says where each would come from: embedded in the package, local (the folder of BAYESCALE_DATASETS),
    cached, download, or bring your own. A file of another content than the registry knows is refused.
    """
    from bayescale.data import datasets as known

    if name is None:
        _refuse_without_name(variant=variant, path=path, out=out)
        emit(_records(), form, _list)
        return
    info = known.describe(name)
    runs = known.load(name, variant, path=path)
    if out is not None:
        _write(runs, out)
        return
    emit(runs.to_frame(), form, lambda _: _show(info, runs))


def _refuse_without_name(**options: str | None) -> None:
    """Refuse options of one data set where none is named.

    Raises:
        SettingsError: such an option was given.
    """
    from bayescale.language.errors import SettingsError

    given = [f"--{option}" for option, value in options.items() if value is not None]
    if given:
        raise SettingsError(f"{given[0]} is of one data set: name it, as in 'bayescale datasets chinchilla'.")


def _records() -> pd.DataFrame:
    """What is known of every data set, one row each."""
    import pandas as pd

    from bayescale.data import datasets as known

    records = []
    for name in known.names():
        info = known.describe(name)
        record = {key: getattr(info, key) for key in ("name", "title", "rows", "citation_key", "licence", "notes")}
        address = None if info.file is None else info.file.address
        variants = " ".join(one.name for one in info.variants)
        records.append(
            record
            | {"variants": variants, "cluster": info.cluster or name, "state": known.state(name), "address": address}
        )
    return pd.DataFrame(records)[list(LIST_COLUMNS)]


def _list(table: pd.DataFrame) -> None:
    for record in table.to_dict("records"):
        paragraph(f"{record['name']}: {record['title']}", indent=0, hang=2)
        facts = f"{record['rows']:,} rows; {record['state']}; cites {record['citation_key']}"
        paragraph(f"{facts}; licence: {record['licence']}")
    typer.echo("")
    paragraph("One in detail: bayescale datasets NAME; as a file: bayescale datasets NAME --out runs.csv", indent=0)


def _show(info: Any, runs: Runs) -> None:
    from bayescale.data import datasets as known
    from bayescale.laws import citation

    heading(f"{info.name}: {info.title}")
    typer.echo(f"{runs}\n")
    for warning in runs.warnings:
        paragraph(f"[{warning.code}] {warning.message}", indent=0, hang=2)
    typer.echo("")
    paragraph(info.notes, indent=0)
    typer.echo("\nVariants:")
    for one in info.variants:
        paragraph(f"{one.name}: {one.title} ({one.rows:,} rows)", indent=2, hang=4)
    typer.echo(f"\nLicence: {info.licence}")
    if info.file is not None:
        typer.echo(f"From: {info.file.origin}\n  {info.file.address or 'no address: bring your own copy'}")
        typer.echo(f"  {info.file.path} ({known.state(info.name)}), sha256 {info.file.sha256}")
    typer.echo(f"\n{citation(info.citation_key)}")


def _write(runs: Runs, out: str) -> None:
    """Write the table to a temporary name and rename it, and say how it is read again."""
    import os
    import shlex
    from pathlib import Path

    from bayescale.language.errors import SettingsError
    from bayescale.language.files import whole_file

    target = Path(os.path.realpath(Path(out).expanduser()))
    if target.suffix.lower() != ".csv":
        raise SettingsError(f"--out must end in .csv, got {out!r}.")
    if not target.parent.is_dir() or (target.exists() and not target.is_file()):
        raise SettingsError(f"--out {out} cannot be written: give the path of a file in a folder that exists.")
    try:
        with whole_file(target) as unfinished:
            runs.table.to_csv(unfinished, index=False, lineterminator="\n")
    except OSError as error:
        raise SettingsError(f"--out {out} could not be written: {error}.") from error
    read = "" if runs.params_convention == "total" else f" --params-convention {runs.params_convention}"
    typer.echo(f"Saved {len(runs):,} rows to {out}. Next:\n  bayescale fit {shlex.quote(out)}{read}")
