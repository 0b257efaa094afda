"""``bayescale identify``: what a table can tell of a law, before it is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.check import FAILED, show_checks
from bayescale.cli.fit_options import (
    BytesPerToken,
    Columns,
    GroupColumn,
    LawName,
    LossUnit,
    ParamsConvention,
    Table,
    expect_table,
    read_table,
)
from bayescale.cli.options import AsFormat, Format, read_candidates
from bayescale.cli.output import emit, emit_json, print_table

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Identification

# Candidates that are shown.
SHOWN = 5

Family = Annotated[str | None, typer.Option("--family", help="One family; without it each of them.")]
NoiseName = Annotated[str, typer.Option("--noise", help="student-t, normal or laplace.")]
Sigma = Annotated[
    float | None,
    typer.Option("--sigma", help="Scale of the noise on log loss; that of the residuals.", show_default=False),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget", help="FLOP at which the best size is of interest; 10 x the largest run's.", show_default=False
    ),
]
Candidates = Annotated[
    str | None,
    typer.Option("--candidates", metavar="FILE", help="Runs that might be added: CSV with the law's inputs."),
]


def identify(
    table: Table,
    law: LawName = "chinchilla",
    columns: Columns = None,
    group: GroupColumn = None,
    family: Family = None,
    loss_unit: LossUnit = "nats/token",
    bytes_per_token: BytesPerToken = None,
    params_convention: ParamsConvention = "total",
    noise: NoiseName = "student-t",
    sigma: Sigma = None,
    budget: Budget = None,
    candidates: Candidates = None,
    form: AsFormat = Format.table,
) -> None:
    """Say what a table can tell of a law before it is fitted; exit code 1 if a check fails.

    Which parameters and which combinations it sees, how well they will be known, and which run to add. Formats csv and
    json: the parameters, or with json combinations, candidate runs and checks too.
    """
    expect_table(table)

    import bayescale as bs
    from bayescale.laws import find_law

    law_class = find_law(law)
    runs = read_table(
        table, columns, group=group, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention, law=law_class,
    )  # fmt: skip
    found = bs.identify(
        law_class, runs, group=family, noise=noise, sigma=sigma, candidates=read_candidates(candidates), budget=budget
    )
    if form == Format.json:
        emit_json(records(found))
    else:
        emit(found.table(), form, lambda _: show(found))
    if found.checks.failed:
        raise typer.Exit(FAILED)


def records(found: Identification) -> dict[str, Any]:
    """Return everything that was found as values that JSON knows."""
    from bayescale.show import tables

    return {
        "parameters": tables.to_records(found.table()),
        "combinations": tables.to_records(found.combinations()),
        "additions": [
            {"group": group, **row} for group in found.groups for row in tables.to_records(found.additions(group))
        ],
        "checks": [check.as_dict() for check in found.checks.checks],
    }


def show(found: Identification) -> None:
    """Print parameters, combinations, the best runs to add, and checks."""
    parameters, combined = found.table(), found.combinations()
    for position, (group, rows) in enumerate(parameters.groupby("group", sort=False)):
        design = found.design(str(group))
        of = f"{group}: " if group else ""
        typer.echo(
            ("\n" if position else "") + f"{of}{design.slopes.shape[0]} runs see {design.seen} of {len(design.names)} "
            f"combinations of the parameters of {found.law.name}\n"
        )
        cells = [
            (r["parameter"], *(_number(r[name]) for name in ("value", "prior_sd", "data_sd", "expected_sd")),
             _percent(r["data_share"]))
            for r in rows.to_dict("records")
        ]  # fmt: skip
        heads = ("", "value", "sd of\nprior", "sd of\ndata", "sd\nexpected", "from\ndata")
        print_table(heads, cells, right=heads[1:])
        typer.echo("")
        own = combined[combined["group"] == group].to_dict("records")
        seen = [(c["combination"], "yes" if c["seen"] else "no", _percent(c["data_share"])) for c in own]
        print_table(("combination", "seen", "from data"), seen, right=("from data",))
        typer.echo("")
        _show_additions(found.additions(str(group)))
    typer.echo("")
    show_checks(found.checks.table().to_dict("records"))


def _show_additions(additions: pd.DataFrame) -> None:
    """Print the most useful candidates."""
    if not len(additions):
        return
    inputs = list(additions.columns[: additions.columns.get_loc("gain")])
    interest = "interest_ratio" in additions
    rows = [
        (*(f"{r[name]:.3g}" for name in inputs), f"{r['gain']:.2f}", f"{r['helps']} to {_percent(r['sd_ratio'])}",
         *([_percent(r["interest_ratio"])] if interest else []))
        for r in additions.head(SHOWN).to_dict("records")
    ]  # fmt: skip
    heads = (*inputs, "gain\n(nats)", "sd falls most", *(["sd of\nlog N*"] if interest else []))
    heads = (f"add {heads[0]}", *heads[1:])
    print_table(heads, rows, right=heads)


def _number(value: float) -> str:
    return "" if value != value else "open" if value == float("inf") else f"{value:.3g}"


def _percent(value: float) -> str:
    return "" if value != value else f"{100 * value:.0f} %"
