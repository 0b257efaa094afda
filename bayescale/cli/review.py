"""``bayescale review``: what speaks against a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.check import FAILED, show_checks, verdict
from bayescale.cli.options import AsFormat, ChangedLaw, FitFile, Format, OwnLaw, open_fit
from bayescale.cli.output import emit, emit_json, heading, paragraph

if TYPE_CHECKING:
    from bayescale import Review

SeedNoise = Annotated[
    float | None,
    typer.Option(
        "--seed-noise",
        help="sd of log loss between seeds; 0.0003 to 0.0007, or the table's loss_se.",
        show_default=False,
    ),
]
Refits = Annotated[bool, typer.Option("--refits/--no-refits", help="Refit smaller tables and free valleys.")]
# The tables behind the checks, in the order of the checks.
TABLES = ("residuals", "drift", "valleys", "scores", "sensitivity", "noise")


def review(
    file: FitFile,
    seed_noise: SeedNoise = None,
    refits: Refits = True,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Say what speaks against a fitted model; exit code 1 if a check fails.

    Residuals, drift, IsoFLOP valleys, leave-one-out scores, priors, noise. Format csv has the checks, json the tables
    behind them too.
    """
    fit = open_fit(file, law, allow_changed_law)

    import bayescale as bs

    found = bs.review(fit, noise=seed_noise, refits=refits)
    if form == Format.json:
        emit_json(records(found))
    else:
        emit(found.table(), form, lambda _: show(found))
    caution(fit, file)
    if found.checks.failed:
        raise typer.Exit(FAILED)


def records(found: Review) -> dict[str, Any]:
    """Return checks and tables as values that JSON knows."""
    from bayescale.show import tables

    behind = {name: tables.to_records(getattr(found, name)) for name in TABLES}
    return {"checks": [check.as_dict() for check in found.checks.checks], **behind, "left_out": list(found.left_out)}


def show(found: Review) -> None:
    """Print the checks with their advice, and what was not looked at."""
    heading(f"{found.of}: {verdict(found.table())}")
    show_checks(found.checks.table().to_dict("records"))
    for position, words in enumerate(found.left_out):
        if not position:
            typer.echo("")
        paragraph(f"not looked at: {words}")
