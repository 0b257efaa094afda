"""``bayescale check``: whether saved fits can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.options import AsFormat, ChangedLaw, Format, OwnLaw, open_fit
from bayescale.cli.output import emit, paragraph, print_table
from bayescale.cli.reporting import USAGE, say

if TYPE_CHECKING:
    import pandas as pd

FAILED = 1


def check(
    files: Annotated[list[str], typer.Argument(metavar="FIT.nc ...", help="Saved fits.", show_default=False)],
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Check saved fits; exit code 1 if a check fails.

    Every check that does not pass comes with advice.
    """
    import pandas as pd

    from bayescale.language.errors import BayescaleError

    parts, unreadable, failed = [], 0, False
    for file in files:
        try:
            checks = open_fit(file, law, allow_changed_law).measured_checks
        except BayescaleError as error:
            # The other files still get their verdict.
            if len(files) == 1:
                raise
            say(f"error: {error}")
            unreadable += 1
            continue
        failed = failed or bool(checks.failed)
        parts.append(checks.table().assign(file=file))
    if parts:
        whole = pd.concat(parts, ignore_index=True)
        emit(whole[["file", *(name for name in whole if name != "file")]], form, show)
    if unreadable or failed:
        raise typer.Exit(USAGE if unreadable else FAILED)


def show(table: pd.DataFrame) -> None:
    """Print the checks of every fit."""
    for position, (file, rows) in enumerate(table.groupby("file", sort=False)):
        typer.echo(("\n" if position else "") + f"{file}: {verdict(rows)}\n")
        show_checks(rows.to_dict("records"))


def show_checks(records: list[dict[Any, Any]]) -> None:
    """Print checks, and the advice of those that do not pass."""
    cells = [(r["name"], r["status"], f"{r['value']:.4g}", f"{r['threshold']:g}") for r in records]
    print_table(("check", "status", "value", "limit"), cells, right=("value", "limit"))
    advice = [f"{r['name']}: {r['advice']}" for r in records if r["advice"]]
    for position, text in enumerate(advice):
        if not position:
            typer.echo("")
        paragraph(text)


def verdict(rows: pd.DataFrame) -> str:
    """Return in words how many checks pass."""
    count = rows["status"].value_counts()
    if count.get("pass", 0) == len(rows):
        return f"all {len(rows)} checks pass"
    words = [f"{count[word]} {word}{'s' if count[word] == 1 else ''}" for word in ("fail", "warn") if word in count]
    return f"of {len(rows)} checks {' and '.join(words)}"
