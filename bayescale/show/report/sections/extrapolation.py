"""How far answers go beyond the data, what was added for that, and how well such intervals have held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from bayescale.decisions import Plan, Prediction
from bayescale.decisions.beyond import find_discrepancy
from bayescale.inference.fit import Fit
from bayescale.models.discrepancy import Discrepancy
from bayescale.show import cells
from bayescale.show.cells import words
from bayescale.show.grid import Grid, grid
from bayescale.show.numbers import format_prob
from bayescale.show.report.blocks import Block, Prose, Section, Table, omitted
from bayescale.show.report.subject import Subject


def extrapolation(subject: Subject) -> Section:
    """Return the section on what lies beyond the data."""
    blocks: list[Block] = [
        Prose(
            "A posterior knows nothing of the error of the law itself, which grows beyond the data. Distance is "
            "measured in compute only: inside of it, a size or a ratio that no run had is an extrapolation, too."
        )
    ]
    rows = list(_questions(subject))
    if rows:
        headers = ["answer", "of", "compute / largest in data", "added for the law's error"]
        table = grid(headers, rows, right=[headers[2]])
        blocks.append(Table("extrapolation", "How far the answers go.", table))
        blocks += [Prose(note) for note in furthest(subject).values()]
    else:
        blocks.append(Prose("Nothing was asked for, so nothing lies beyond the data."))
    blocks += list(_held(subject))
    blocks += list(_own_backtest(subject))
    return Section("extrapolation", "Beyond the data", tuple(blocks))


def furthest(subject: Subject) -> dict[str, str]:
    """The note on the furthest answer of each fit that goes beyond its data."""
    found: dict[str, str] = {}
    for name in subject.fits:
        pair, plan = subject.predictions[name], subject.plans[name]
        answers = [
            one for one in (None if isinstance(pair, str) else pair[0], plan) if isinstance(one, Prediction | Plan)
        ]
        noted = [one for one in answers if one.note]
        if noted:
            found[name] = max(noted, key=lambda one: float(one.draws["extrapolation"].max())).note
    return found


def _questions(subject: Subject) -> Iterator[list[Any]]:
    """One row per answer: what, of which fit, how far, with what added."""
    for kind, found in (("prediction", subject.predictions), ("plan", subject.plans)):
        for name, answer in found.items():
            if isinstance(answer, str):
                continue
            one = answer if isinstance(answer, Plan) else answer[0]
            far = float(one.draws["extrapolation"].max())
            added = str(one.draws.attrs.get("discrepancy", "none"))
            yield [words(kind), words(name), cells.number(far), words(added)]


def discrepancy_of(fit: Fit, subject: Subject) -> Discrepancy | None:
    """The discrepancy that answers of a fit have beyond the data."""
    return find_discrepancy(fit, subject.discrepancy)


def _held(subject: Subject) -> Iterator[Block]:
    """What intervals with the discrepancy have covered, once for each discrepancy."""
    found: dict[Any, Discrepancy] = {}
    for fit in subject.fits.values():
        if (one := discrepancy_of(fit, subject)) is not None and one.record.get("coverage"):
            found.setdefault((one.law, one.name, one.model_error), one)
    if not found:
        yield Prose("No coverage beyond the data is known for these fits: no discrepancy of their response was learnt.")
    for index, one in enumerate(found.values()):
        of = f" (learnt for the law {one.law})" if one.law else ""
        name = f"coverage-{index + 1}" if len(found) > 1 else "coverage"
        caption = (
            f"How often intervals with the discrepancy {one.name}{of} held in backtests on families it had not seen."
        )
        yield Table(name, caption, coverage(one))


def coverage(discrepancy: Discrepancy) -> Grid:
    """One row per distance: what intervals covered."""
    rows = [
        [
            words(f"{row['ratio']:g}"),
            words(format_prob(row["prob"])),
            words(f"{100 * row['coverage']:.0f}%"),
            words(f"{row['runs']:,}"),
            words(f"{row['families']}"),
        ]
        for row in sorted(discrepancy.record["coverage"], key=lambda row: row["ratio"])
    ]
    headers = ["up to times beyond", "interval", "covered", "held-out runs", "families"]
    return grid(headers, rows, right=headers)


def _own_backtest(subject: Subject) -> Iterator[Block]:
    """The backtest on the user's own runs, or that there is none."""
    if subject.backtest is None:
        yield omitted(
            "a backtest on these runs, since none was given; bs.backtest makes one, for bs.report(..., backtest=...)."
        )
        return
    table = subject.backtest.table()
    caption = (
        f"Backtest of {subject.backtest.law} on larger runs of the same table, held out by {subject.backtest.hold_out}."
    )
    yield Table("backtest", caption, held_out(table))


def held_out(table: pd.DataFrame) -> Grid:
    """One row per ratio of a backtest."""
    rows = [
        [
            cells.number(row["ratio"]),
            words(f"{int(row['runs']):,}"),
            words(f"{100 * row['bias']:.2g}%"),
            words(f"{100 * row['error']:.2g}%"),
            words(f"{100 * row['coverage_0.9']:.0f}%"),
        ]
        for row in table.to_dict("records")
    ]
    headers = ["ratio", "held-out runs", "bias", "median error", "covered by 90% intervals"]
    return grid(headers, rows, right=headers)
