"""Noise on the log of the loss: how single runs scatter around the law."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import Array

from bayescale.language.declare import parameter
from bayescale.language.declared import Declared
from bayescale.language.errors import LawError
from bayescale.language.priors import Gamma, HalfNormal

_TAKES = ("log_loss", "measurement_sd")


class Noise(Declared, ABC, abstract=True):
    """Distribution of log loss around the law's log loss; a subclass declares its parameters and ``__call__``.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    # The parameter that scales all residuals; the sampler's geometry follows it.
    scale: ClassVar[str] = "sigma"

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(abstract=abstract, **kwargs)
        if abstract:
            return
        if cls.anchors:
            raise LawError(f"{cls.__name__} declares the anchor {cls.anchors[0].name!r}, and a noise takes no inputs.")
        if cls.scale not in [p.name for p in cls.parameters if p.prior.positive]:
            raise LawError(
                f"{cls.__name__} needs a parameter {cls.scale!r} with a prior on positive numbers, the scale of all "
                "residuals; declare it, or name the one that is it: scale = 'tau'."
            )
        call = inspect.signature(cls.__call__)
        if getattr(cls.__call__, "__isabstractmethod__", False) or list(call.parameters)[1:] != list(_TAKES):
            raise LawError(f"{cls.__name__} needs def __call__(self, {', '.join(_TAKES)}) that gives a distribution.")

    @abstractmethod
    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        """Return the distribution of one observed log loss.

        Args:
            log_loss: the law's value, log of nats/token.
            measurement_sd: known sd of the measured log loss of this run, 0 where unknown.
        """


class StudentT(Noise):
    """Student-t: most runs follow the law closely, a few mistuned ones do not and lose their pull."""

    name = "student-t"

    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01), between=0.3)
    nu: Array = parameter("degrees of freedom of the noise", prior=Gamma(2.0, 0.1, 1.0), pooling="complete")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.StudentT(self.nu, log_loss, jnp.hypot(self.sigma, measurement_sd))


class Normal(Noise):
    """Normal: for clean sweeps only, one bad run pulls the whole curve."""

    name = "normal"

    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01), between=0.3)

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Normal(log_loss, jnp.hypot(self.sigma, measurement_sd))


class Laplace(Noise):
    """Laplace: the density behind a Huber loss with a tip far below the residuals, the usual point fit."""

    name = "laplace"

    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01), between=0.3, symbol="b")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Laplace(log_loss, jnp.hypot(self.sigma, measurement_sd))


NOISES: tuple[type[Noise], ...] = (StudentT, Normal, Laplace)
