"""The card of a report: JSON that answers the reporting checklist of the scaling-law literature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bayescale.inference.fit import Fit
from bayescale.laws import law_record
from bayescale.laws.describe import formula
from bayescale.show.cite import Citations
from bayescale.show.escape import one_line
from bayescale.show.report.checklist import checklist
from bayescale.show.report.files import SCHEMA
from bayescale.show.report.fit_command import fit_commands, not_on_the_command_line
from bayescale.show.report.report_command import not_in_the_report_command, report_command
from bayescale.show.report.sections.comparison import scores, why_not
from bayescale.show.report.subject import Subject
from bayescale.show.tables import to_records


def card(subject: Subject, title: str, citations: Citations, files: Sequence[str]) -> dict[str, Any]:
    """Return the card as values that JSON knows.

    Returns:
        schema, title, files; interval (kind and prob); fits, one record each; predictions and plans, as records of
        their tables with the fit's name; notes on what lies beyond the data; comparison; backtest; citations; command,
        and what it lacks.

    References:
        li2025misfitting
    """
    return {
        "schema": SCHEMA,
        "title": title,
        "files": sorted(files),
        "interval": {"kind": "equal-tailed", "prob": subject.prob},
        "fits": [_of_fit(fit, name, subject) for name, fit in subject.fits.items()],
        "predictions": _predictions(subject),
        "plans": _plans(subject),
        "notes": list(dict.fromkeys(one.note for one in subject.asked if one.note)),
        "comparison": _comparison(subject),
        "backtest": None if subject.backtest is None else to_records(subject.backtest.table()),
        "citations": [{"key": key, "used_for": reason} for key, reason in citations.reasons],
        "command": report_command(subject),
        "command_lacks": not_in_the_report_command(subject),
    }


def card_text(made: Mapping[str, Any]) -> str:
    """The card as JSON in ASCII, one item a line."""
    return json.dumps(made, indent=2, allow_nan=False) + "\n"


def _of_fit(fit: Fit, name: str, subject: Subject) -> dict[str, Any]:
    law = law_record(fit.law)
    return {
        "name": name,
        "law": {key: law[key] for key in ("name", "summary", "inputs", "response", "formula", "cites")}
        | {"formula_latex": formula(fit.law, latex=True)},
        "checks": {
            "verdict": "fail" if fit.checks.failed else "warn" if fit.checks.warned else "pass",
            "each": [check.as_dict() for check in fit.checks.checks],
        },
        "parameters": to_records(fit.table(prob=subject.prob, mcse=True)),
        "checklist": checklist(fit, subject),
        "record": json.loads(json.dumps(dict(fit.record))),
        "commands": fit_commands(fit, subject.files[name]),
        "commands_lack": not_on_the_command_line(fit),
    }


def _predictions(subject: Subject) -> list[dict[str, Any]]:
    found = []
    for name, pair in subject.predictions.items():
        for one in () if isinstance(pair, str) else pair:
            records = to_records(one.table(prob=subject.prob, mcse=True))
            found += [{"fit": name, "response": one.response, **record} for record in records]
    return found


def _plans(subject: Subject) -> list[dict[str, Any]]:
    found = []
    for name, plan in subject.plans.items():
        if not isinstance(plan, str):
            action, regret = (plan.action_table(prob=subject.prob), plan.regret(prob=subject.prob))
            posterior = to_records(plan.table(prob=subject.prob, mcse=True))
            found.append(
                {"fit": name, "posterior": posterior, "action": to_records(action), "regret": to_records(regret)}
            )
    return found


def _comparison(subject: Subject) -> dict[str, Any] | None:
    if subject.is_single:
        return None
    reason = why_not(subject.fits)
    return {
        "method": "PSIS-LOO, in the range of the data",
        "left_out": one_line(reason),
        "scores": [] if reason else to_records(scores(subject.fits)),
    }
