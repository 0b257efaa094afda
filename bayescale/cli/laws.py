"""``bayescale laws``: the catalogue of laws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.options import AsFormat, Format
from bayescale.cli.output import emit_json, paragraph, print_table

if TYPE_CHECKING:
    from bayescale.language.declare import Anchor
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

    Its formula, what it claims, where it holds, what a design must contain and what data do not tell, parameters with
    units and priors, and references as BibTeX.
    """
    from bayescale.laws import CATALOGUE, find_law, formula, law_record

    chosen = CATALOGUE if name is None else (find_law(name),)
    records = [law_record(law) | ({"formula": formula(law, latex=True)} if latex else {}) for law in chosen]
    if form is Format.json:
        emit_json(records)
    elif form is Format.csv:
        _print_csv(records)
    elif name is None:
        _list(records, latex)
    else:
        _describe(chosen[0], records[0], latex)


def _list(records: list[dict[str, Any]], latex: bool) -> None:
    """The laws by what they take and give, in the order of the catalogue."""
    headings = [f"From {', '.join(record['inputs'])} to {record['response']}" for record in records]
    for heading in dict.fromkeys(headings):
        group = [record for record, own in zip(records, headings, strict=True) if own == heading]
        paragraph(heading, indent=0, hang=2)
        for record in group:
            paragraph(f"{record['name']}: {record['summary']} [{', '.join(record['cites'])}]", hang=4)
            if latex:
                typer.echo(f"    {record['formula']}")
        typer.echo("")
    paragraph("One in detail: bayescale laws NAME. Your own: bayescale laws my_laws.py:MyLaw.", indent=0)


def _describe(law: type[Law], record: dict[str, Any], latex: bool) -> None:
    from bayescale.language.latex import plain_symbol
    from bayescale.laws import citation
    from bayescale.laws.base import PAGE

    paragraph(f"{record['name']}: {record['summary']}", indent=0, hang=2)
    typer.echo("")
    if latex:
        typer.echo(f"  {record['formula']}")  # on one line, to be copied
    else:
        paragraph(record["formula"], hang=4)
    typer.echo("")
    inputs = ", ".join(
        f"{plain_symbol(q.symbol)} {q.label} ({f'{q.unit}; ' if q.unit else ''}column {q.name})"
        for q in law.arguments.values()
    )
    unit = f" ({law.response.unit})" if law.response.unit else ""
    paragraph(f"Inputs: {inputs}. Response: {law.response.label}{unit}.")
    for page, title in PAGE.items():
        if record[page]:
            typer.echo("")
            paragraph(f"{title}: {record[page]}")
    typer.echo("")
    _parameters(law, record, latex)
    if record["published"]:
        typer.echo("")
        paragraph(f"Published values: {', '.join(record['published'])}.")
    elif record["unpublished"]:
        typer.echo("")
        paragraph(f"No published values: {record['unpublished']}")
    if record["cites"]:
        typer.echo("\n  To cite:")
    for key in record["cites"]:
        typer.echo(f"\n{citation(key)}")


def _parameters(law: type[Law], record: dict[str, Any], latex: bool) -> None:
    """What is estimated, where it holds, and what follows from it."""
    from bayescale.language.latex import plain_symbol

    def symbol(one: dict[str, Any]) -> str:
        return one["symbol"] if latex else plain_symbol(one["symbol"])

    estimated = [(p["name"], symbol(p), p["meaning"], p["unit"], p["prior"]) for p in record["parameters"]]
    print_table(("parameter", "symbol", "meaning", "unit", "prior"), estimated)
    if law.anchors:
        anchors = ", ".join(_anchor(law, a) for a in law.anchors)
        form = "the form with anchors at 1" if law.has_textbook() else "the parameters at these anchors"
        typer.echo("")
        paragraph(
            f"Anchors, the geometric means of the data: {anchors}. Priors hold at the anchors; fits print {form}."
        )
    if record["derived"]:
        typer.echo("")
        derived = [(d["name"], symbol(d), d["meaning"], d["unit"]) for d in record["derived"]]
        print_table(("derived", "symbol", "meaning", "unit"), derived)


def _anchor(law: type[Law], one: Anchor) -> str:
    """An anchor and what it is the mean of, also as the formula has them where it calls the input something else."""
    from bayescale.language.latex import plain_symbol

    words, symbol = f"{one.name} of {one.argument}", law.arguments[one.argument].symbol
    return words if symbol == one.argument else f"{words} (in the formula {plain_symbol(one.symbol)} of {symbol})"


def _print_csv(records: list[dict[str, Any]]) -> None:
    """One line per law; lists are joined by spaces, parameters by their names."""
    import pandas as pd

    rows = []
    for record in records:
        named = {key: [one["name"] for one in record[key]] for key in ("parameters", "derived")}
        rows.append({key: " ".join(v) if isinstance(v, list) else v for key, v in (record | named).items()})
    typer.echo(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), nl=False)
