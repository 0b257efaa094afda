"""Results on stdout: tables for people, CSV, JSON and LaTeX for everything else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

# Where no terminal says how wide it is, tables are as wide as their content.
UNLIMITED = 1000
# Header of the compute over the largest training compute in the data.
BEYOND = "compute vs\nlargest run"
# Most notes of single rows under a table.
FEW = 3


def emit(table: pd.DataFrame, form: str, show: Callable[[pd.DataFrame], None]) -> None:
    """Print a table of results.

    Args:
        table: the records.
        form: ``"table"``, ``"csv"``, ``"json"``, ``"latex"`` or ``"markdown"``.
        show: prints it for people.
    """
    if form == "table":
        show(table)
        for text in filter(None, (table.attrs.get("note"), *notes_of_others(table))):
            typer.echo("")
            paragraph(text)
        return
    if form == "csv":
        from bayescale.show.inert import inert

        typer.echo(inert(with_notes(table)).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    from bayescale.show import tables  # here, since it takes the laws

    if form == "json":
        emit_json(tables.to_records(with_notes(table)))
    elif form == "latex":
        # Which engine it was is the same in every row: a comment above the table says it.
        if "engine" in table.attrs:
            typer.echo(f"% sampled by {table.attrs['engine']}")
        typer.echo(tables.to_latex(table.drop(columns=["meaning", "engine"], errors="ignore")), nl=False)
    else:
        typer.echo(tables.to_markdown(table.drop(columns=["meaning", "engine"], errors="ignore")), nl=False)


def with_notes(table: pd.DataFrame) -> pd.DataFrame:
    """Return records with what there is to know of each: it goes where the numbers go.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"compute": [1e21, 1e23]})
    >>> table.attrs |= {"note": "Extrapolated up to 5x.", "notes": ("", "Extrapolated 5x.")}
    >>> with_notes(table)["note"].tolist()
    ['', 'Extrapolated 5x.']
    """
    if "note" not in table.attrs:
        return table
    # Where rows have none of their own, it is of the whole.
    return table.assign(note=table.attrs.get("notes", table.attrs["note"]))


def notes_of_others(table: pd.DataFrame) -> list[str]:
    """Return the notes of rows that the note of the whole, which is of the furthest one, does not tell; a few of them.

    Many rows would bury their table: each one's note is in CSV and JSON.
    """
    notes = table.attrs.get("notes", ())
    if not any(notes):
        return []
    furthest = notes[int(table["extrapolation"].fillna(0.0).to_numpy().argmax())]
    others = [text for text in dict.fromkeys(notes) if text and text != furthest and text not in table.attrs["note"]]
    return others if len(others) <= FEW else []


def emit_json(records: Any) -> None:
    """Print JSON and nothing else."""
    plain_ascii = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    typer.echo(json.dumps(records, indent=2, allow_nan=False, ensure_ascii=plain_ascii))


def width() -> int:
    """Columns that a table may take."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else UNLIMITED


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print a table for people, indented by two; columns named in ``right`` are aligned to the right.

    The first column names the row and is never broken.
    """
    from rich import box
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from bayescale.show.escape import unturned

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for position, header in enumerate(headers):
        table.add_column(header, justify="right" if header in right else "left", overflow="fold", no_wrap=not position)
    for row in rows:
        # Text, because brackets in a name are no markup; and no name may turn the direction of the line it stands in.
        table.add_row(*(Text(unturned(cell)) for cell in row))
    console = Console(file=sys.stdout, width=width(), highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(Padding(table, (0, 0, 0, 2), expand=False))
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def paragraph(text: str, *, indent: int = 2, hang: int | None = None) -> None:
    """Print text wrapped to the width of the terminal, at most 100 columns; lines after the first begin at ``hang``."""
    import textwrap

    after = " " * (indent if hang is None else hang)
    # Hyphens are those of names: chinchilla-tied stays in one piece.
    for line in textwrap.wrap(
        text, min(width(), 100) - 1, initial_indent=" " * indent, subsequent_indent=after, break_on_hyphens=False
    ):
        typer.echo(line)


def heading(text: str) -> None:
    """Print what a table is about, and an empty line."""
    paragraph(text, indent=0)
    typer.echo("")


def interval_words(table: pd.DataFrame, middle: str = "median") -> str:
    """Return what a table's numbers are: their middle, and intervals of its probability."""
    from bayescale.show.numbers import format_prob

    return f"{middle} and {format_prob(table['prob'].iloc[0])} equal-tailed interval"


def beyond(value: float) -> str:
    """Return compute over the largest training compute in the data as it is shown under :data:`BEYOND`."""
    from bayescale.show.numbers import format_number

    return "not known" if value != value else f"{format_number(value, digits=2)}x"


def between(row: Mapping[str, Any], digits: int, prefix: str = "") -> str:
    """Return the ends of a record's interval."""
    from bayescale.show.numbers import format_number

    return f"[{', '.join(format_number(row[f'{prefix}{end}'], digits=digits) for end in ('lower', 'upper'))}]"


def estimate(row: Any) -> str:
    """Return median and interval of a record in two lines."""
    from bayescale.show.tables import format_estimate

    return "\n".join(format_estimate(row["median"], row["lower"], row["upper"]))
