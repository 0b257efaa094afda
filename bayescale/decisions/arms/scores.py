"""What draws of losses say about which arm is better; less is better, and a tie is half a win."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri


def wins(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the probability that the first loss is less than the second, over budget.

    Args:
        first, second: draw x budget, paired.

    Examples:
        >>> wins(np.array([[1.0], [2.0], [3.0], [2.0]]), np.full((4, 1), 2.0)).tolist()
        [0.5]
    """
    return ((first < second) + 0.5 * (first == second)).mean(axis=0)


def best(losses: np.ndarray) -> np.ndarray:
    """Return the probability that each arm is the best, arm x budget; it sums to 1, ties are shared.

    Args:
        losses: draw x arm x budget.

    Examples:
        >>> best(np.array([[[1.0], [2.0]], [[3.0], [3.0]]])).ravel().tolist()
        [0.75, 0.25]
    """
    least = losses == losses.min(axis=1, keepdims=True)
    return (least / least.sum(axis=1, keepdims=True)).mean(axis=0)


def regret(losses: np.ndarray) -> np.ndarray:
    """Return the expected loss of choosing each arm over that of the best one of each draw, arm x budget.

    Args:
        losses: draw x arm x budget.

    Examples:
        >>> regret(np.array([[[1.0], [2.0]], [[3.5], [3.0]]])).ravel().tolist()
        [0.25, 0.5]
    """
    return (losses - losses.min(axis=1, keepdims=True)).mean(axis=0)


def detectable(sd: np.ndarray, power: float, prob: float) -> np.ndarray:
    r"""Return the least true difference that such a design tells with a probability.

    It is told when the posterior probability that one arm is better is at least ``prob``. Over repetitions the centre
    of the posterior scatters around the truth by its sd s, so that a difference :math:`\delta` is told with probability
    :math:`\Phi(\delta / s - z_{prob})`, which is ``power`` at :math:`\delta = s (z_{prob} + z_{power})`.

    Args:
        sd: of the difference.
        power: in (0, 1).
        prob: in (0, 1).

    Examples:
        >>> round(float(detectable(np.array(0.01), 0.8, 0.95)), 4)
        0.0249
    """
    return np.asarray(sd * (ndtri(power) + ndtri(prob)))


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where the loss of one arm crosses that of another, one entry per draw.

    Args:
        count: how many times the sign of the difference changes.
        last: log of the compute of the last change; NaN where there is none.
        overtakes: 1 where the first is behind at the least budget and ahead at the largest, -1 the other way, else 0.
    """

    count: np.ndarray
    last: np.ndarray
    overtakes: np.ndarray


def crossing(log_compute: np.ndarray, difference: np.ndarray) -> Crossing:
    """Return where differences change their sign, straight between budgets.

    Args:
        log_compute: rising, over budget.
        difference: log loss of the first less that of the second, draw x budget.

    Examples:
        >>> crossing(np.array([0.0, 1.0, 2.0]), np.array([[2.0, 1.0, -1.0]])).last.tolist()
        [1.5]
    """
    sign = np.sign(difference)
    # Where they are equal nothing is overtaken yet: the sign before holds on.
    for column in range(1, sign.shape[1]):
        sign[:, column] = np.where(sign[:, column] == 0, sign[:, column - 1], sign[:, column])
    changes = (sign[:, :-1] * sign[:, 1:]) < 0
    count, rows = changes.sum(axis=1), np.arange(len(sign))
    left = np.where(count > 0, changes.shape[1] - 1 - changes[:, ::-1].argmax(axis=1), 0)
    below, above = difference[rows, left], difference[rows, left + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = below / (below - above)
    at = log_compute[left] + share * (log_compute[left + 1] - log_compute[left])
    overtakes = np.where(sign[:, 0] * sign[:, -1] < 0, -sign[:, -1], 0).astype(int)
    return Crossing(count, np.where(count > 0, at, np.nan), overtakes)
