"""The compute-optimal split of two power laws."""

from __future__ import annotations

from typing import Any, NamedTuple

from bayescale.costs import Cost, SixND


class PowerTerm(NamedTuple):
    """A term ``coefficient * (x / anchor) ** -exponent`` of a law."""

    coefficient: Any
    exponent: Any
    anchor: Any


def best_split(size: PowerTerm, data: PowerTerm, compute: Any, cost: Cost) -> tuple[Any, Any] | None:
    """Return the params and tokens at which a size term and a data term together are least, or None.

    The stationary point of A (N/N0)^-alpha + B (D/D0)^-beta on 6 N D = C, in units of the anchors: alpha A n^-alpha =
    beta B d^-beta. Whatever increases with that sum alone has the same optimum. Other costs have no closed form.

    Args:
        size, data: the terms, with positive coefficients and exponents.
        compute: budget in FLOP.
        cost: what a run costs.

    References:
        hoffmann2022training, equation 4
    """
    if not isinstance(cost, SixND):
        return None
    total = size.exponent + data.exponent
    ratio = (size.exponent * size.coefficient) / (data.exponent * data.coefficient)
    budget = compute / (6.0 * size.anchor * data.anchor)
    params = size.anchor * ratio ** (1.0 / total) * budget ** (data.exponent / total)
    return params, cost.tokens(params, compute)
