"""Fits one after the other: each takes what the one before predicts, such as loss, then the task error at that loss."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, SOURCE_LOSS


@dataclass(frozen=True, eq=False, repr=False)
class Chain:
    """Fits whose joint posterior is the product of theirs; made by :func:`chain`.

    Args:
        fits: from the first stage to the last.
        links: the input of every later stage that the stage before gives.
    """

    fits: tuple[Fit, ...]
    links: tuple[str, ...]

    @property
    def name(self) -> str:
        """The laws, in order."""
        return " then ".join(fit.law.name for fit in self.fits)

    def check(self) -> None:
        """Check the fit of every stage.

        Raises:
            CheckError: a fit whose checks fail.
        """
        for fit in self.fits:
            fit.check()

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The parameter tables of all stages, with the stage (1, 2, ...) and its law in front.

        Args:
            prob: probability of the intervals, in (0, 1).
        """
        parts = [fit.table(prob=prob) for fit in self.fits]
        for number, (fit, part) in enumerate(zip(self.fits, parts, strict=True), start=1):
            part.insert(0, "stage", number)
            part.insert(1, "law", fit.law.name)
        return pd.concat(parts, ignore_index=True)

    def __repr__(self) -> str:
        parts = [repr(fit).replace("\n", "\n  ") for fit in self.fits]
        links = [f"\n  gives {link} to\n  " for link in self.links]
        return f"Chain of {self.name}\n  " + "".join(map("".join, zip(parts, [*links, ""], strict=True)))


def chain(*fits: Fit) -> Chain:
    """Put fits one after the other, so that the doubt about each reaches the predictions of the next.

    The first predicts, say, the loss of a run from its size and tokens, the second a task error from a loss. Given the
    measured losses of the table, what they say of the second law and what sizes and tokens say of the first are
    independent: the likelihood is a product, so with independent priors the joint posterior is the product of the two,
    exactly. The tables need not have the same runs. Predictions compose draws: a run's loss, with all that scatters it,
    is what its error is predicted from.

    This holds for what the second fit conditions on, a loss as it was measured, and while nothing but the loss carries
    from one stage to the next. It is not exact (1) where losses are measured with errors that matter next to their
    scatter (``loss_se``): the second law is then one of measured losses, whose slope is smaller than that of true ones;
    (2) where runs that are better than their loss says are better for a reason that the first stage shares, such as a
    family: a new family (no ``group``) is drawn in every stage by itself; (3) where the second law bends so beyond its
    table that no posterior of it says how, see the column ``outside`` of predictions. For a run whose loss is known,
    predict from that: ``predict(error_fit, loss=...)``.

    Args:
        fits: at least two, each of a law that takes what the law before predicts: a column of that name, or
            ``source_loss`` after a loss. All stages with families must know the group that is asked for; a stage
            without families is common to all. Saved and loaded one by one.

    Returns:
        a :class:`Chain`, for :func:`predict`.

    Raises:
        SettingsError: stages that do not fit together: no input to take what came before, no family in common, sizes
            counted in two ways, or losses so different that they must be of different sets or units.

    References:
        gadre2024language, bhagia2024establishing
    """
    if len(fits) < 2 or not all(isinstance(fit, Fit) for fit in fits):
        got = ", ".join(type(fit).__name__ for fit in fits) or "nothing"
        raise SettingsError(f"chain takes two fits or more, from the first stage to the last, got {got}.")
    links = tuple(_link(before, after) for before, after in pairwise(fits))
    for (before, after), link in zip(pairwise(fits), links, strict=True):
        _check_ranges(before, after, link)
    _check_conventions(fits)
    _check_families(fits)
    return Chain(fits, links)


def _link(before: Fit, after: Fit) -> str:
    """The input of a stage that the stage before gives."""
    given, takes = before.law.response.name, after.law.inputs()
    if given in takes:
        return given
    if given == LOSS.name and SOURCE_LOSS.name in takes:
        return SOURCE_LOSS.name
    raise SettingsError(
        f"The law {after.law.name!r} takes {', '.join(takes)}, and {before.law.name!r} before it predicts {given}; "
        "give the fits from the first stage to the last, each taking what the one before predicts."
    )


def _check_ranges(before: Fit, after: Fit, link: str) -> None:
    """Refuse stages whose tables have no value of what links them in common: no law can be right in both."""
    response = before.law.response.name
    given, taken = before.runs.table[response], after.runs.table[link]
    if given.max() < taken.min() or taken.max() < given.min():
        raise SettingsError(
            f"The fit of {before.law.name!r} is of {response} from {given.min():.4g} to {given.max():.4g}, and that of "
            f"{after.law.name!r} takes {link} from {taken.min():.4g} to {taken.max():.4g}: they have no value in "
            "common and are not of one test set in one unit; fit both to the same measure."
        )


def _check_conventions(fits: tuple[Fit, ...]) -> None:
    """Refuse stages that count parameters in different ways."""
    ways = {fit.law.name: fit.runs.params_convention for fit in fits if "params" in fit.law.inputs()}
    if len(set(ways.values())) > 1:
        counts = ", ".join(f"{law!r} {way}" for law, way in ways.items())
        raise SettingsError(f"The stages count parameters in different ways ({counts}); fit both in one of them.")


def _check_families(fits: tuple[Fit, ...]) -> None:
    """Refuse stages that have families and none in common."""
    grouped = [set(fit.groups) for fit in fits if fit.groups]
    if grouped and not set.intersection(*grouped):
        have = "; ".join(f"{fit.law.name!r} {', '.join(fit.groups)}" for fit in fits if fit.groups)
        raise SettingsError(f"The stages have no family in common ({have}); name families alike in both tables.")
