"""Priors as data: small frozen records that print, hash, save as JSON and turn into NumPyro distributions."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayescale.language.errors import LawError

if TYPE_CHECKING:
    import numpyro.distributions as dist


@dataclass(frozen=True)
class Prior(ABC):
    """Base of all priors; a subclass gives its NumPyro distribution and its rough moments on the unconstrained scale.

    That scale is the number itself, or the log of what it exceeds the lower bound of its support by.

    Raises:
        LawError: when the class statement of a subclass is executed and it lacks one of the two.
    """

    positive: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        needed = ("numpyro", "unconstrained_moments")
        if missing := [name for name in needed if getattr(getattr(cls, name), "__isabstractmethod__", False)]:
            raise LawError(f"{cls.__name__} is a prior without {missing[0]}; define {missing[0]}(self).")

    @abstractmethod
    def numpyro(self) -> dist.Distribution:
        """Return the NumPyro distribution."""

    @abstractmethod
    def unconstrained_moments(self) -> tuple[float, float]:
        """Return about the mean and sd on the unconstrained scale, from which the sampler finds where to start.

        They decide no posterior, but a change of them changes the draws of a seed. :meth:`exact_moments` are what
        draws compare with.
        """

    def exact_moments(self) -> tuple[float, float]:
        """Return mean and sd on the unconstrained scale, exact to four digits for the priors of this package."""
        return self.unconstrained_moments()

    @property
    def lowest(self) -> float:
        """The lower bound of a positive prior's support; the unconstrained scale is the log of the distance to it."""
        return float(getattr(self, "lower", 0.0))

    def typical(self) -> float:
        """Return a value in the middle of the prior, about its median, in natural units."""
        mean = self.exact_moments()[0]
        return self.lowest + math.exp(mean) if self.positive else mean

    def natural(self, unconstrained: Any) -> Any:
        """Map NumPy values from the unconstrained scale of :meth:`numpyro`'s support to natural units."""
        raise NotImplementedError

    def log_density(self, unconstrained: Any) -> Any:
        """Log density on the unconstrained scale, in NumPy: what the instant engine needs; optional for own priors."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record that :func:`prior_from_dict` reads back."""
        return {"prior": type(self).__name__, **asdict(self)}

    def __str__(self) -> str:
        inside = ", ".join(f"{getattr(self, f.name):g}" for f in fields(self) if getattr(self, f.name) != f.default)
        return f"{type(self).__name__}({inside})"


