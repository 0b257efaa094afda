"""Whether the sampler did its work: every check with its verdict and what to do."""

from __future__ import annotations

from dataclasses import replace

from bayescale.inference.fit import Fit
from bayescale.show import cells
from bayescale.show.cells import words
from bayescale.show.grid import Grid, grid
from bayescale.show.report.blocks import Block, Heading, Prose, Section, Table
from bayescale.show.report.subject import Subject

VERDICTS = {"pass": "passes", "warn": "warns", "fail": "FAILS"}


def checks(subject: Subject) -> Section:
    """Return the section on checks."""
    blocks: list[Block] = []
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks += [
            Prose(_sampled(fit)),
            Table(subject.part("checks", name), f"Checks: {fit.checks.verdict}.", table(fit)),
        ]
    return Section("checks", "Checks", tuple(blocks))


def table(fit: Fit) -> Grid:
    """One row per check."""
    advised = any(check.advice for check in fit.checks.checks)
    rows = []
    for check in fit.checks.checks:
        numbers = [cells.number(value, digits=4) for value in (check.value, check.threshold)]
        verdict = replace(words(VERDICTS[check.status]), status=check.status)
        row = [words(check.name), verdict, *numbers]
        rows.append([*row, words(check.advice, absent="–")] if advised else row)
    headers = ["check", "verdict", "value", "threshold", *(["advice"] if advised else [])]
    return grid(headers, rows, right=["value", "threshold"], wide=["advice"])


def _sampled(fit: Fit) -> str:
    sizes = fit.unconstrained.sizes
    return f"Sampled by {fit.engine}: {sizes['chain']} chains of {sizes['draw']:,} draws, seed {fit.seed}."
