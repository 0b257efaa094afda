"""The priors of the package: on positive numbers and on all numbers here, between two bounds beside them."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bayescale.language.bounded_priors import LogitNormal, Uniform
from bayescale.language.errors import LawError
from bayescale.language.prior import Prior, check_positive, is_number, log_normal_density

if TYPE_CHECKING:
    import numpyro.distributions as dist


@dataclass(frozen=True)
class LogNormal(Prior):
    """Log-normal with the given median and standard deviation of the logarithm.

    >>> str(LogNormal(0.4, 0.4))
    'LogNormal(0.4, 0.4)'
    """

    median: float
    log_sd: float

    def __post_init__(self) -> None:
        check_positive(self, "median", "log_sd")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.LogNormal(math.log(self.median), self.log_sd)

    def unconstrained_moments(self) -> tuple[float, float]:
        return math.log(self.median), self.log_sd

    def natural(self, unconstrained: Any) -> Any:
        return np.exp(unconstrained)

    def log_density(self, unconstrained: Any) -> Any:
        return log_normal_density(unconstrained, math.log(self.median), self.log_sd)


@dataclass(frozen=True)
class Normal(Prior):
    """Normal with mean and standard deviation."""

    positive: ClassVar[bool] = False
    mean: float
    sd: float

    def __post_init__(self) -> None:
        check_positive(self, "sd")
        if not is_number(self.mean):
            raise LawError(f"Normal: mean must be a finite number, got {self.mean!r}.")

    def numpyro(self) -> dist.Distribution:
        import numpyro.distributions as dist

        return dist.Normal(self.mean, self.sd)

    def unconstrained_moments(self) -> tuple[float, float]:
        return self.mean, self.sd

    def natural(self, unconstrained: Any) -> Any:
        return unconstrained

    def log_density(self, unconstrained: Any) -> Any:
        return log_normal_density(unconstrained, self.mean, self.sd)


@dataclass(frozen=True)
class HalfNormal(Prior):
    """Half-normal with the given scale."""

    scale: float

    def __post_init__(self) -> None:
        check_positive(self, "scale")

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
        return math.log(2.0) + log_normal_density(np.exp(unconstrained), 0.0, self.scale) + unconstrained

    def scores(self, unconstrained: Any) -> Any:
        # Normal scores: on the log scale zero, which is where the prior is highest, would be far outside it.
        from scipy.special import erf, erfc, ndtri

        ratio = np.exp(unconstrained) / self.scale / math.sqrt(2.0)
        with np.errstate(divide="ignore"):
            return np.where(ratio < 0.5, ndtri(erf(ratio)), -ndtri(erfc(ratio)))


@dataclass(frozen=True)
class HalfCauchy(Prior):
    """Half-Cauchy with the given scale, its median: like a half-normal below it, open to much larger values."""

    scale: float

    def __post_init__(self) -> None:
        check_positive(self, "scale")

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
        check_positive(self, "shape", "rate")
        if not (is_number(self.lower) and self.lower >= 0):
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


PRIORS: tuple[type[Prior], ...] = (LogNormal, Normal, HalfNormal, HalfCauchy, Gamma, LogitNormal, Uniform)


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