def _check_positive(prior: Prior, *names: str) -> None:
    for name in names:
        value = getattr(prior, name)
        if not (_is_number(value) and value > 0):
            raise LawError(f"{type(prior).__name__}: {name} must be a positive finite number, got {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class LogNormal(Prior):
    """Log-normal with the given median and standard deviation of the logarithm.

    >>> str(LogNormal(0.4, 0.4))
    'LogNormal(0.4, 0.4)'
    """

    median: float
    log_sd: float

    def __post_init__(self) -> None:
        _check_positive(self, "median", "log_sd")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.LogNormal(math.log(self.median), self.log_sd)

    def unconstrained_moments(self) -> tuple[float, float]:
        return math.log(self.median), self.log_sd

    def natural(self, unconstrained: Any) -> Any:
        return np.exp(unconstrained)

    def log_density(self, unconstrained: Any) -> Any:
        return _log_normal(unconstrained, math.log(self.median), self.log_sd)


@dataclass(frozen=True)
class Normal(Prior):
    """Normal with mean and standard deviation."""

    positive: ClassVar[bool] = False
    mean: float
    sd: float

    def __post_init__(self) -> None:
        _check_positive(self, "sd")
        if not _is_number(self.mean):
            raise LawError(f"Normal: mean must be a finite number, got {self.mean!r}.")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.Normal(self.mean, self.sd)

    def unconstrained_moments(self) -> tuple[float, float]:
        return self.mean, self.sd

    def natural(self, unconstrained: Any) -> Any:
        return unconstrained

    def log_density(self, unconstrained: Any) -> Any:
        return _log_normal(unconstrained, self.mean, self.sd)


@dataclass(frozen=True)
class HalfNormal(Prior):
    """Half-normal with the given scale."""

    scale: float

    def __post_init__(self) -> None:
        _check_positive(self, "scale")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.HalfNormal(self.scale)

    def unconstrained_moments(self) -> tuple[float, float]:
        # log|Z| of a standard normal has mean (digamma(1/2) + log 2) / 2 = -0.6352 and sd pi / sqrt(8) = 1.1107.
        return math.log(self.scale) - 0.6352, 1.1107

    def natural(self, unconstrained: Any) -> Any:
        return np.exp(unconstrained)

    def log_density(self, unconstrained: Any) -> Any:
        # Twice the normal on the positive half, and the slope of exp.
        return math.log(2.0) + _log_normal(np.exp(unconstrained), 0.0, self.scale) + unconstrained


@dataclass(frozen=True)
class HalfCauchy(Prior):
    """Half-Cauchy with the given scale, its median: like a half-normal below it, open to much larger values."""

    scale: float

    def __post_init__(self) -> None:
        _check_positive(self, "scale")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.HalfCauchy(self.scale)

    def unconstrained_moments(self) -> tuple[float, float]:
        # log|C| of a standard Cauchy is hyperbolic secant: mean 0, sd pi / 2.
        return math.log(self.scale), math.pi / 2.0

    def natural(self, unconstrained: Any) -> Any:
        return np.exp(unconstrained)

    def log_density(self, unconstrained: Any) -> Any:
        ratio = unconstrained - math.log(self.scale)
        return math.log(2.0 / math.pi) + ratio - np.log1p(np.exp(2.0 * ratio))


@dataclass(frozen=True)
class Gamma(Prior):
    """Gamma with shape and rate, truncated to values above ``lower``."""

    shape: float
    rate: float
    lower: float = 0.0

    def __post_init__(self) -> None:
        _check_positive(self, "shape", "rate")
        if not (_is_number(self.lower) and self.lower >= 0):
            raise LawError(f"Gamma: lower must be zero or a positive finite number, got {self.lower!r}.")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        if self.lower == 0:
            return dist.Gamma(self.shape, self.rate)
        from bayescale.language.truncated import TruncatedGamma

        return TruncatedGamma(self.shape, self.rate, self.lower)

    def unconstrained_moments(self) -> tuple[float, float]:
        """Mean and sd of log x without the truncation, which is enough to start from."""
        from scipy.special import digamma, polygamma

        return float(digamma(self.shape)) - math.log(self.rate), math.sqrt(float(polygamma(1, self.shape)))

    def natural(self, unconstrained: Any) -> Any:
        return self.lower + np.exp(unconstrained)

    def log_density(self, unconstrained: Any) -> Any:
        from scipy.special import gammaincc, gammaln

        kept = math.log(float(gammaincc(self.shape, self.rate * self.lower)))
        constant = self.shape * math.log(self.rate) - float(gammaln(self.shape)) - kept
        value = self.natural(unconstrained)
        return constant + (self.shape - 1.0) * np.log(value) - self.rate * value + unconstrained

    def exact_moments(self) -> tuple[float, float]:
        """Mean and sd of log(x - lower): exact without a bound, else by quadrature over that logarithm."""
        if self.lower == 0:
            return self.unconstrained_moments()
        # The integrand is smooth and vanishes at both ends, where the trapezium rule is exact to rounding: below, as
        # y itself from far under the bound or the scale 1/rate; above, where rate x exceeds the shape by 50 and more.
        low = math.log(min(self.lower, 1.0 / self.rate)) - 40.0
        y = np.linspace(low, math.log((self.shape + 60.0) / self.rate), 20_001)
        log_density = self.log_density(y)
        weight = np.exp(log_density - log_density.max())
        mean = float(weight @ y / weight.sum())
        return mean, math.sqrt(float(weight @ (y - mean) ** 2 / weight.sum()))


def _log_normal(value: Any, mean: float, sd: float) -> Any:
    return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2.0 * math.pi)


PRIORS: tuple[type[Prior], ...] = (LogNormal, Normal, HalfNormal, HalfCauchy, Gamma)


def prior_from_dict(record: dict[str, Any]) -> Prior:
    """Rebuild a prior from :meth:`Prior.as_dict`.

    Raises:
        LawError: an unknown prior or arguments it does not take.
    """
    known = {cls.__name__: cls for cls in PRIORS}
    name = record.get("prior") if isinstance(record, dict) else None
    if not isinstance(name, str) or name not in known:
        raise LawError(f"Unknown prior {name!r}; expected one of {', '.join(known)}.")
    arguments = {key: value for key, value in record.items() if key != "prior"}
    names = {f.name for f in fields(known[name])}
    needed = {f.name for f in fields(known[name]) if f.default is MISSING}
    if not needed <= set(arguments) <= names or not all(
        isinstance(v, float) or _is_small_int(v) for v in arguments.values()
    ):
        raise LawError(f"{name} takes the numbers {', '.join(sorted(names))}, got {arguments!r:.200}.")
    return known[name](**{key: float(value) for key, value in arguments.items()})


def _is_small_int(value: object) -> bool:
    """An integer that a float can hold; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
