"""Training compute of mixtures of experts."""

from __future__ import annotations

from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.shaped import ShapedCost
from bayescale.costs.six_nd import FLOP_PER_PARAM_TOKEN


class ActiveSixND(ShapedCost):
    """6 N_active D: six FLOP per token and parameter that the token goes through.

    For tables that count active parameters already, that is :class:`SixND`.

    References:
        kaplan2020scaling

    Examples:
        >>> from bayescale.costs import ShapeFamily
        >>> shapes = ShapeFamily(aspect=128, vocabulary=32_000, context=4096, experts=8, experts_per_token=2)
        >>> cost = ActiveSixND(shapes)
        >>> round(cost(47e9, 1e12) / (6 * 47e9 * 1e12), 2)
        0.3
    """

    name = "6ND, active"

    def per_token(self, model: Architecture) -> Any:
        return FLOP_PER_PARAM_TOKEN * model.params("active")
