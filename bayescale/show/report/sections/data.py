"""The runs that were fitted: where they are from, what they span, how they count, what was left out."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bayescale.data.model_error import model_error_of
from bayescale.data.runs import KEPT
from bayescale.inference.fit import Fit
from bayescale.language.quantities import QUANTITIES
from bayescale.show import cells
from bayescale.show.cells import words
from bayescale.show.cite import data_key
from bayescale.show.grid import Grid, grid
from bayescale.show.report.blocks import Block, Facts, Heading, Items, Prose, Section, Table
from bayescale.show.report.subject import Subject

# Families that are listed one by one.
MOST_FAMILIES = 40


def data(subject: Subject) -> Section:
    """Return the section on data and exclusions."""
    blocks: list[Block] = []
    seen: dict[str, str] = {}
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        same = seen.setdefault(fit.runs.sha256, name)
        blocks += list(_of_fit(fit, name, subject)) if same == name else [Prose(f"The same runs as {same}.")]
    return Section("data", "Data and exclusions", tuple(blocks))


def _of_fit(fit: Fit, name: str, subject: Subject) -> Iterator[Block]:
    runs = fit.runs
    key = data_key(fit)
    pairs = [
        ("Source", runs.source + (f" [{key}]" if key else "")),
        ("Rows", f"{len(runs):,}" + (f" in {len(fit.groups)} families" if fit.groups else "")),
        ("Rows are", rows_are(fit)),
        *_conventions(fit),
        ("SHA-256 of the content", runs.sha256),
    ]
    yield Facts(tuple(pairs))
    yield Table(subject.part("data", name), "What the runs span.", ranges(runs.table, fit))
    if len(fit.groups) > 1:
        yield Table(subject.part("families", name), _families_caption(fit), families(fit))
    left_out = [warning.message for warning in runs.warnings if warning.code in KEPT]
    others = [f"{warning.message} [{warning.code}]" for warning in runs.warnings if warning.code not in KEPT]
    yield Prose("Exclusions" + (":" if left_out else ": no rows are recorded as left out before or after reading."))
    if left_out:
        yield Items(tuple(left_out))
    if others:
        yield Prose("What looked unusual about the table when it was read:")
        yield Items(tuple(others))


def rows_are(fit: Fit) -> str:
    """Whether rows are final losses or checkpoints, as far as the table says."""
    table = fit.runs.table
    if "run" not in table:
        return "taken as one per run; the table does not say which rows belong to one run"
    count = table["run"].nunique() if "family" not in table else len(table[["family", "run"]].drop_duplicates())
    return "one per run" if count == len(table) else f"checkpoints of {count:,} runs"


def _conventions(fit: Fit) -> Iterator[tuple[str, str]]:
    runs, taken = fit.runs, {*fit.law.inputs(), fit.law.response.name}
    if "params" in runs.table:
        yield "Model size counts", f"{runs.params_convention.replace('_', '-')} parameters"
    if "tokens" in runs.table:
        repeats = [name for name in ("unique_tokens", "repeats") if name in runs.table]
        yield "Tokens count", "tokens seen in training" + (f"; {' and '.join(repeats)} given" if repeats else "")
    if "compute" in runs.table:
        exact = runs.compute_convention != "6ND"
        yield "Compute counts", "FLOP as the table gives them" if exact else "6ND, from size and tokens"
    if "loss" in taken:
        other = runs.source_loss_unit != runs.loss_unit
        yield "Loss", f"{runs.loss_unit}" + (f", converted from {runs.source_loss_unit}" if other else "")
    if error := model_error_of(runs):
        yield "Weights", f"the law's own error is taken to be {error:.2g} one decade below the largest run"


def ranges(table: pd.DataFrame, fit: Fit) -> Grid:
    """One row per quantity of the table: least, median, largest."""
    known = QUANTITIES | {quantity.name: quantity for quantity in fit.runs.quantities}
    rows = []
    for name in (name for name in table if name in known):
        values, used = table[name].dropna(), name in (*fit.law.inputs(), fit.law.response.name)
        label = known[name].label + ("" if used else " (not in the law)")
        numbers = (values.min(), values.median(), values.max())
        rows.append([words(label), words(known[name].unit), *(cells.number(float(value)) for value in numbers)])
    return grid(["quantity", "unit", "least", "median", "largest"], rows, right=["least", "median", "largest"])


def families(fit: Fit) -> Grid:
    """One row per family: rows, and the largest of every input."""
    table = fit.runs.table
    names = [name for name in fit.law.inputs() if name in table]
    rows = []
    for family in fit.groups[:MOST_FAMILIES]:
        own = table[table["family"] == family]
        rows.append([words(family), words(f"{len(own):,}"), *(cells.number(float(own[name].max())) for name in names)])
    headers = ["family", "rows", *(f"largest {name}" for name in names)]
    return grid(headers, rows, right=headers[1:])


def _families_caption(fit: Fit) -> str:
    more = len(fit.groups) - MOST_FAMILIES
    return "Families." if more <= 0 else f"The first {MOST_FAMILIES} families; {more} more are in the fit."
