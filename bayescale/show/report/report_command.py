"""The command that makes a report again, and what of a report the command line cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bayescale.laws import CATALOGUE
from bayescale.models import KNOWN
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.numbers import format_number
from bayescale.show.report.fit_command import NEEDS_PYTHON, command
from bayescale.show.report.subject import Subject


def report_command(subject: Subject) -> str:
    """The shell command that makes the report from the saved fits."""
    words = ["bayescale", "report", *(f"{file}.nc" for file in subject.files.values()), "--out", "report"]
    words += ["--title", subject.title] if subject.title is not None else []
    words += _questions(subject)
    words += ["--group", subject.group] if subject.group is not None else []
    words += ["--prob", _number(subject.prob)] if subject.prob != 0.9 else []
    added = _discrepancy(subject.discrepancy)
    words += ["--discrepancy", added] if added not in (None, "learnt") else []
    words += [word for item, text in subject.answers.items() for word in ("--card", f"{item}={text}")]
    if own := [fit.law.__name__ for fit in subject.fits.values() if fit.law not in CATALOGUE]:
        words += ["--law", f"FILE.py:{own[0]}"]
    return command(words)


def not_in_the_report_command(subject: Subject) -> str:
    """What of a report the command line cannot say, in a sentence; empty where it can."""
    parts = list(_lost(subject))
    return f"{'; '.join(parts)}." if parts else ""


def _lost(subject: Subject) -> Iterator[str]:
    if subject.backtest is not None:
        yield "the backtest needs Python, bs.report(..., backtest=...)"
    if _discrepancy(subject.discrepancy) is None:
        yield f"the discrepancy is one of your own, {NEEDS_PYTHON}"
    for name, fit in subject.fits.items():
        if fit.model.noise.name not in KNOWN:
            yield f"the noise {fit.model.noise.name} is one of your own, {NEEDS_PYTHON}"
        if fit.law not in CATALOGUE and not subject.is_single:
            yield f"the law {fit.law.name} is one of your own, and there are several fits, {NEEDS_PYTHON}"
        if name != subject.files[name]:
            yield f"it calls the fit {name} as its file, {subject.files[name]}"


def _questions(subject: Subject) -> Iterator[str]:
    for name, values in subject.inputs.items():
        numbers = [_number(value) for value in _flat(values)]
        if name in ("params", "tokens"):
            yield from (f"--{name}", *numbers)
        else:
            yield from (word for number in numbers for word in ("--input", f"{name}={number}"))
    if subject.compute is not None:
        yield from ("--compute", *map(_number, _flat(subject.compute)))


def _discrepancy(choice: str | Discrepancy | None) -> str | None:
    """The word for ``--discrepancy``; None where there is none."""
    if choice is None:
        return "none"
    if isinstance(choice, str):
        return choice
    return None if choice.brownian_scale is None else _number(choice.brownian_scale)


def _flat(values: Any) -> list[float]:
    return np.ravel(np.asarray(values, float)).tolist()


def _number(value: float) -> str:
    """A number that is read again as the same one."""
    short = format_number(value, digits=12)
    return short if float(short) == value else repr(float(value))
