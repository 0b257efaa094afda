"""From loss to what a model can do: task error and task accuracy as functions of a loss."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from jax import Array

from bayescale.language.declare import anchor, derived, parameter
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.language.quantities import Accuracy, Chance, Error, Loss
from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace

# The exponential goes below zero at small losses, where no error is left to be predicted; its log must exist there.
LEAST_ERROR = 1e-3


class DownstreamError(Law):
    """Task error as an exponential of loss: the error of guessing less what a model of that loss has learnt."""

    name = "downstream-error"
    cites = ("gadre2024language",)
    claims = (
        "The error averaged over many tasks depends on a model's size and data through its loss alone, and falls as "
        "eps - k exp(-gamma L), where eps is about the error of guessing."
    )
    valid = (
        "Averages over tasks that models of the table do better than by guessing, and one set for the loss. Single "
        "tasks often have no such trend. The form has no floor: far below the losses of the table it falls to zero."
    )
    needs = (
        "Runs whose losses reach from where error is that of guessing to where it has clearly fallen, on one test set."
    )
    unidentified = (
        "k and gamma each: they lie on a ridge, while the error within the range of losses is known well. eps, where "
        "all runs do better than guessing."
    )

    eps: Array = parameter(
        "error at high loss, about that of guessing", prior=LogitNormal(0.8, 0.8), symbol=r"\epsilon_0"
    )
    K: Array = parameter("error below eps", at="L0", prior=LogNormal(0.15, 1.0), between=0.4)
    gamma: Array = parameter(
        "rate at which errors fall with loss", at="L0", prior=LogNormal(2.5, 0.6), unit="token/nat"
    )
    L0: float = anchor("L", symbol="L_0")

    # K and gamma at a loss inside the data: the paper's k is the gain at loss 0, far from every run.
    def __call__(self, L: Loss) -> Error:
        xp = namespace(L, *self.values.values())
        return xp.maximum(self.eps - self.K * xp.exp(-self.gamma * (L / self.L0 - 1.0)), LEAST_ERROR)

    def textbook(self) -> DownstreamError:
        """The same law with the anchor at 1, so that gamma is per nats/token."""
        gamma = self.gamma / self.L0
        xp = namespace(*self.values.values())
        return self.replace(K=self.K * xp.exp(self.gamma - gamma), gamma=gamma, L0=1.0)

    @derived("coefficient of exp(-gamma L)")
    def k(self) -> Any:
        """The paper's k."""
        law = self.textbook()
        return law.K * namespace(law.K, law.gamma).exp(law.gamma)


class DownstreamAccuracy(Law):
    """Task accuracy as a sigmoid of loss, from guessing at high loss to a ceiling at low loss."""

    name = "downstream-accuracy"
    cites = ("bhagia2024establishing", "grattafiori2024llama")
    claims = (
        "Accuracy on a task depends on a model's size and data through its loss on that task alone, and rises from "
        "guessing to a ceiling as a sigmoid of it."
    )
    valid = (
        "Multiple-choice tasks and their loss on the right answers; with the loss on general text the scatter is "
        "larger. Single tasks may have another trend or none: look at the residuals before believing a forecast."
    )
    needs = (
        "Losses from where accuracy is that of guessing to where it has clearly risen; the accuracy of guessing, 0 "
        "where answers are free; best the number of test items, for noise='beta-binomial'."
    )
    unidentified = "The ceiling, unless some runs come near it: with it the loss at half height and the steepness."
    unpublished = "Constants belong to one task and one way of scoring it; none are recommended for others."

    ceiling: Array = parameter(
        "share of what is above guessing that is reached at low loss", prior=LogitNormal(0.9, 1.0), symbol="s"
    )
    k: Array = parameter("steepness of accuracy in loss", at="L0", prior=LogNormal(5.0, 0.7), unit="token/nat")
    half: Array = parameter(
        "loss at which half of the rise is done", at="L0", prior=LogNormal(0.8, 0.4), unit="nats/token", symbol="L_h"
    )
    L0: float = anchor("L", symbol="L_0")

    def __call__(self, L: Loss, chance: Chance) -> Accuracy:
        xp = namespace(L, chance, *self.values.values())
        return chance + (1.0 - chance) * self.ceiling / (1.0 + xp.exp(self.k * (L / self.L0 - self.half)))

    def textbook(self) -> DownstreamAccuracy:
        """The same law with the anchor at 1: k per nats/token, half in nats/token."""
        return self.replace(k=self.k / self.L0, half=self.half * self.L0, L0=1.0)


def _published(k: float, gamma: float, eps: float) -> DownstreamError:
    """From the paper's letters."""
    return DownstreamError(eps=eps, K=float(k * np.exp(-gamma)), gamma=gamma)


# The authors' code on their runs: error against loss on C4, averaged over 46 tasks and over the 17 that their models
# do better than by guessing. The figures have four or five digits.
DownstreamError.published = MappingProxyType(
    {
        "gadre2024language-c4-46": _published(1.2885, 0.9722, 0.7589),
        "gadre2024language-redpajama-46": _published(1.3229, 0.8907, 0.7608),
        "gadre2024language-refinedweb-46": _published(1.1281, 0.8215, 0.7677),
        "gadre2024language-c4-17": _published(2.0789, 0.7561, 0.8497),
        "gadre2024language-redpajama-17": _published(2.2065, 0.7146, 0.8570),
        "gadre2024language-refinedweb-17": _published(2.2148, 0.7070, 0.8653),
    }
)
