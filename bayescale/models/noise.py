"""Noise on the log of the loss, or of another response: how single runs scatter around the law."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
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
from bayescale.language.quantities import Quantity
from bayescale.models.log_sums import count_of, log_gamma_step, log_scales, sum_log

_TAKES = ("log_loss", "measurement_sd")
_SUMS = ("residual", "measurement_sd", "mask")


# Controlled sweeps scatter by 0.15-0.9 % around a law, runs of public families by up to 4 %: the tail admits these.
SCALE = HalfCauchy(0.01)


class Noise(Declared, ABC, abstract=True):
    """Distribution of log loss around the law's log loss; a subclass declares its parameters and ``__call__``.

    For a law of another response, read "response" where this says loss. A noise of the response itself instead of its
    log is a :class:`bayescale.models.value_noise.ValueNoise`.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    # The parameter that scales all residuals of log loss; the sampler's geometry follows it. Empty where there is none.
    scale: ClassVar[str] = "sigma"
    # Whether it is a noise of the response itself, and the columns that this takes besides, by argument.
    of_value: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Quantity]] = MappingProxyType({})

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(abstract=abstract, **kwargs)
        if abstract:
            return
        if cls.anchors:
            raise LawError(f"{cls.__name__} declares the anchor {cls.anchors[0].name!r}, and a noise takes no inputs.")
        cls._check_declaration()

    @classmethod
    def _check_declaration(cls) -> None:
        """Refuse a class without a scale or with other arguments than the engines give."""
        if cls.scale not in [p.name for p in cls.parameters if p.prior.positive]:
            raise LawError(
                f"{cls.__name__} needs a parameter {cls.scale!r} with a prior on positive numbers, the scale of all "
                "residuals; declare it, or name the one that is it: scale = 'tau'."
            )
        call = inspect.signature(cls.__call__)
        if getattr(cls.__call__, "__isabstractmethod__", False) or list(call.parameters)[1:] != list(_TAKES):
            raise LawError(f"{cls.__name__} needs def __call__(self, {', '.join(_TAKES)}) that gives a distribution.")
        if list(inspect.signature(cls.log_likelihood).parameters)[1:] != list(_SUMS):
            raise LawError(
                f"{cls.__name__}.log_likelihood must be def log_likelihood(self, {', '.join(_SUMS)}); "
                "or leave it out, and __call__ is used run by run."
            )
        if list(inspect.signature(cls.rounded).parameters)[1:] != [*_SUMS, "tip"]:
            raise LawError(
                f"{cls.__name__}.rounded must be def rounded(self, {', '.join(_SUMS)}, tip); "
                "or leave it out, where the density has no corners."
            )

    @abstractmethod
    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        """Return the distribution of one observed log loss.

        Args:
            log_loss: the law's value, log of nats/token.
            measurement_sd: known sd of the measured log loss of this run, 0 where unknown.
        """

    def log_likelihood(self, residual: Any, measurement_sd: Any, mask: Any) -> Any:
        """Log likelihood summed over runs, for NumPy and JAX arrays alike; optional for own noises.

        The instant engine needs it, and all others are quicker with it, since runs share what depends on the noise's
        parameters alone. The residual must then be all that the distribution depends on.

        Args:
            residual: observed minus predicted log loss, draw x run; this noise's parameters are of shape draw x 1.
            measurement_sd: of every run, shape (run,), or of shape (1,) if it is the same for all.
            mask: 1 for runs and 0 for padding, shape (run,); residuals of padding are 0. None where all are runs.
                Whatever does not vanish with the residual, such as a log scale, must be left out for padding.

        Returns:
            one number per draw.
        """
        raise NotImplementedError

    def rounded(self, residual: Any, measurement_sd: Any, mask: Any, tip: Any) -> Any:
        """Log likelihood as in :meth:`log_likelihood`, up to a constant, with corners rounded off; in JAX only.

        For a noise whose density has corners, as a Laplace's at its centre, which trajectories of NUTS cannot follow:
        they follow this one, and a second acceptance step makes the draws those of the density itself.

        Args:
            residual: observed minus predicted log loss, draw x run; this noise's parameters are of shape draw x 1.
            measurement_sd: of every run, shape (run,), or of shape (1,) if it is the same for all.
            mask: 1 for runs and 0 for padding, shape (run,).
            tip: how far from a corner the two may differ in shape, in units of the scale of residuals.

        Returns:
            one number per draw.
        """
        raise NotImplementedError

    @classmethod
    def has_corners(cls) -> bool:
        """Whether it declares how its corners are rounded off."""
        return not cls.of_value and cls.rounded is not Noise.rounded

    def around(self, log_loss: Any, measurement_sd: Any, columns: Mapping[str, Any]) -> dist.Distribution:
        """The distribution of what is observed of a run, which is log loss, given the law's log loss.

        Args:
            log_loss: the law's value, log of nats/token.
            measurement_sd: known sd of what is observed.
            columns: what the noise takes besides, by argument.
        """
        return self(log_loss, measurement_sd)

    @classmethod
    def to_response(cls, observed: Any) -> Any:
        """The response from what is observed of it, which is its log; for NumPy and JAX arrays."""
        # Far in the tail of a Student-t with few degrees of freedom a loss is infinite, which quantiles can take.
        with np.errstate(over="ignore"):
            return observed.__array_namespace__().exp(observed)

    def log_density(
        self, observed: Any, log_loss: Any, measurement_sd: Any, mask: Any, columns: Mapping[str, Any] | None = None
    ) -> Any:
        """Log density of padded runs summed, in JAX: by :meth:`log_likelihood` if there is one, else run by run.

        Args:
            observed: log of the observed losses, log of nats/token, shape (run,).
            log_loss: the law's, draw x run; this noise's parameters are of shape draw x 1.
            measurement_sd: of every run, shape (run,), or of shape (1,) if it is the same for all.
            mask: 1 or true for runs and 0 or false for padding, shape (run,).
            columns: what the noise takes besides, by argument, each of shape (run,).

        Returns:
            one number per draw.
        """
        if type(self).log_likelihood is not Noise.log_likelihood:
            # Padding is multiplied away, not selected: a selection would keep XLA from making one loop of all this.
            return self.log_likelihood(mask * (observed - log_loss), measurement_sd, mask)
        same = measurement_sd.size == 1
        over_runs = jax.vmap(
            lambda noise, y, mean, sd, more: noise.around(mean, sd, more).log_prob(y),
            in_axes=(None, 0, 0, None if same else 0, 0),
        )
        over_draws = jax.vmap(over_runs, in_axes=(0, None, 0, None, None))
        single = jax.tree.map(lambda values: values[:, 0], self)
        sd = measurement_sd[0] if same else measurement_sd
        return jnp.where(mask, over_draws(single, observed, log_loss, sd, columns or {}), 0.0).sum(axis=1)


