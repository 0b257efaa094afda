"""Noises of the response itself, not of its log: counts of test items, errors of one size."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, get_type_hints

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import Array

from bayescale.language.declare import parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import HalfCauchy, LogitNormal
from bayescale.language.quantities import Items, Quantity, quantity_of
from bayescale.models.noise import Noise
from bayescale.models.proportion import Proportion

# Shares are printed with some digits: times the number of items they are this close to a whole number.
WHOLE = 0.05


class ValueNoise(Noise, abstract=True):
    """Distribution of the response around the law's value; a subclass declares its parameters and ``__call__``.

    ``__call__(self, value, measurement_sd, ...)`` gives the distribution of one observed response. Further arguments
    are columns of the table, each annotated with its quantity: ``items: Items``. NUTS fits such a noise; the instant
    engine and :func:`bayescale.fit_many` know the log of the response only.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    scale: ClassVar[str] = ""
    of_value: ClassVar[bool] = True

    @classmethod
    def _check_declaration(cls) -> None:
        arguments = list(inspect.signature(cls.__call__).parameters)[1:]
        if getattr(cls.__call__, "__isabstractmethod__", False) or arguments[:2] != ["value", "measurement_sd"]:
            raise LawError(
                f"{cls.__name__} needs def __call__(self, value, measurement_sd, ...) that gives a distribution."
            )
        module = inspect.getmodule(cls)
        hints = get_type_hints(cls.__call__, globalns=vars(module) if module else None, include_extras=True)
        found = {argument: quantity_of(hints.get(argument)) for argument in arguments[2:]}
        if bare := [argument for argument, quantity in found.items() if quantity is None]:
            raise LawError(
                f"{cls.__name__}.__call__: argument {bare[0]!r} carries no quantity, and it must be a column of the "
                f"table; annotate it, for example {bare[0]}: Items."
            )
        cls.columns = MappingProxyType({name: quantity for name, quantity in found.items() if quantity is not None})
        if cls.log_likelihood is not Noise.log_likelihood:
            raise LawError(
                f"{cls.__name__} has log_likelihood, which is one of residuals of log loss; leave it out, and __call__ "
                "is used run by run."
            )

    @abstractmethod
    def __call__(self, *args: Any, **columns: Any) -> dist.Distribution:
        """Return the distribution of one observed response.

        Args:
            args: the law's value, and the known sd of the measured response, 0 where unknown.
            columns: of the table, by argument.
        """

    def around(self, log_loss: Any, measurement_sd: Any, columns: Mapping[str, Any]) -> dist.Distribution:
        """The distribution of the response of a run, given the log of the law's."""
        return self(jnp.exp(log_loss), measurement_sd, **columns)

    @classmethod
    def to_response(cls, observed: Any) -> Any:
        """The response from what is observed of it, which is itself."""
        return observed

    @classmethod
    def unusable(cls, response: Quantity, value: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, str]:
        """Which runs it has no distribution for, and why; by default none.

        Args:
            response: of the law.
            value: the observed responses, over run.
            columns: what the noise takes besides, over run.
        """
        return np.zeros(value.size, bool), ""

    @classmethod
    def roughly(cls, value: np.ndarray, sd: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log of the response and its sd, both finite and near enough to find where the sampler starts, over run."""
        least = np.maximum(value, 1e-6 * max(float(value.max()), 1e-300))
        return np.log(least), sd / least


class BetaBinomial(ValueNoise):
    """Beta-binomial: of a known number of test items so many are right, and the items of a run succeed together."""

    name = "beta-binomial"

    rho: Array = parameter(
        "correlation of the test items of a run", prior=LogitNormal(0.002, 1.5), symbol=r"\rho", pooling="complete"
    )

    def __call__(self, value: Any, measurement_sd: Any, items: Items) -> dist.Distribution:  # type: ignore[override]
        # How well a share is known follows from the number of items; a standard error of it says the same again.
        return Proportion(value, self.rho, items)

    @classmethod
    def unusable(cls, response: Quantity, value: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, str]:
        """Runs whose share of the items is no whole number of them."""
        if response.lower != 0 or response.upper != 1:
            raise LawError(f"The noise {cls.name!r} is of shares such as accuracy, and {response.name} is none.")
        count = value * columns["items"]
        whole = np.abs(count - np.round(count)) <= WHOLE
        whole &= np.abs(columns["items"] - np.round(columns["items"])) == 0
        words = f"is no whole number of items (give {response.name} with more digits, and the items it was measured on)"
        return ~whole, words

    @classmethod
    def roughly(cls, value: np.ndarray, sd: np.ndarray, **columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        items = columns["items"]
        share = (value * items + 0.5) / (items + 1.0)
        return np.log(share), np.sqrt((1.0 - share) / (share * items))


class NormalValue(ValueNoise):
    """Normal, of one size whatever the response is: for scores whose scatter does not shrink with them."""

    name = "normal-value"

    sigma: Array = parameter("scale of the response around the law", prior=HalfCauchy(0.01), between=0.3)

    def __call__(self, value: Any, measurement_sd: Any) -> dist.Distribution:
        return dist.Normal(value, jnp.hypot(self.sigma, measurement_sd))


VALUE_NOISES: tuple[type[ValueNoise], ...] = (BetaBinomial, NormalValue)
