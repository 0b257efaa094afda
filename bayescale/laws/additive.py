"""What laws share in which finite size and finite data add to an irreducible loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from bayescale.language.declare import PooledCoordinate, derived
from bayescale.laws.base import Law


def level_and_shares(**others: str) -> tuple[PooledCoordinate, ...]:
    """Return the pooled coordinates of an additive law: the level, the shares of A and B, and ``others`` by name.

    Data pin down the level far better than its three parts, so families scatter in level and shares: a family with few
    runs borrows the shares and exponents of the others and keeps its own level.

    Args:
        others: what each further parameter is, in the order of the fields.
    """
    return (
        PooledCoordinate("level", "log of the loss at N0 and D0", 0.4),
        PooledCoordinate("size_share", "log of A / E", 0.3),
        PooledCoordinate("data_share", "log of B / E", 0.3),
        *(PooledCoordinate(name, f"log of the {meaning}", 0.3) for name, meaning in others.items()),
    )


class Additive(Law, abstract=True):
    """Base of laws whose fields begin with E, A and B: an irreducible loss and what size and data add to it.

    A holds at the anchor N0 and falls with the exponent ``alpha``, B at D0 with ``beta``; what finite size and data add
    together grows in proportion to A and B.
    """

    if TYPE_CHECKING:
        A: Any
        B: Any
        alpha: Any
        N0: Any
        D0: Any

        @property
        def beta(self) -> Any: ...

    def textbook(self) -> Any:
        """The same law with anchors at 1, so that A and B are the coefficients papers print."""
        return self.replace(A=self.A * self.N0**self.alpha, B=self.B * self.D0**self.beta, N0=1.0, D0=1.0)

    @derived("exponent of compute-optimal size in compute")
    def a(self) -> Any:
        """Exponent a in N* proportional to C^a, at large compute."""
        return self.beta / (self.alpha + self.beta)

    @staticmethod
    def reducible(logs: Any) -> Any:
        """Log of what size and data add at the anchors, from the logs of the parameters in JAX."""
        return jnp.logaddexp(logs[1], logs[2])

    @classmethod
    def pool(cls, logs: Any) -> Any:
        E, A, B, *others = logs
        return jnp.stack([jnp.logaddexp(E, cls.reducible(logs)), A - E, B - E, *others])

    @classmethod
    def unpool(cls, coordinates: Any) -> Any:
        level, size, data, *others = coordinates
        E = level - jnp.logaddexp(0.0, cls.reducible((jnp.zeros_like(level), size, data, *others)))
        return jnp.stack([E, E + size, E + data, *others])

    @staticmethod
    def slopes(others: tuple[Any, ...]) -> tuple[Any, Any]:
        """Logs of the exponents of size and data, among the logs of the parameters after E, A and B."""
        return others[0], others[1]

    @classmethod
    def moved(cls, logs: tuple[Any, ...], by: Mapping[str, float]) -> tuple[Any, ...]:
        E, A, B, *others = logs
        alpha, beta = cls.slopes(tuple(others))
        xp = E.__array_namespace__()
        return E, A + by.get("N0", 0.0) * xp.exp(alpha), B + by.get("D0", 0.0) * xp.exp(beta), *others

    # At the centre of the design the data determine the loss and its two slopes; exponents then are curvature alone.
    @classmethod
    def straighten(cls, logs: tuple[Any, ...]) -> tuple[Any, ...]:
        E, A, B, *others = logs
        alpha, beta = cls.slopes(tuple(others))
        xp = E.__array_namespace__()
        return xp.logaddexp(E, xp.logaddexp(A, B)), A + alpha, B + beta, *others

    @classmethod
    def unstraighten(cls, coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        level, size_slope, data_slope, *others = coordinates
        alpha, beta = cls.slopes(tuple(others))
        xp = level.__array_namespace__()
        A, B = size_slope - alpha, data_slope - beta
        # log(E / level); of the map, only d E / d level = level / E differs from 1 on the diagonal.
        floor = xp.log1p(-(xp.exp(A - level) + xp.exp(B - level)))
        return (level + floor, A, B, *others), -floor
