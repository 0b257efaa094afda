"""``bayescale predict``: the loss, or another response, of runs that were not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.input_options import Inputs, Params, Tokens, further_inputs
from bayescale.cli.options import (
    AsFormatWithLatex,
    ChangedLaw,
    DiscrepancyName,
    FormatWithLatex,
    Group,
    OwnLaw,
    Prob,
    chosen_discrepancy,
    open_stages,
)
from bayescale.cli.output import BEYOND, beyond, emit, heading, print_table
from bayescale.show.numbers import format_prob

if TYPE_CHECKING:
    import pandas as pd

# The columns of a prediction that are not inputs.
OUTPUTS = (
    "stage",
    "law",
    "response",
    "outside",
    "group",
    "kind",
    "unit",
    "prob",
    "median",
    "lower",
    "upper",
    "extrapolation",
    "discrepancy",
)
MEANING = {"run": "one new run, which scatters around the law", "law": "the law's curve"}


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FIT.nc...",
            help="A fit saved by 'bayescale fit'; several from the first stage to the last, such as loss, then error.",
            show_default=False,
        ),
    ],
    params: Params = None,
    tokens: Tokens = None,
    group: Group = None,
    kind: Annotated[str, typer.Option("--kind", help="'run' for one new run, 'law' for the law's curve.")] = "run",
    inputs: Inputs = None,
    discrepancy: DiscrepancyName = "learnt",
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormatWithLatex = FormatWithLatex.table,
) -> None:
    """Predict the loss of runs, or whatever the law predicts, with intervals.

    At one or several model sizes and token counts: --params 1e9 7e10 --tokens 2e10 1.4e12

    With several fits each takes what the one before predicts: bayescale predict LOSS.nc ERROR.nc --params 7e10
    """
    import bayescale as bs

    added = chosen_discrepancy(discrepancy)
    asked: dict[str, Any] = {name: values for name, values in (("params", params), ("tokens", tokens)) if values}
    asked |= further_inputs(inputs)
    fits = open_stages(files, law, allow_changed_law)
    if len(files) == 1:
        one = bs.predict(fits[0], group=group, kind=kind, discrepancy=added, **asked)
        table = one.table(prob=prob, mcse=form.is_printed)
        emit(table, form, show)
    else:
        made = bs.predict(bs.chain(*fits), group=group, kind=kind, discrepancy=added, **asked)
        table = made.table(prob=prob)
        emit(table, form, show_stages)
    for fit, file in zip(fits, files, strict=True):
        # How far a table goes is said once.
        caution(fit, file, table if fit is fits[0] else None, form)


def show_stages(table: pd.DataFrame) -> None:
    """Print the predictions of a chain, stage by stage."""
    for _, part in table.groupby("stage", sort=True):
        part.attrs["response"] = part["response"].iloc[0]
        show(part)
        if (outside := part["outside"].max()) > 0:
            typer.echo(f"\nUp to {100 * outside:.3g} % of the draws it is predicted from are outside of its table.")
        if part["stage"].iloc[0] < table["stage"].max():
            typer.echo("")


def show(table: pd.DataFrame) -> None:
    """Print predictions of one group and kind."""
    prob, kind = format_prob(table["prob"].iloc[0]), table["kind"].iloc[0]
    unit = f" ({table['unit'].iloc[0]})" if table["unit"].iloc[0] else ""
    what = f"{table.attrs['response']}{unit} of {table['group'].iloc[0]}"
    heading(f"Predicted {what}: {MEANING.get(kind, kind)}")
    show_predictions(table, prob)


def show_predictions(table: pd.DataFrame, prob: str, *, groups: bool = False) -> None:
    """Print one line per prediction, with the groups where there are several."""
    from bayescale.show.tables import format_estimate, format_number

    inputs = [str(name) for name in table.columns if name not in OUTPUTS]
    rows = []
    for r in table.to_dict("records"):
        numbers = [format_number(r[name]) for name in inputs]
        median, interval = format_estimate(r["median"], r["lower"], r["upper"])
        first = [r["group"], r["kind"]] if groups else []
        rows.append([*first, *numbers, median, interval, beyond(r["extrapolation"])])
    headers = (*(("group", "kind") if groups else ()), *inputs, "median", f"{prob} interval", BEYOND)
    print_table(headers, rows, right=(*inputs, "median", BEYOND))
