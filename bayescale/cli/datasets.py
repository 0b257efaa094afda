"""``bayescale datasets``: the data that comes with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.options import AsFormat, Format
from bayescale.cli.output import emit, paragraph

if TYPE_CHECKING:
    import pandas as pd


def datasets(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set; without it the list.", show_default=False)
    ] = None,
    form: AsFormat = Format.table,
) -> None:
    """List the data sets, or print one.

    With --format csv it prints a table that 'bayescale fit' reads.
    """
    import pandas as pd

    from bayescale.data import datasets as known

    if name is not None:
        info = known.describe(name)
        runs = known.load(name)
        emit(runs.to_frame(), form, lambda _: _show(info, runs))
        return
    infos = [known.describe(one) for one in known.names()]
    columns = ("name", "title", "rows", "citation_key", "licence", "notes")
    emit(pd.DataFrame([{key: getattr(info, key) for key in columns} for info in infos]), form, _list)


def _list(table: pd.DataFrame) -> None:
    for record in table.to_dict("records"):
        typer.echo(f"{record['name']}: {record['title']}")
        typer.echo(f"  {record['rows']} runs; cites {record['citation_key']}\n")
    typer.echo("One in detail: bayescale datasets NAME; as a file: bayescale datasets NAME --format csv > runs.csv")


def _show(info: Any, runs: Any) -> None:
    typer.echo(f"{info.name}: {info.title}\n\n{runs}\n")
    paragraph(info.notes, indent=0)
    typer.echo(f"\nLicence: {info.licence}\nCites: {info.citation_key}")
