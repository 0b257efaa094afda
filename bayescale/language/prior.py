"""What a prior is: a small frozen record that prints, hashes, saves as JSON and turns into a NumPyro distribution."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from bayescale.language.errors import LawError

if TYPE_CHECKING:
    import numpyro.distributions as dist


@dataclass(frozen=True)
class Prior(ABC):
    """Base of all priors; a subclass gives its NumPyro distribution and its rough moments on the unconstrained scale.

    That scale is the number itself; for a positive one the log of what it exceeds the lower bound of its support by;
    for one between two bounds the logit of its place between them.

    Raises:
        LawError: when the class statement of a subclass is executed and it lacks one of the two.
    """

    positive: ClassVar[bool] = True

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if abstract:
            return
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

    def scores(self, unconstrained: Any) -> Any:
        """Map NumPy values to units of the prior: of its own draws they have about mean 0 and sd 1."""
        mean, sd = self.exact_moments()
        return (unconstrained - mean) / sd

    @property
    def lowest(self) -> float:
        """The lower bound of a positive prior's support; the unconstrained scale is the log of the distance to it."""
        return float(getattr(self, "lower", 0.0))

    @property
    def scale_words(self) -> str:
        """What the unconstrained scale is, to put before a parameter's meaning, such as "log of "."""
        return "log of " if self.positive else ""

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


def check_positive(prior: Prior, *names: str) -> None:
    """Refuse a prior some of whose numbers are not positive and finite."""
    for name in names:
        value = getattr(prior, name)
        if not (is_number(value) and value > 0):
            raise LawError(f"{type(prior).__name__}: {name} must be a positive finite number, got {value!r}.")


def is_number(value: object) -> bool:
    """Whether a value is a finite number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def log_normal_density(value: Any, mean: float, sd: float) -> Any:
    """Log density of a normal variable with this mean and sd."""
    return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2.0 * math.pi)
