"""What stands on top: warnings in plain words, then the answers in short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bayescale.data.counted import counted
from bayescale.decisions import Plan, Prediction
from bayescale.decisions.extrapolation import is_beyond
from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.monte_carlo import ERRORS
from bayescale.language.labels import ALL
from bayescale.language.quantities import LOSS, QUANTITIES
from bayescale.show.numbers import format_estimate, format_number, format_prob, powers
from bayescale.show.report.blocks import Block, Callout, Items, Section
from bayescale.show.report.sections.predictions import group_words
from bayescale.show.report.subject import Subject

# Answers in short are the first of each kind.
FIRST = 4


def headline(subject: Subject) -> Section:
    """Return the section that opens the report."""
    blocks: list[Block] = [*_checks(subject), *_beyond(subject), Items(tuple(_in_short(subject)))]
    return Section("summary", "In short", tuple(blocks))


def _checks(subject: Subject) -> Iterator[Callout]:
    for name, fit in subject.fits.items():
        of = "The fit" if subject.is_single else f"The fit {name}"
        failed, warned, count = fit.checks.failed, fit.checks.warned, len(fit.checks.checks)
        if failed:
            names = ", ".join(check.name for check in failed)
            text = (
                f"Its draws do not describe the posterior, so that no number below is to be relied on. {advice(failed)}"
            )
            yield Callout("fail", f"{of} fails {len(failed)} of {count} checks ({names})", text)
        elif warned:
            names = ", ".join(check.name for check in warned)
            yield Callout("warn", f"{of} passes its checks with warnings ({names})", advice(warned))
        else:
            yield Callout("pass", f"{of} passes all {count} checks", "")


def advice(checks: tuple[Check, ...]) -> str:
    """What checks advise, one after the other."""
    return " ".join(f"{check.name}: {check.advice}" for check in checks)


def _beyond(subject: Subject) -> Iterator[Callout]:
    """One word of warning for all answers beyond the data: that of the furthest one."""
    far = [(float(one.draws["extrapolation"].max()), one.note) for one in subject.asked if one.note]
    if not far:
        return
    factor, note = max(far)
    title = f"Some answers lie {format_number(factor)} times beyond the largest training compute of the data"
    yield Callout("warn", title, f"They rest on the law being right where nothing was measured. {note}")


def _in_short(subject: Subject) -> Iterator[str]:
    for name, fit in subject.fits.items():
        families = f" in {len(fit.groups)} families" if len(fit.groups) > 1 else ""
        called = "" if name == fit.law.name else f" ({name})"
        yield f"The law {fit.law.name}{called} was fitted to {counted(fit.runs)}{families} by {sampler_words(fit)}."
    for name, pair in subject.predictions.items():
        if not isinstance(pair, str):
            yield from (f"{_of(subject, name)}{text}" for text in _predicted(pair[0], subject.prob))
    for name, plan in subject.plans.items():
        if not isinstance(plan, str):
            yield from (f"{_of(subject, name)}{text}" for text in _planned(plan, subject.prob))


def sampler_words(fit: Fit) -> str:
    """How the draws were made."""
    return "independence Metropolis" if fit.record["engine"]["name"] == "instant" else "NUTS"


def _of(subject: Subject, name: str) -> str:
    return "" if subject.is_single else f"{name}: "


def _predicted(prediction: Prediction, prob: float) -> Iterator[str]:
    table = prediction.table(prob=prob, mcse=True)
    for row in table.head(FIRST).to_dict("records"):
        middle, interval = _estimate(row)
        inputs = ", ".join(_input(name, row[name]) for name in prediction.inputs)
        unit = f" {row['unit']}" if row["unit"] else ""
        yield (
            f"Predicted {prediction.response} of one new run{_for(prediction.group, 'of')} at {inputs}: {middle}{unit}"
            f", {format_prob(prob)} interval {interval}{_far(row)}."
        )


def _planned(plan: Plan, prob: float) -> Iterator[str]:
    table = plan.table(prob=prob, mcse=True)
    for compute in list(dict.fromkeys(table["compute"]))[:FIRST]:
        rows = table[table["compute"] == compute].drop_duplicates("quantity").set_index("quantity", drop=False)
        told = []
        for quantity in ("params", "tokens", LOSS.name):
            row = rows.loc[quantity].to_dict()
            middle, interval = _estimate(row)
            told.append(f"{middle} {row['unit']} {interval}")
        yield (
            f"Best split of {powers(format_number(float(compute)))} FLOP{_for(plan.group, 'for')}: {', '.join(told)}"
            f"{_far(rows.iloc[0].to_dict())}."
        )


def _input(name: str, value: float) -> str:
    """One input with its unit, such as ``7×10¹⁰ parameters``."""
    unit = QUANTITIES[name].unit if name in QUANTITIES else ""
    shown = powers(format_number(value))
    return f"{shown} {unit}" if unit else f"{name} {shown}"


def _for(group: str, word: str) -> str:
    """Whose answer it is, where there is somebody to name."""
    return "" if group == ALL else f" {word} {group_words(group)}"


def _estimate(row: dict[str, Any]) -> tuple[str, str]:
    errors = [row[name] for name in ERRORS]
    middle, interval = format_estimate(row["median"], row["lower"], row["upper"], errors=errors)
    return powers(middle), powers(interval)


def _far(row: dict[str, Any]) -> str:
    factor = row["extrapolation"]
    return f" ({format_number(factor, digits=2)} times beyond the data)" if is_beyond(factor) else ""
