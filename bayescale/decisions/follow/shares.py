"""Curves at common shares of training, so that all of them are in the same part of their schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayescale.decisions.follow.regressors import SPARE
from bayescale.decisions.follow.situation import Curve, Situation
from bayescale.language.errors import SettingsError

# Times at which a curve is seen, reaching back to a fifth of what is seen, and times of the forecast.
SEEN, BACK, LATER = 6, 5.0, 8
# A sibling must have begun before this part of what is seen.
BEGUN = 0.5
# Logs round: a checkpoint at half of it may be written a little later.
ROUNDED = 1.02
FEWEST = 1 + SPARE
# Further outside of all siblings than this factor, a loss is of another unit, or of a run that has diverged.
OUTSIDE = 3.0


@dataclass(frozen=True, eq=False)
class Shares:
    """Where curves are compared.

    Args:
        seen, later: shares of training, increasing, the last 1.
        siblings: those that reach back to the first.
        left_out: the names of the others.
    """

    seen: np.ndarray
    later: np.ndarray
    siblings: tuple[Curve, ...]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, situation: Situation) -> Shares:
        """Choose the shares.

        Raises:
            SettingsError: too few siblings, or losses that are none of theirs.
        """
        share, first = situation.share, float(situation.run.shares[0])
        used = tuple(one for one in situation.siblings if one.shares[0] <= BEGUN * share * ROUNDED)
        left_out = tuple(one.name for one in situation.siblings if one not in used)
        if len(used) < FEWEST:
            raise SettingsError(
                f"Following {situation.run.name!r} takes at least {FEWEST} finished runs of its family whose first "
                f"checkpoints lie before {BEGUN * share:.2g} of their training, half of what is seen of it; got "
                f"{len(used)}. Wait, add runs, or see that all runs count {situation.place.unit} alike."
            )
        back = min(max(share / BACK, first, *(one.shares[0] for one in used)), share)
        count = 1 + round((SEEN - 1) * np.log(share / back) / np.log(BACK))
        seen = np.geomspace(back, share, count) if count > 1 else np.array([share])
        found = cls(seen, np.geomspace(share, 1.0, LATER + 1)[1:], used, left_out)
        found._check_losses(situation)
        return found

    @property
    def times(self) -> np.ndarray:
        """Minus log shares of training, of what is seen and what is forecast."""
        return -np.log(np.append(self.seen, self.later))

    @property
    def logs(self) -> np.ndarray:
        """Log losses of the siblings at all times, sibling x time."""
        return np.stack([_log_loss(one, np.exp(-self.times)) for one in self.siblings])

    def log_loss(self, run: Curve) -> np.ndarray:
        """Log losses of the run in flight where it is seen."""
        return _log_loss(run, self.seen)

    def _check_losses(self, situation: Situation) -> None:
        here = float(situation.run.loss[-1])
        theirs = np.exp([_log_loss(one, self.seen[-1:])[0] for one in self.siblings])
        if not theirs.min() / OUTSIDE < here < theirs.max() * OUTSIDE:
            raise SettingsError(
                f"The loss of {situation.run.name!r} is {here:.4g} where those of its siblings are "
                f"{theirs.min():.4g} to {theirs.max():.4g}: it is of another unit or test set, or has diverged, and "
                f"they say nothing of it; leave it, or read it in their unit."
            )


def _log_loss(curve: Curve, shares: np.ndarray) -> np.ndarray:
    """Smooth and monotone between checkpoints in logs of both, so that coarse curves are not kinked ones."""
    from scipy.interpolate import PchipInterpolator  # here, since other decisions have no need of it

    known, logs = np.log(curve.shares), np.log(curve.loss)
    if known.size == 1:
        return np.full(shares.size, logs[0])
    return np.asarray(PchipInterpolator(known, logs)(np.clip(np.log(shares), known[0], known[-1])))
