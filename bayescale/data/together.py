"""Cells that are usable one by one and contradict each other within their row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bayescale.data.cells import CellLog
from bayescale.data.schema import is_mixture
from bayescale.language.quantities import INDICATORS

# Tokens that follow from compute, and shares of three digits, agree with others to this.
ROUNDING = 1e-6
SHARES = 2e-3
# Scores below guessing by more than so many standard deviations of a count are no luck: the chance level is wrong.
LUCK = 4.0


def check_together(numbers: Mapping[str, np.ndarray], rows: np.ndarray, names: Mapping[str, str], log: CellLog) -> None:
    """Note the cells that contradict another of their row.

    Args:
        numbers: values by canonical name, over rows, each usable by itself.
        rows: their row numbers in the source.
        names: canonical name to source column, for messages.
        log: where they go.
    """
    for look in (_unique_tokens, _chance, _mixture, _indicators):
        for name, index, reason in look(numbers):
            value = f"{numbers[name][index]:.15g}"
            log.add(int(rows[index]), names.get(name, name), value, reason, spare=name)


Found = Iterator[tuple[str, int, str]]


def _unique_tokens(numbers: Mapping[str, np.ndarray]) -> Found:
    """No run sees more unique tokens than tokens."""
    if not {"tokens", "unique_tokens"} <= set(numbers):
        return
    tokens, unique = numbers["tokens"], numbers["unique_tokens"]
    for index in np.flatnonzero(unique > tokens * (1 + ROUNDING)).tolist():
        reason = f"is more than the {tokens[index]:.6g} tokens of the run (give the unique tokens that it has seen)"
        yield "unique_tokens", index, reason


def _chance(numbers: Mapping[str, np.ndarray]) -> Found:
    """No task is done worse than by guessing, unless by bad luck with a known number of items."""
    if "chance" not in numbers:
        return
    chance = numbers["chance"]
    luck = LUCK * np.sqrt(chance * (1 - chance) / numbers["items"]) if "items" in numbers else 0.0
    remedy = "check chance" if "items" in numbers else "with 'items', the number of test items, it may be bad luck"
    for name, share in (("accuracy", lambda value: value), ("error", lambda value: 1 - value)):
        if name not in numbers:
            continue
        words = "below the" if name == "accuracy" else "above the error of"
        for index in np.flatnonzero(share(numbers[name]) < chance - luck - ROUNDING).tolist():
            guessing = chance[index] if name == "accuracy" else 1 - chance[index]
            what = f"{words} {guessing:.6g} of guessing" if name == "accuracy" else f"{words} guessing, {guessing:.6g}"
            yield name, index, f"is {what} ({remedy})"


def _mixture(numbers: Mapping[str, np.ndarray]) -> Found:
    """The weights of a mixture sum to 1."""
    weights = [name for name in numbers if is_mixture(name)]
    if not weights:
        return
    total = np.sum([numbers[name] for name in weights], axis=0)
    for index in np.flatnonzero(np.abs(total - 1) > SHARES).tolist():
        yield weights[0], index, f"and the other weights of the mixture sum to {total[index]:.6g} instead of 1"


def _indicators(numbers: Mapping[str, np.ndarray]) -> Found:
    """What says yes or no is 1 or 0."""
    for name in INDICATORS:
        values = numbers.get(name, np.zeros(0))
        for index in np.flatnonzero((values != 0) & (values != 1)).tolist():
            yield name, index, "is neither 0 (no) nor 1 (yes)"
