"""Tables of runs that ``bayescale report`` is given instead of fits: fitted first, as ``bayescale fit`` would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayescale.cli.fit_options import read_table
from bayescale.cli.options import chosen
from bayescale.cli.output import paragraph
from bayescale.cli.reporting import lines

if TYPE_CHECKING:
    from bayescale import Fit

# Without --law, what "bayescale fit" fits.
USUAL_LAW = "chinchilla"


def is_table(path: str) -> bool:
    """Whether a file is a table of runs by its ending; everything else is taken to be a fit."""
    from bayescale.data.opening import is_table_name

    return is_table_name(Path(path))


def fit_table(
    table: str,
    *,
    law: str | None,
    group: str | None,
    columns: list[str] | None,
    loss_unit: str | None,
    bytes_per_token: float | None,
) -> tuple[str, Fit]:
    """Fit a table with the defaults of ``bayescale fit``, save the fit beside it and say so.

    Args:
        table: its file.
        law: by name or file; None is the usual one.
        group: the family that the report will be of, or None.
        columns, loss_unit, bytes_per_token: how the table is read.

    Returns:
        where the fit is, and the fit.

    Raises:
        StoreError: there is something of that name, or no place for it.
        SettingsError, DataError: as of :func:`bayescale.read_runs`.
    """
    target = free_target(table)

    import bayescale as bs
    from bayescale.cli.fit import describe
    from bayescale.language.errors import SettingsError
    from bayescale.laws import find_law

    law_class = find_law(law or USUAL_LAW)
    runs = read_table(
        table, columns, group=None, params_convention="total", law=law_class, bytes_per_token=bytes_per_token,
        **chosen(loss_unit=loss_unit),
    )  # fmt: skip
    if group is not None and group not in runs.families:
        raise SettingsError(
            f"{table} has no family {group!r}; there are {', '.join(runs.families) or 'no families'}. --group names a "
            "family of the report; the column that has them is named by --columns family=COLUMN."
        )
    paragraph(f"{table} is a table of runs: fitted first, with the defaults of 'bayescale fit'.", indent=0)
    made = bs.fit(law_class, runs, seed=0, progress=lines())
    made.save(target)
    describe(made)
    typer.echo(f"\nSaved to {target}, for other commands and the next report.")
    return str(target), made


def free_target(table: str) -> Path:
    """Where the fit of a table goes, in the folder of the table.

    Raises:
        StoreError: something is there already, or the folder cannot be written to.
    """
    from bayescale.language.errors import StoreError
    from bayescale.language.files import writable_target

    path = Path(table)
    path = path.with_suffix("") if path.suffix == ".gz" else path
    target = path.with_suffix(".nc")
    writable_target(target)
    if target.exists():
        raise StoreError(
            f"{target} is there already: report it, bayescale report {target}, or move it away so that {table} is "
            "fitted anew."
        )
    return target
