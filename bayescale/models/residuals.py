"""How the residuals of one run's checkpoints follow each other: each is correlated with the one before it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from jax import Array

from bayescale.language.declare import parameter
from bayescale.language.declared import Declared
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.priors import LogNormal, Uniform
from bayescale.laws.namespace import namespace


class Residuals(Declared, ABC, abstract=True):
    """Correlation of a residual with the one before it in the same run; a subclass declares parameters and a formula.

    The residuals of a run, in units of their scales, are stationary: the first has the noise's distribution, and each
    later one is correlation x the one before + (1 - correlation^2)^(1/2) x a new draw of the noise. For normal noise
    this is a Gaussian process with exactly that correlation and the noise's sd everywhere. For other noises the new
    draws are the noise's, so that a bad checkpoint is forgotten as quickly as any other; the distribution of a residual
    is then that of a sum of such draws, wider in its middle than the noise's, and depends on the rows before it.

    Known measurement errors are part of what is correlated: one test set measures all checkpoints of a run.

    Raises:
        LawError: when the class statement is executed and something is missing.
    """

    # Whether gaps are differences of log tokens (of log steps in tables without tokens), or one from row to row.
    in_log_tokens: ClassVar[bool] = True

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(abstract=abstract, **kwargs)
        if not abstract and list(inspect.signature(cls.__call__).parameters)[1:] != ["gap"]:
            raise LawError(f"{cls.__name__} needs def __call__(self, gap) that gives minus the log of a correlation.")

    @abstractmethod
    def __call__(self, gap: Any) -> Any:
        """Return minus the logarithm of the correlation of two neighbours, positive, for NumPy and JAX arrays.

        Args:
            gap: between them, positive: difference of log tokens, or 1.
        """


class OU(Residuals):
    """Ornstein-Uhlenbeck: correlation exp(-gap / tau), whatever the gaps between checkpoints are."""

    name = "ou"

    # Lag-1 correlations of public curves are 0.06 to 0.62 at gaps of 0.003 to 0.1; what a law misses bends over 1.
    tau: Array = parameter(
        "distance in log tokens over which residuals of a run are forgotten",
        prior=LogNormal(0.1, 1.5),
        symbol=r"\tau",
        pooling="complete",
    )

    def __call__(self, gap: Any) -> Any:
        return gap / self.tau


class AR1(Residuals):
    """First-order autoregression: the same correlation from each checkpoint to the next, wherever they lie."""

    name = "ar1"
    in_log_tokens = False

    rho: Array = parameter(
        "correlation of residuals of a run from checkpoint to checkpoint",
        prior=Uniform(0.0, 1.0),
        symbol=r"\rho",
        pooling="complete",
    )

    def __call__(self, gap: Any) -> Any:
        return -gap * namespace(self.rho).log(self.rho)


RESIDUALS: tuple[type[Residuals], ...] = (OU, AR1)


def find_residuals(residuals: str | type[Residuals] | None) -> type[Residuals] | None:
    """Return the class that a name or a class means; None stays None, independent residuals.

    Raises:
        SettingsError: an unknown name, or something else.
    """
    if residuals is None or (isinstance(residuals, type) and issubclass(residuals, Residuals)):
        return residuals
    known = {one.name: one for one in RESIDUALS}
    if not isinstance(residuals, str) or residuals not in known:
        raise SettingsError(
            f"residuals must be {', '.join(repr(name) for name in known)}, a Residuals class, or None for independent "
            f"ones, got {residuals!r}."
        )
    return known[residuals]