class StudentT(Noise):
    """Student-t: most runs follow the law closely, a few mistuned ones do not and lose their pull."""

    name = "student-t"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3)
    nu: Array = parameter("degrees of freedom of the noise", prior=Gamma(2.0, 0.1, 1.0), pooling="complete")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.StudentT(self.nu, log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_likelihood(self, residual: Any, measurement_sd: Any, mask: Any) -> Any:
        xp = residual.__array_namespace__()
        scale, nu = xp.hypot(self.sigma, measurement_sd), self.nu[:, 0]
        tails = residual / (scale * xp.sqrt(self.nu))
        tails = sum_log(1.0 + tails * tails)
        constant = log_gamma_step(0.5 * nu) - 0.5 * xp.log(math.pi * nu)
        return count_of(residual, mask) * constant - log_scales(scale, residual, mask) - 0.5 * (nu + 1.0) * tails


class Normal(Noise):
    """Normal: for clean sweeps only, one bad run pulls the whole curve."""

    name = "normal"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3)

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Normal(log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_likelihood(self, residual: Any, measurement_sd: Any, mask: Any) -> Any:
        xp = residual.__array_namespace__()
        scale = xp.hypot(self.sigma, measurement_sd)
        standard = residual / scale
        squares = xp.einsum("mr,mr->m", standard, standard)
        constant = 0.5 * count_of(residual, mask) * math.log(2.0 * math.pi)
        return -0.5 * squares - log_scales(scale, residual, mask) - constant


class Laplace(Noise):
    """Laplace: the density behind a Huber loss with a tip far below the residuals, the usual point fit."""

    name = "laplace"

    sigma: Array = parameter("scale of log loss around the law", prior=SCALE, between=0.3, symbol="b")

    def __call__(self, log_loss: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Laplace(log_loss, jnp.hypot(self.sigma, measurement_sd))

    def log_likelihood(self, residual: Any, measurement_sd: Any, mask: Any) -> Any:
        xp = residual.__array_namespace__()
        scale = xp.hypot(self.sigma, measurement_sd)
        constant = count_of(residual, mask) * math.log(2.0)
        return -(xp.abs(residual) / scale).sum(axis=1) - log_scales(scale, residual, mask) - constant

    def rounded(self, residual: Any, measurement_sd: Any, mask: Any, tip: Any) -> Any:
        # Huber's function: a parabola within the tip, and the Laplace's own slope beyond it.
        scale = jnp.hypot(self.sigma, measurement_sd)
        size = jnp.abs(residual) / scale
        inner = jnp.minimum(size, tip)
        return -(size - inner + 0.5 * inner * inner / tip).sum(axis=1) - log_scales(scale, residual, mask)


# Of log loss; those of the response itself are VALUE_NOISES.
NOISES: tuple[type[Noise], ...] = (StudentT, Normal, Laplace)
