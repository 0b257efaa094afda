"""``bayescale laws``: the catalogue of laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.options import AsFormat, Format
from bayescale.cli.output import emit_json, paragraph, print_table

if TYPE_CHECKING:
    from bayescale.laws import Law


def laws(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A law or FILE.py:CLASS; else all.", show_default=False),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print formulas as LaTeX.")] = False,
    form: AsFormat = Format.table,
) -> None:
    """List the laws, or show one.

    Its formula, parameters with units and priors, and references as BibTeX.
    """
    from bayescale.laws import CATALOGUE, find_law, formula, law_record

    chosen = CATALOGUE if name is None else (find_law(name),)
    records = [law_record(law) | ({"formula": formula(law, latex=True)} if latex else {}) for law in chosen]
    if form is Format.json:
        emit_json(records)
    elif form is Format.csv:
        _print_csv(records)
    elif name is None:
        _list(records)
    else:
        _describe(chosen[0], records[0])


def _list(records: list[dict[str, Any]]) -> None:
    for record in records:
        typer.echo(f"{record['name']}: {record['summary']}")
        typer.echo(f"  {record['formula']}")
        typer.echo(
            f"  from {', '.join(record['inputs'])} to {record['response']}; cites {', '.join(record['cites'])}\n"
        )
    typer.echo("One in detail: bayescale laws NAME. Your own: bayescale laws my_laws.py:MyLaw.")


def _describe(law: type[Law], record: dict[str, Any]) -> None:
    from bayescale.laws import citation

    typer.echo(f"{record['name']}: {record['summary']}\n")
    typer.echo(f"  {record['formula']}\n")
    inputs = ", ".join(f"{symbol} {q.label} ({q.unit}; column {q.name})" for symbol, q in law.arguments.items())
    paragraph(f"Inputs: {inputs}. Response: {law.response.label} ({law.response.unit}).")
    typer.echo("")
    rows = [(p["name"], p["meaning"], p["unit"], p["prior"]) for p in record["parameters"]]
    print_table(("parameter", "meaning", "unit", "prior"), rows)
    if law.anchors:
        anchors = ", ".join(f"{a.name} of {a.argument}" for a in law.anchors)
        form = "the form with anchors at 1" if law.has_textbook() else "the parameters at these anchors"
        typer.echo("")
        paragraph(
            f"Anchors, the geometric means of the data: {anchors}. Priors hold at the anchors; fits print {form}."
        )
    if record["derived"]:
        typer.echo("")
        print_table(("derived", "meaning", "unit"), [(d["name"], d["meaning"], d["unit"]) for d in record["derived"]])
    if record["published"]:
        typer.echo("")
        paragraph(f"Published values: {', '.join(record['published'])}.")
    for key in record["cites"]:
        typer.echo(f"\n{citation(key)}")


def _print_csv(records: list[dict[str, Any]]) -> None:
    """One line per law; lists are joined by spaces, parameters by their names."""
    import pandas as pd

    rows = []
    for record in records:
        named = {key: [one["name"] for one in record[key]] for key in ("parameters", "derived")}
        rows.append({key: " ".join(v) if isinstance(v, list) else v for key, v in (record | named).items()})
    typer.echo(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), nl=False)
