"""Laws of IsoFLOP valleys (Approach 2 of Hoffmann et al., 2022): a frontier, a path of best sizes, and a shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax import Array

from bayescale.costs import Cost, SixND
from bayescale.language.declare import PooledCoordinate, anchor, derived, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws.base import OWN_FORM, Law
from bayescale.laws.floor_and_power import floor_and_power, level_and_slope
from bayescale.laws.namespace import namespace

_FREE = "The frontier L*(C), the best size N*(C) = k N0 (C/C0)^a and the shape of the valleys are free of each other"


class _Valley(Law, abstract=True):
    """Base of laws whose fields begin with E, K, gamma, k and a; a budget C counts as N D, in units of N0 D0.

    What is lost at a budget is K (C/C0)^-gamma at the best size and in proportion to it elsewhere, by a factor that
    depends on log(N/N*) alone.
    """

    if TYPE_CHECKING:
        E: Any
        K: Any
        gamma: Any
        k: Any
        a: Any
        N0: Any
        D0: Any

        @property
        def curvature(self) -> Any: ...

    @staticmethod
    def log_rise(log_off: Any, shape: tuple[Any, ...]) -> Any:
        """Log of the factor at log(N/N*) = ``log_off``, from the logs of the parameters of the shape, in JAX."""
        raise NotImplementedError

    def textbook(self) -> Any:
        """The same law with anchors at 1: N* = k (N D)^a, and K is what is lost at N D = 1."""
        unit = self.N0 * self.D0
        return self.replace(K=self.K * unit**self.gamma, k=self.k * self.N0 * unit**-self.a, N0=1.0, D0=1.0)

    @derived("exponent of compute-optimal tokens in compute")
    def b(self) -> Any:
        """Exponent b in D* proportional to C^b: what size leaves of the budget."""
        return 1 - self.a

    @derived("curvature of the valleys over that of a sum of two power laws", symbol=r"\rho")
    def curvature_ratio(self) -> Any:
        """1 where size and data add as in Chinchilla, whose valleys have the curvature alpha beta.

        There gamma = alpha beta / (alpha + beta) and a = beta / (alpha + beta), so alpha = gamma / a,
        beta = gamma / (1 - a): frontier and path alone say how deep the valleys are. Meaningless for a beyond 1.
        """
        return self.curvature * self.a * (1 - self.a) / self.gamma**2

    @classmethod
    def pool(cls, logs: Any) -> Any:
        E, K, *others = logs
        return jnp.stack([jnp.logaddexp(E, K + cls._at_anchors(others)), K - E, *others])

    @classmethod
    def unpool(cls, coordinates: Any) -> Any:
        level, share, *others = coordinates
        E = level - jnp.logaddexp(0.0, share + cls._at_anchors(others))
        return jnp.stack([E, E + share, *others])

    @classmethod
    def _at_anchors(cls, others: Any) -> Any:
        """Log of the factor at the anchors, where log(N/N*) is -log k."""
        return cls.log_rise(-others[1], tuple(others[3:]))

    # At the centre of the design the data determine the loss and its slope in compute; then come floor and path.
    @staticmethod
    def straighten(logs: tuple[Any, ...]) -> tuple[Any, ...]:
        E, K, gamma, *others = logs
        return *level_and_slope(E, K, gamma), gamma, *others

    @staticmethod
    def unstraighten(coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        level, slope, gamma, *others = coordinates
        E, K, jacobian = floor_and_power(level, slope, gamma)
        return (E, K, gamma, *others), jacobian

    def optimum(self, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
        """The path itself, at the budgets of the law; other costs than 6ND have no closed form."""
        if not isinstance(cost, SixND):
            return None
        params = self.k * self.N0 * (compute / (6.0 * self.N0 * self.D0)) ** self.a
        return params, cost.tokens(params, compute)


def _coordinates(**shape: str) -> tuple[PooledCoordinate, ...]:
    """Level first, as pooled coordinates have it; then what is lost over the floor, path and shape."""
    others = {"gamma": "compute exponent", "k": "best size / N0", "a": "size exponent of the path", **shape}
    return (
        PooledCoordinate("level", "log of the loss at N0 and D0", 0.4),
        PooledCoordinate("share", "log of K / E", 0.3),
        *(PooledCoordinate(name, f"log of the {meaning}", 0.3) for name, meaning in others.items()),
    )


class IsoFLOP(_Valley):
    """At each budget a parabola in log size, around a best size and above a frontier that are powers of compute."""

    name = "isoflop"
    cites = ("hoffmann2022training",)
    claims = (
        f"{_FREE}: parabolas in log N, as deep as the loss over the floor. curvature_ratio is 1 where size and data "
        "add as in Chinchilla."
    )
    valid = (
        "Near the bottom of the valleys: runs within some 5 % of the lowest loss of their budget. Valleys are not "
        "symmetric, and a parabola through far runs moves its bottom."
    )
    needs = "Several sizes on both sides of the best one at each of several budgets, over a decade of compute or more."
    unidentified = (
        "E against gamma. Budgets may scatter about the path: let k differ by budget (groups, partial pooling of k), "
        "or intervals of a are too narrow."
    )
    unpublished = (
        "Hoffmann et al. print the exponent of the path, 0.49, and a table of best sizes; neither floor nor curvature."
    )

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    K: Array = parameter(
        "loss of the best size above E", at=("N0", "D0"), prior=LogNormal(0.8, 1.0), unit="nats/token", between=0.7
    )
    # Two exponents of 0.4 make a compute exponent of 0.2, a path of exponent 0.5 and a curvature of 0.16.
    gamma: Array = parameter("compute exponent of the frontier", prior=LogNormal(0.2, 0.4))
    k: Array = parameter("best size at the anchors' budget, in multiples", at=("N0", "D0"), prior=LogNormal(1.0, 1.0))
    a: Array = parameter("exponent of compute-optimal size in compute", prior=LogNormal(0.5, 0.3))
    c: Array = parameter("curvature of the valleys in log size", prior=LogNormal(0.16, 0.8))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = _coordinates(c="curvature")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        xp = namespace(N, D, *self.values.values())
        size = xp.log(N / self.N0)
        off = size - xp.log(self.k) - self.a * (size + xp.log(D / self.D0))
        rise = 1 + 0.5 * self.c * off**2
        return self.E + self.K * (N / self.N0) ** -self.gamma * (D / self.D0) ** -self.gamma * rise

    @property
    def curvature(self) -> Any:
        """Second derivative in log size of what is lost, over its value at the best size."""
        return self.c

    @staticmethod
    def log_rise(log_off: Any, shape: tuple[Any, ...]) -> Any:
        return jnp.log1p(0.5 * jnp.exp(shape[0]) * log_off**2)


class IsoFLOPValley(_Valley):
    """IsoFLOP valleys of any steepness on either side: Chinchilla with frontier, path and shape free of each other."""

    name = "isoflop-valley"
    cites = ("hoffmann2022training",)
    claims = (
        f"{_FREE}: of the slope p where models are too small and q where they are too large. Chinchilla is "
        "p = alpha, q = beta with gamma = pq/(p+q) and a = q/(p+q); a_shape and curvature_ratio say what is against it."
    )
    valid = "Inside the range of the budgets, and further from the bottom of the valleys than parabolas are."
    needs = "As isoflop's, with sizes far from the best one on both sides: these determine p and q."
    unidentified = (
        "p and q each, where a design has only the bottom of the valleys: the curvature pq is known there, and their "
        "ratio is not. E against gamma."
    )
    unpublished = OWN_FORM

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    K: Array = parameter(
        "loss of the best size above E", at=("N0", "D0"), prior=LogNormal(0.8, 1.0), unit="nats/token", between=0.7
    )
    gamma: Array = parameter("compute exponent of the frontier", prior=LogNormal(0.2, 0.4))
    k: Array = parameter("best size at the anchors' budget, in multiples", at=("N0", "D0"), prior=LogNormal(1.0, 1.0))
    a: Array = parameter("exponent of compute-optimal size in compute", prior=LogNormal(0.5, 0.3))
    p: Array = parameter("exponent of too small sizes", prior=LogNormal(0.4, 0.4))
    q: Array = parameter("exponent of too large sizes", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N", symbol="N_0")
    D0: float = anchor("D", symbol="D_0")

    pooled = _coordinates(p="exponent of too small sizes", q="exponent of too large sizes")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        xp = namespace(N, D, *self.values.values())
        size = xp.log(N / self.N0)
        off = size - xp.log(self.k) - self.a * (size + xp.log(D / self.D0))
        rise = (self.q * xp.exp(-self.p * off) + self.p * xp.exp(self.q * off)) / (self.p + self.q)
        return self.E + self.K * (N / self.N0) ** -self.gamma * (D / self.D0) ** -self.gamma * rise

    @property
    def curvature(self) -> Any:
        """Second derivative in log size of what is lost, over its value at the best size."""
        return self.p * self.q

    @derived("exponent that the shape of the valleys implies for size", symbol="a_{shape}")
    def a_shape(self) -> Any:
        """q / (p + q): what a would be if size and data added as in Chinchilla."""
        return self.q / (self.p + self.q)

    @staticmethod
    def log_rise(log_off: Any, shape: tuple[Any, ...]) -> Any:
        p, q = shape
        left, right = q - jnp.exp(p) * log_off, p + jnp.exp(q) * log_off
        return jnp.logaddexp(left, right) - jnp.logaddexp(p, q)
