"""Making a report: from fits and questions to a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayescale.inference.fit import Fit
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.installed import version_of
from bayescale.laws.references import bibliography
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.cite import Citations, cite
from bayescale.show.escape import one_line
from bayescale.show.macros import to_macros
from bayescale.show.report.blocks import Section
from bayescale.show.report.card import card, card_text
from bayescale.show.report.checklist import check_answers
from bayescale.show.report.files import CARD, report_folder, write_report
from bayescale.show.report.html import html, in_words
from bayescale.show.report.latex import latex
from bayescale.show.report.methods import methods
from bayescale.show.report.sections.checks import checks
from bayescale.show.report.sections.comparison import comparison
from bayescale.show.report.sections.data import data
from bayescale.show.report.sections.extrapolation import extrapolation
from bayescale.show.report.sections.fitted import fitted
from bayescale.show.report.sections.headline import headline
from bayescale.show.report.sections.model import model
from bayescale.show.report.sections.parameters import parameters
from bayescale.show.report.sections.plan import plans
from bayescale.show.report.sections.predictions import predictions
from bayescale.show.report.sections.provenance import provenance
from bayescale.show.report.subject import Subject, check_subject, named_fits
from bayescale.validation import Backtest

SECTIONS = (
    headline,
    data,
    model,
    checks,
    parameters,
    fitted,
    predictions,
    plans,
    extrapolation,
    comparison,
    provenance,
)
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Report:
    """A report that was written.

    Args:
        folder: where it is.
        card: the answers to the reporting checklist, as in its ``card.json``.
    """

    folder: Path
    card: Mapping[str, Any]

    @property
    def html(self) -> Path:
        """The page."""
        return self.folder / "report.html"

    @property
    def latex(self) -> Path:
        """The folder of LaTeX."""
        return self.folder / "latex"

    def __repr__(self) -> str:
        return f"Report in {self.folder}: report.html, latex/report.tex, {CARD}"


def report(
    fits: Fit | Sequence[Fit] | Mapping[str, Fit],
    *,
    out: str | os.PathLike[str],
    title: str | None = None,
    compute: Any = None,
    group: str | None = None,
    prob: float = 0.9,
    discrepancy: str | Discrepancy | None = "learnt",
    backtest: Backtest | None = None,
    answers: Mapping[str, str] | None = None,
    **inputs: Any,
) -> Report:
    """Write a report of a fit or several: a page in HTML, a folder of LaTeX, and a card for machines.

    The page has data and exclusions, model and priors, checks with advice, parameters, figures, predictions, plan,
    what lies beyond the data, a comparison of the fits, and the commands that make it again. Checks that fail and
    answers beyond the data stand on top. The page loads nothing and has no scripts. The same fit gives the same files.

    Args:
        fits: a fit, several, or a mapping of names to fits.
        out: the folder; a new one, an empty one, or that of an older report, whose files are replaced.
        title: of the report; by default the names of the fits.
        compute: budgets of a plan in FLOP, or None for no plan.
        group: a family that is asked about; None is a new family, or the only one there is.
        prob: probability of all intervals, in (0, 1).
        discrepancy: what answers beyond the data have added, as for :func:`bayescale.predict`.
        backtest: of the law on runs that were held out, for the section on what lies beyond the data.
        answers: to items of the card that the package cannot know, such as ``{"training.architecture": "..."}``.
        inputs: of predictions: ``params`` and ``tokens``, or whatever the laws take, one number or a flat list each.

    Returns:
        a :class:`Report`.

    Raises:
        SettingsError: no fits, no such family or probability, an item that the card does not have, or questions that
            none of the fits can answer.
        StoreError: a folder that holds something else, or cannot be written.

    References:
        li2025misfitting
    """
    folder = check_report(out, title=title, prob=prob, answers=answers)
    named = named_fits(fits)
    asked = {name: values for name, values in inputs.items() if values is not None}
    subject = Subject(named, asked, compute, group, prob, discrepancy, backtest, dict(answers or {}), title)
    check_subject(subject)
    heading = _title(subject)
    sections = [section(subject) for section in SECTIONS]
    citations = _citations(subject)
    files = _files(subject, heading, sections, citations)
    made = card(subject, heading, citations, [*files, CARD])
    write_report(folder, {**files, CARD: card_text(made)})
    return Report(folder, made)


def check_report(
    out: str | os.PathLike[str], *, title: str | None, prob: float, answers: Mapping[str, str] | None
) -> Path:
    """Refuse what no report can be made of, whatever the fits are, and return where the report goes.

    Raises:
        SettingsError: no such title, probability or item of the card.
        StoreError: a folder that holds something else, or cannot be written.
    """
    check_prob(prob)
    check_answers(answers or {})
    if title is not None and (not isinstance(title, str) or not one_line(title) or len(title) > LONGEST_TITLE):
        raise SettingsError(f"title must be text of at most {LONGEST_TITLE} characters, got {title!r:.120}.")
    return report_folder(out)


def _files(subject: Subject, title: str, sections: list[Section], citations: Citations) -> dict[str, str | bytes]:
    written_by, bibtex = version_of("bayescale"), citations.bibtex
    entries = bibliography()
    listed = [(key, in_words(entries[key]) if key in entries else "The bayescale authors. bayescale.", reason)
              for key, reason in citations.reasons]  # fmt: skip
    macros = to_macros(subject.fits, prob=subject.prob)
    parts = latex(title, sections, methods(subject, citations), bibtex, macros, written_by)
    page = html(title, sections, listed, written_by)
    return {"report.html": page, **{f"latex/{name}": content for name, content in parts.items()}}


def _citations(subject: Subject) -> Citations:
    """What was used: by the fits, their answers, and the comparison of several."""
    found = cite(*subject.fits.values(), *subject.asked)
    if subject.is_single:
        return found
    more = [("vehtari2017practical", "leave-one-out comparison")]
    known = set(found.keys)
    return Citations((*found.reasons, *(pair for pair in more if pair[0] not in known)), found.version)


def _title(subject: Subject) -> str:
    title = subject.title
    if title is None:
        laws = list(dict.fromkeys(fit.law.name for fit in subject.fits.values()))
        return f"Scaling law report: {', '.join(laws)}"
    return one_line(title)
