"""What the next run is for: the regret of a plan, a forecast, or the law's parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpyro.distributions import biject_to

from bayescale.decisions.inputs import points_of, positive_number
from bayescale.decisions.money import Money
from bayescale.decisions.next_run.aim import Aim, entropy, mean_variance, wasted_share
from bayescale.decisions.next_run.regret import size_and_rate
from bayescale.decisions.next_run.situation import Situation
from bayescale.inference.precision import computing
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS

__all__ = ["Forecast", "Goal", "Parameters", "Regret"]

# The budget at which a plan is of interest where none is named, over the largest compute of the table.
AHEAD = 10.0


class Goal(ABC):
    """What is to be known better, and what knowing it is worth."""

    @abstractmethod
    def aim(self, situation: Situation, money: Money) -> Aim:
        """Return the goal in numbers.

        Raises:
            SettingsError, LawError: the fit's law has no such target.
        """


@dataclass(frozen=True)
class Regret(Goal):
    r"""The compute that a plan is expected to waste since the best size is not known.

    A model of size N at a budget C has the loss of an optimal one of
    :math:`C \exp(-\frac12 \kappa (\ln N - \ln N^*)^2)`, with :math:`\kappa = \alpha + \beta` for Chinchilla; so with a
    normal :math:`\ln N^*` of variance v the best choice wastes :math:`C (1 - 1 / \sqrt{1 + \kappa v})`, half of kappa
    times v where that is small and never more than C. It is worth the price of that compute.

    Args:
        compute: the budget of the plan in FLOP.

    Raises:
        SettingsError: a budget that is not positive.
    """

    compute: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "compute", positive_number("compute", self.compute, "the budget of the plan in FLOP"))

    def aim(self, situation: Situation, money: Money) -> Aim:
        """See :meth:`Goal.aim`."""
        log_size, rate = size_and_rate(situation, self.compute)
        loss, worth = partial(wasted_share, rate=rate), self.compute * money.per_flop
        words = f"log N* at {self.compute:.3g} FLOP"
        return Aim(words, log_size[:, None], loss, worth, money.unit, priced=True)


@dataclass(frozen=True, init=False)
class Forecast(Goal):
    """The loss of runs that are to be trained later, known better: the mean variance of the log of the law's response.

    Args:
        worth: what a forecast without any error is worth, in the unit of prices; None values runs by the share of the
            variance that they take away, which no price can be held against.
        inputs: of the law, as for :func:`bayescale.predict`: ``params=7e10, tokens=1.4e12``.

    Raises:
        SettingsError: no inputs, or a worth that is not positive.
    """

    inputs: Mapping[str, Any]
    worth: float | None = None

    def __init__(self, *, worth: float | None = None, **inputs: Any) -> None:
        if not inputs:
            raise SettingsError("Forecast needs the inputs of the runs, such as Forecast(params=7e10, tokens=1.4e12).")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "worth", checked_worth(worth))

    def aim(self, situation: Situation, money: Money) -> Aim:
        """See :meth:`Goal.aim`."""
        law = situation.fit.law
        points = points_of(law.name, {q.name: q for q in law.arguments.values()}, dict(self.inputs))
        targets = situation.log_responses(points)
        count = targets.shape[1]
        at = ", ".join(f"{name} {values[0]:.3g}" for name, values in points.items())
        words = f"log {law.response.name} at {at if count == 1 else f'{count} points'}"
        unit, priced = (money.unit, True) if self.worth is not None else ("share of the variance", False)
        return Aim(words, targets, mean_variance, self.worth or 1.0, unit, priced, relative=True)


@dataclass(frozen=True, init=False)
class Parameters(Goal):
    """Parameters of the law, known better: their joint entropy (D-optimal designs).

    Args:
        names: of the law's parameters, at its anchors; all where none is named.
        worth: what a nat of information is worth, in the unit of prices; None values runs in nats.

    Raises:
        SettingsError: a worth that is not positive.
    """

    names: tuple[str, ...]
    worth: float | None = None

    def __init__(self, *names: str, worth: float | None = None) -> None:
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "worth", checked_worth(worth))

    def aim(self, situation: Situation, money: Money) -> Aim:
        """See :meth:`Goal.aim`."""
        model = situation.fit.model
        known = [p.name for p in model.law.parameters]
        if unknown := [name for name in self.names if name not in known]:
            raise SettingsError(
                f"The law {model.law.name!r} has no parameter {unknown[0]!r}; it has {', '.join(known)}."
            )
        chosen = list(dict.fromkeys(self.names)) or known
        with computing():
            free = [
                biject_to(model.prior(name).numpyro().support).inv(situation.family.values(name)) for name in chosen
            ]
        targets = np.stack([np.asarray(value, float) for value in free], axis=1)
        unit, priced = (money.unit, True) if self.worth is not None else ("nats", False)
        return Aim(", ".join(chosen), targets, entropy, self.worth or 1.0, unit, priced)


def checked_worth(worth: Any) -> float | None:
    """Return what a goal is worth.

    Raises:
        SettingsError: a number that is not positive.
    """
    return None if worth is None else positive_number("worth", worth, "in the unit of prices, or None")


def default_goal(situation: Situation) -> Goal:
    """The goal where none is named: the plan at ten times the largest compute, or all parameters."""
    law = situation.fit.law
    largest = situation.largest(situation.cost)
    plans = set(law.inputs()) == {"params", "tokens"} and law.response.name == LOSS.name and np.isfinite(largest)
    return Regret(AHEAD * largest) if plans else Parameters()
