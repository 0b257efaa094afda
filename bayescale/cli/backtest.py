"""``bayescale backtest``: a law fitted to the smaller runs of a table and tried on the larger ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayescale.cli.backtest_options import By, Fewest, HoldOut, Largest, Ratios, RunsOut
from bayescale.cli.demo_files import write_table
from bayescale.cli.fit import pooling_of
from bayescale.cli.fit_options import (
    BytesPerToken,
    Columns,
    Draws,
    Effects,
    Engine,
    GroupColumn,
    LawName,
    LossUnit,
    ModelError,
    NoiseName,
    ParamsConvention,
    PoolingKinds,
    ResidualsName,
    Seed,
    Table,
    expect_table,
    read_table,
)
from bayescale.cli.options import AsFormat, DiscrepancyName, Format, chosen, chosen_discrepancy
from bayescale.cli.output import emit, paragraph, print_table

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Backtest

PERCENTS = (
    "bias",
    "error",
    "error_95",
    "crps",
    "coverage_0.5",
    "coverage_0.8",
    "coverage_0.9",
    "coverage_0.95",
    "width",
)
HEADERS = ("bias", "median\n|error|", "95th\n|error|", "CRPS", "50%", "80%", "90%", "95%", "width\nof 90%")


def backtest(
    table: Table,
    law: LawName = "chinchilla",
    ratios: Ratios = None,
    hold_out: HoldOut = "compute",
    columns: Columns = None,
    group: GroupColumn = None,
    loss_unit: LossUnit = "nats/token",
    bytes_per_token: BytesPerToken = None,
    params_convention: ParamsConvention = "total",
    pooling: PoolingKinds = None,
    noise: NoiseName = None,
    effects: Effects = None,
    residuals: ResidualsName = None,
    model_error: ModelError = None,
    discrepancy: DiscrepancyName = "learnt",
    fewest: Fewest = None,
    by: By = "ratio",
    largest: Largest = False,
    seed: Seed = 0,
    draws: Draws = None,
    engine: Engine = None,
    runs_out: RunsOut = None,
    form: AsFormat = Format.table,
) -> None:
    """Fit a law to the smaller runs of every family, predict the larger ones, and score the predictions.

    At one or several ratios of the largest compute to the cut: --ratios 2 4 8 16
    """
    expect_table(table)
    kinds, added = pooling_of(pooling), chosen_discrepancy(discrepancy)
    target = None if runs_out is None else _target(runs_out, table)

    import bayescale as bs
    from bayescale.laws import find_law

    law_class = find_law(law)
    runs = read_table(
        table, columns, group=group, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention, law=law_class,
        along_runs=residuals is not None or effects == "run",
    )  # fmt: skip
    options = chosen(noise=noise, effects=effects, residuals=residuals, draws=draws, engine=engine)
    options |= chosen(ratios=ratios, pooling=kinds, model_error=model_error, fewest=fewest)
    made = bs.backtest(law_class, runs, hold_out=hold_out, discrepancy=added, seed=seed, **options)
    scores = made.table(by=by, largest=largest)
    if target is not None:
        write_table(made.runs, target)
    if form is Format.table:
        describe(made)
    emit(scores, form, show)
    _caution(made.status, quiet=form is Format.table)


def describe(made: Backtest) -> None:
    """Print what was tried."""
    ran = ", ".join(f"{count} {status}" for status, count in made.status["status"].value_counts().items())
    paragraph(f"Backtest of {made.law}, {made.hold_out} held out: {ran} fits; discrepancy {made.added}", indent=0)
    typer.echo("")


def show(table: pd.DataFrame) -> None:
    """Print one row per ratio, or per family and ratio: percentages."""
    cells = []
    for row in table.to_dict("records"):
        ratio = "all" if math.isnan(row["ratio"]) else f"{row['ratio']:g}x"
        numbers = [f"{100 * row[name]:.{0 if name.startswith('coverage') else 2}f}" for name in PERCENTS]
        cells.append(
            (ratio, row["family"], str(row["families"]), str(row["runs"]), *numbers, f"{row['log_score']:.2f}")
        )
    heads = ("ratio", "family", "families", "runs", *HEADERS, "log\nscore")
    print_table(heads, cells, right=heads[2:])
    typer.echo("")
    paragraph(
        "Per cent of the response, families counting the same; under 50% to 95% the share of held-out runs within "
        "intervals of that probability. Lower CRPS and higher log scores are better."
    )


def _caution(status: pd.DataFrame, *, quiet: bool) -> None:
    """Say on stderr which splits have no scores, and why."""
    from bayescale.cli.reporting import note

    for _, row in status[status["status"].isin(["failed", "skipped"])].iterrows():
        where = row["family"] if math.isnan(row["ratio"]) else f"{row['family']} at {row['ratio']:g}x"
        note(f"{where} was {'not fitted' if row['status'] == 'failed' else 'skipped'}: {row['reason']}")


def _target(out: str, table: str) -> Path:
    """Return where the held-out runs go, checked before any work is done.

    Raises:
        SettingsError: it is the table itself, or lies in no folder.
    """
    from bayescale.language.errors import SettingsError

    target = Path(out).resolve()
    if target == Path(table).resolve():
        raise SettingsError(f"--runs-out {out} is the table of runs itself; give another name, such as held_out.csv.")
    if target.is_dir() or not target.parent.is_dir():
        raise SettingsError(f"--runs-out {out} is no place for a file; give a name in a folder that exists.")
    return target
