"""Priors of numbers between two bounds, such as shares; their unconstrained scale is the logit of the place between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayescale.language.errors import LawError
from bayescale.language.prior import Prior, check_positive, is_number, log_normal_density

if TYPE_CHECKING:
    import numpyro.distributions as dist


@dataclass(frozen=True)
class Bounded(Prior, abstract=True):
    """Base of priors between ``lower`` and ``upper``, which a subclass declares among its fields."""

    positive: ClassVar[bool] = False

    if TYPE_CHECKING:

        @property
        def lower(self) -> float: ...

        @property
        def upper(self) -> float: ...

    @property
    def scale_words(self) -> str:
        """The unconstrained scale in words."""
        return "logit of "

    def typical(self) -> float:
        """Return the median, in natural units."""
        return float(self.natural(np.float64(self.exact_moments()[0])))

    def natural(self, unconstrained: Any) -> Any:
        # Of large numbers of either sign the exponential is one of minus their size, which cannot overflow.
        small = np.exp(-np.abs(unconstrained))
        place = np.where(np.asarray(unconstrained) >= 0, 1.0, small) / (1.0 + small)
        return self.lower + (self.upper - self.lower) * place

    def _check_bounds(self) -> None:
        if not (is_number(self.lower) and is_number(self.upper) and self.lower < self.upper):
            raise LawError(
                f"{type(self).__name__}: lower must be a finite number below upper, got {self.lower!r} and "
                f"{self.upper!r}."
            )


@dataclass(frozen=True)
class Uniform(Bounded):
    """Uniform between two bounds.

    >>> str(Uniform(0, 0.5))
    'Uniform(0, 0.5)'
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        self._check_bounds()

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.Uniform(self.lower, self.upper)

    def unconstrained_moments(self) -> tuple[float, float]:
        # The logit of a uniform number is logistic.
        return 0.0, math.pi / math.sqrt(3.0)

    def log_density(self, unconstrained: Any) -> Any:
        size = np.abs(unconstrained)
        return -size - 2.0 * np.log1p(np.exp(-size))


@dataclass(frozen=True)
class LogitNormal(Bounded):
    """Logit-normal: the logit of the place between two bounds is normal.

    Args:
        median: in natural units, between the bounds.
        logit_sd: standard deviation of the logit; 1.6 is about uniform around the middle, less is narrower.
        lower, upper: the bounds, 0 and 1 for shares.

    >>> str(LogitNormal(0.3, 0.5)), str(LogitNormal(1.5, 0.5, 1, 2))
    ('LogitNormal(0.3, 0.5)', 'LogitNormal(1.5, 0.5, 1, 2)')
    """

    median: float
    logit_sd: float
    lower: float = 0.0
    upper: float = 1.0

    def __post_init__(self) -> None:
        self._check_bounds()
        check_positive(self, "logit_sd")
        if not (is_number(self.median) and self.lower < self.median < self.upper):
            raise LawError(
                f"LogitNormal: median must lie between {self.lower:g} and {self.upper:g}, got {self.median!r}."
            )

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist
        from numpyro.distributions import constraints, transforms

        place = transforms.AffineTransform(self.lower, self.upper - self.lower, domain=constraints.unit_interval)
        return dist.TransformedDistribution(
            dist.Normal(*self.unconstrained_moments()), [transforms.SigmoidTransform(), place]
        )

    def unconstrained_moments(self) -> tuple[float, float]:
        return math.log((self.median - self.lower) / (self.upper - self.median)), self.logit_sd

    def log_density(self, unconstrained: Any) -> Any:
        return log_normal_density(unconstrained, *self.unconstrained_moments())
