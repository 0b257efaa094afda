"""Loss along a training curve under any learning-rate schedule (Tissue et al., 2024)."""

from __future__ import annotations

from typing import Any

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import AnnealingArea, LearningRateArea, Loss
from bayescale.laws.base import Law
from bayescale.laws.floor_and_power import floor_and_power, level_and_slope


class Annealing(Law):
    """Loss along a run: a power of the area under the learning-rate schedule, less what annealing saves."""

    name = "annealing"
    cites = ("tissue2024scaling",)
    claims = (
        "What a schedule does to the loss enters by two numbers: the area S1 under it, in place of steps or tokens, "
        "and its annealing area S2, in which each fall of the learning rate acts with delay. One or two curves of one "
        "model predict those under other schedules. bayescale.laws.schedule_areas computes both from a schedule."
    )
    valid = (
        "One model size, batch and peak learning rate, after warm-up, on fresh data; annealing over more steps than "
        "the memory of S2 has. In other places its form is a first approximation."
    )
    needs = (
        "Checkpoints with residuals along runs (residuals='ou'), S1 over a decade, and a schedule whose decay is in "
        "the data: the last part of a run, or another run that ends earlier. S2 with the same memory throughout."
    )
    unidentified = (
        "C before the learning rate has fallen: it is then its prior's, and with it the loss at the end of the run. "
        "C against alpha and L_0 along one curve, where S2 grows with S1."
    )
    unpublished = "Constants belong to one model, batch and peak learning rate; none are recommended for others."

    L_0: Array = parameter("irreducible loss", prior=LogNormal(1.9, 0.35), unit="nats/token", between=0.4, symbol="L_0")
    A: Array = parameter("loss from finite training", at="S0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("exponent of the area under the schedule", prior=LogNormal(0.5, 0.4))
    # At the end of a decay of 1e4 to 1e5 steps S2 is 0.02 to 0.2 of S1, and papers print gains of 0.05 to 0.2 nats.
    C: Array = parameter("loss saved by annealing over the area", at="S0", prior=LogNormal(1.5, 1.0), unit="nats/token")
    S0: float = anchor("S1", symbol="S_0")

    def __call__(self, S1: LearningRateArea, S2: AnnealingArea) -> Loss:
        return self.L_0 + self.A * (S1 / self.S0) ** -self.alpha - self.C * (S2 / self.S0)

    def textbook(self) -> Any:
        """The same law with the anchor at 1, so that A and C are the coefficients papers print."""
        return self.replace(A=self.A * self.S0**self.alpha, C=self.C / self.S0, S0=1.0)

    # At S0 the data determine the loss and its slope; the exponent then is curvature, and C is what it is.
    @staticmethod
    def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
        L_0, A, alpha, C = logs
        return *level_and_slope(L_0, A, alpha), alpha, C

    @staticmethod
    def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        level, slope, alpha, C = coordinates
        L_0, A, jacobian = floor_and_power(level, slope, alpha)
        return (L_0, A, alpha, C), jacobian
