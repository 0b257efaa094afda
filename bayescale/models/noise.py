"""Noise on the log of the loss: how single runs scatter around the law."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import Array

from bayescale.language.declare import parameter
from bayescale.language.declared import Declared
from bayescale.language.errors import LawError
from bayescale.language.priors import Gamma, HalfCauchy

_TAKES = ("log_loss", "measurement_sd")


# Controlled sweeps scatter by 0.15-0.9 % around a law, runs of public families by up to 4 %: the tail admits these.
SCALE = HalfCauchy(0.01)


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

    def log_density(self, observed: Any, log_loss: Any, measurement_sd: Any, counts: Any) -> Any:
        """Log density of some runs of one family together, in JAX: what NUTS computes.

        By default that of ``__call__``, run by run. What a noise puts in its place must be equal to it; it can be
        cheaper, since these runs share the noise's parameters.

        Args:
            observed: log of the observed losses, log of nats/token, shape (run,).
            log_loss: the law's, shape (run,).
            measurement_sd: shape (run,), or a scalar if it is the same for all.
            counts: whether a run counts, shape (run,); others are padding.
        """
        axes = (0, 0, 0 if jnp.ndim(measurement_sd) else None)
        single = jax.vmap(lambda y, mean, sd: self(mean, sd).log_prob(y), in_axes=axes)
        return jnp.where(counts, single(observed, log_loss, measurement_sd), 0.0).sum()

    def log_likelihood(self, residual: np.ndarray, measurement_sd: np.ndarray) -> np.ndarray:
        """Log likelihood summed over runs, in NumPy: what the instant engine needs; optional for own noises.

        Args:
            residual: observed minus predicted log loss, draw x run; this noise's parameters are of shape draw x 1.
            measurement_sd: of every run, shape (run,), or of shape (1,) if it is the same for all.

        Returns:
            one number per draw.
        """
        raise NotImplementedError


class StudentT(Noise):
    """Student-t: most runs follow the law closely, a few mistuned ones do not and lose their pull."""

    name = "student-t"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3)
    nu: Array = parameter("degrees of freedom of the noise", prior=Gamma(2.0, 0.1, 1.0), pooling="complete")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.StudentT(self.nu, log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_density(self, observed: Any, log_loss: Any, measurement_sd: Any, counts: Any) -> Any:
        scale = jnp.hypot(self.sigma, measurement_sd)
        # What the runs share stays out of their sum: compiled, it would be computed once for each of them.
        standard = jnp.where(counts, (observed - log_loss) * (1.0 / (scale * jnp.sqrt(self.nu))), 0.0)
        constant = _log_gamma_step(0.5 * self.nu) - 0.5 * jnp.log(math.pi * self.nu)
        scales = jnp.where(counts, jnp.log(scale), 0.0).sum() if jnp.ndim(scale) else counts.sum() * jnp.log(scale)
        return counts.sum() * constant - scales - 0.5 * (self.nu + 1.0) * jnp.log1p(standard * standard).sum()

    def log_likelihood(self, residual: np.ndarray, measurement_sd: np.ndarray) -> np.ndarray:
        from scipy.special import gammaln

        scale, nu, runs = np.hypot(self.sigma, measurement_sd), self.nu[:, 0], residual.shape[1]
        tails = residual / (scale * np.sqrt(self.nu))
        tails = sum_log(1.0 + tails * tails)
        constant = gammaln(0.5 * (nu + 1.0)) - gammaln(0.5 * nu) - 0.5 * np.log(np.pi * nu)
        return runs * constant - _log_scales(scale, runs) - 0.5 * (nu + 1.0) * tails


class Normal(Noise):
    """Normal: for clean sweeps only, one bad run pulls the whole curve."""

    name = "normal"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3)

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Normal(log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_likelihood(self, residual: np.ndarray, measurement_sd: np.ndarray) -> np.ndarray:
        scale, runs = np.hypot(self.sigma, measurement_sd), residual.shape[1]
        standard = residual / scale
        squares = np.einsum("mr,mr->m", standard, standard)
        return -0.5 * squares - _log_scales(scale, runs) - 0.5 * runs * math.log(2.0 * math.pi)


class Laplace(Noise):
    """Laplace: the density behind a Huber loss with a tip far below the residuals, the usual point fit."""

    name = "laplace"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3, symbol="b")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Laplace(log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_likelihood(self, residual: np.ndarray, measurement_sd: np.ndarray) -> np.ndarray:
        scale, runs = np.hypot(self.sigma, measurement_sd), residual.shape[1]
        return -(np.abs(residual) / scale).sum(axis=1) - _log_scales(scale, runs) - runs * math.log(2.0)


# Of the asymptotic series of log Gamma(x + 1/2) - log Gamma(x) in 1/x, the coefficients of x^-1, x^-3, ... beside
# log(x) / 2: the values at 1/2 of Bernoulli's polynomials less those at 0, over n (n + 1).
_STEP = (-1 / 8, 1 / 192, -1 / 640, 17 / 14336, -31 / 18432, 691 / 180224, -5461 / 425984)


def _log_gamma_step(x: Any) -> Any:
    """log Gamma(x + 1/2) - log Gamma(x) for x > 0, exact to rounding.

    JAX's logarithm of the gamma function costs as much as a hundred runs' densities, and its derivative again.
    """
    # Gamma(y + 1) = y Gamma(y) moves x to where the series has converged: its next term is below 2e-15 from 8 on.
    moved = 1.0
    for i in range(8):
        moved = moved * (x + i) / (x + i + 0.5)
    inverse = 1.0 / (x + 8.0)
    series = jnp.zeros_like(inverse)
    for coefficient in reversed(_STEP):
        series = series * inverse * inverse + coefficient
    return 0.5 * jnp.log(x + 8.0) + series * inverse + jnp.log(moved)


def _log_scales(scale: np.ndarray, runs: int) -> np.ndarray:
    """Sum of the log scales over runs, for scales of shape draw x run, or draw x 1 if all runs share one."""
    return np.log(scale).sum(axis=1) * (runs if scale.shape[1] == 1 else 1)


def sum_log(values: np.ndarray, together: int = 8) -> np.ndarray:
    """Sum over the last axis of the logs of numbers from 1 to 1e38, as logs of products of a few of them.

    A product costs a tenth of a logarithm; eight such numbers stay below the largest float.
    """
    rest = values.shape[1] % together
    whole = values[:, rest:].reshape(values.shape[0], -1, together)
    products = whole[..., 0]
    for i in range(1, together):
        products = products * whole[..., i]
    return np.log(products).sum(axis=1) + np.log(values[:, :rest]).sum(axis=1)


NOISES: tuple[type[Noise], ...] = (StudentT, Normal, Laplace)
