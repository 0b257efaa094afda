"""Noise on the log of the loss: how single runs scatter around the law."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import jax.numpy as jnp
import numpyro.distributions as dist
from jax import Array

from bayescale.language.declare import Declared, parameter
from bayescale.language.priors import Gamma, HalfNormal


class Noise(Declared, abstract=True):
    """Distribution of log loss around the law's log loss; a subclass declares its parameters and ``__call__``."""

    name: ClassVar[str]
    # The parameter that scales all residuals; the sampler's geometry follows it.
    scale: ClassVar[str] = "sigma"

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
