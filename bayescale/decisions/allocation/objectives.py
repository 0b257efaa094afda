"""What a plan is to make least over the draws of a posterior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from bayescale.decisions.inputs import positive_number
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError

# Share of the expected loss that decides between plans which exceed a loss in equally many draws.
TIE = 1e-9


class Objective(ABC):
    """A number per plan from its losses under all draws; it does not fall where the losses of all draws rise."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call it."""

    @property
    def is_loss(self) -> bool:
        """Whether its values are losses."""
        return True

    @abstractmethod
    def value(self, losses: np.ndarray) -> np.ndarray:
        """Return its value of plans from their losses, draw x plan."""

    def rank(self, losses: np.ndarray) -> np.ndarray:
        """Return what decides between plans, the least being the best; the value, where that tells plans apart."""
        return self.value(losses)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Mean(Objective):
    """Expected loss, whose best plan is the Bayes action.

    Examples:
        >>> Mean().value(np.array([[2.0], [2.2]])).round(3).tolist()
        [2.1]
    """

    @property
    def name(self) -> str:
        return "expected loss"

    def value(self, losses: np.ndarray) -> np.ndarray:
        return losses.mean(axis=0)


@dataclass(frozen=True)
class Quantile(Objective):
    """The loss that a plan stays below with a probability.

    Args:
        prob: in (0, 1).

    Raises:
        SettingsError: no such probability.
    """

    prob: float = 0.9

    def __post_init__(self) -> None:
        check_prob(self.prob)

    @property
    def name(self) -> str:
        return f"quantile {self.prob:g} of the loss"

    def value(self, losses: np.ndarray) -> np.ndarray:
        return np.quantile(losses, self.prob, axis=0)


@dataclass(frozen=True)
class CVaR(Objective):
    """Conditional value at risk: the expected loss in the worst cases, whose probability is 1 - prob.

    Args:
        prob: in (0, 1).

    Raises:
        SettingsError: no such probability.

    References:
        rockafellar2000optimization

    Examples:
        >>> CVaR(0.5).value(np.array([[1.0], [2.0], [3.0], [4.0]])).tolist()
        [3.5]
    """

    prob: float = 0.9

    def __post_init__(self) -> None:
        check_prob(self.prob)

    @property
    def name(self) -> str:
        return f"CVaR {self.prob:g} of the loss"

    def value(self, losses: np.ndarray) -> np.ndarray:
        count = losses.shape[0]
        share = (1.0 - self.prob) * count
        # A draw that is only in part among the worst counts in part.
        weights = np.clip(share - np.arange(count), 0.0, 1.0)[::-1]
        return weights @ np.sort(losses, axis=0) / share


@dataclass(frozen=True)
class Exceedance(Objective):
    """The probability that the loss is above a target; of equally probable plans, the least expected loss is best.

    Args:
        loss: the target, positive, in the unit of the loss.

    Raises:
        SettingsError: no positive finite number.
    """

    loss: float

    def __post_init__(self) -> None:
        positive_number("Exceedance: loss", self.loss, "a loss to stay below")

    @property
    def name(self) -> str:
        return f"P(loss > {self.loss:g})"

    @property
    def is_loss(self) -> bool:
        return False

    def value(self, losses: np.ndarray) -> np.ndarray:
        return (losses > self.loss).mean(axis=0)

    def rank(self, losses: np.ndarray) -> np.ndarray:
        return self.value(losses) + TIE * losses.mean(axis=0) / self.loss


def check_objective(objective: Objective | None) -> Objective:
    """Return the objective, expected loss where none is given.

    Raises:
        SettingsError: something else.
    """
    if objective is None:
        return Mean()
    if not isinstance(objective, Objective):
        raise SettingsError(
            f"objective must be one of allocation.Mean(), Quantile(0.9), CVaR(0.9) or Exceedance(2.0), got "
            f"{objective!r}."
        )
    return objective
