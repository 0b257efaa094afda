"""What a report is about: fits by name, what is asked of them, and their answers, which are made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bayescale.decisions import Plan, Prediction, allocate, predict
from bayescale.inference.fit import Fit
from bayescale.language.errors import BayescaleError, SettingsError
from bayescale.models.discrepancy import Discrepancy
from bayescale.show.distinct import distinct
from bayescale.show.report.files import file_name
from bayescale.validation import Backtest

KINDS = ("run", "law")
NO_RUN = "No run was asked for; params=... and tokens=... (--params, --tokens) ask for one."
NO_BUDGET = "No budget was asked for; compute=... (--compute) asks for one."
# Names are headings and parts of files' names.
LONGEST_NAME = 80


@dataclass(frozen=True, eq=False)
class Subject:
    """Fits by name, and what is asked of them.

    Args:
        fits: by the name that the report calls them.
        inputs: of predictions, by canonical name; empty where no run is asked for.
        compute: budgets in FLOP, or None.
        group: a family, or None for a new one or the only one.
        prob: of all intervals.
        discrepancy: what answers beyond the data have added.
        backtest: of the law on held-out runs, or None.
        answers: what the package cannot know, by the item of the checklist.
        title: of the report; None for one that names the laws.
    """

    fits: Mapping[str, Fit]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    compute: Any = None
    group: str | None = None
    prob: float = 0.9
    discrepancy: str | Discrepancy | None = "learnt"
    backtest: Backtest | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None

    @property
    def is_single(self) -> bool:
        """Whether there is one fit."""
        return len(self.fits) == 1

    @cached_property
    def files(self) -> dict[str, str]:
        """What the files of each fit are called, different ones for different names."""
        return distinct(self.fits, file_name)

    def part(self, words: str, name: str) -> str:
        """What a table or a figure about a fit is called; the only fit needs no name."""
        return words if self.is_single else f"{words}-{self.files[name]}"

    @cached_property
    def predictions(self) -> dict[str, tuple[Prediction, Prediction] | str]:
        """A new run and the law's curve by fit, or the reason why there are none."""
        if not self.inputs:
            return dict.fromkeys(self.fits, NO_RUN)
        return self._answered(
            lambda fit: tuple(
                predict(fit, group=self.group, kind=kind, discrepancy=self.discrepancy, **self.inputs) for kind in KINDS
            )
        )

    @cached_property
    def plans(self) -> dict[str, Plan | str]:
        """The plan of the budgets by fit, or the reason why there is none."""
        if self.compute is None:
            return dict.fromkeys(self.fits, NO_BUDGET)
        return self._answered(
            lambda fit: allocate(fit, compute=self.compute, group=self.group, discrepancy=self.discrepancy)
        )

    @cached_property
    def asked(self) -> tuple[Prediction | Plan, ...]:
        """Every answer."""
        predicted = [one for pair in self.predictions.values() if not isinstance(pair, str) for one in pair]
        return (*predicted, *(plan for plan in self.plans.values() if not isinstance(plan, str)))

    def _answered(self, ask: Any) -> dict[str, Any]:
        """Ask every fit; a question that none can answer is the asker's mistake, and raises."""
        found: dict[str, Any] = {}
        refused: list[BayescaleError] = []
        for name, fit in self.fits.items():
            try:
                found[name] = ask(fit)
            except BayescaleError as error:
                found[name] = str(error)
                refused.append(error)
        if len(refused) == len(self.fits):
            raise refused[0]
        return found


def named_fits(fits: Any) -> dict[str, Fit]:
    """Return fits by name: as they were named, else by their laws.

    Raises:
        SettingsError: nothing, something else than fits, or names that are none.
    """
    if isinstance(fits, Mapping):
        named = list(fits.items())
    else:
        several = [fits] if isinstance(fits, Fit) else list(fits) if isinstance(fits, Sequence) else []
        named = [(_label(fit, several), fit) for fit in several]
    if not named or not all(isinstance(fit, Fit) for _, fit in named):
        raise SettingsError(f"report takes a fit, several, or a mapping of names to fits, got {type(fits).__name__}.")
    for name, _ in named:
        if not (isinstance(name, str) and name.strip() and len(name) <= LONGEST_NAME):
            raise SettingsError(f"A fit's name must be text of at most {LONGEST_NAME} characters, got {name!r:.120}.")
    return _numbered(named)


def check_subject(subject: Subject) -> None:
    """Refuse a family or a backtest that are none.

    Raises:
        SettingsError: it is one of these.
    """
    if subject.group is not None and not any(subject.group in fit.groups for fit in subject.fits.values()):
        have = ", ".join(dict.fromkeys(group for fit in subject.fits.values() for group in fit.groups))
        raise SettingsError(f"No fit has the family {subject.group!r}; there are {have or 'no families'}.")
    if subject.backtest is not None and not isinstance(subject.backtest, Backtest):
        raise SettingsError(f"backtest must come from bs.backtest, got {type(subject.backtest).__name__}.")


def _label(fit: Any, several: Sequence[Any]) -> str:
    return fit.law.name if isinstance(fit, Fit) else type(fit).__name__


def _numbered(named: Sequence[tuple[str, Fit]]) -> dict[str, Fit]:
    found: dict[str, Fit] = {}
    for name, fit in named:
        label, count = name, 1
        while label in found:
            count += 1
            label = f"{name} {count}"
        found[label] = fit
    return found
