"""Training compute as DeepSeek count it."""

from __future__ import annotations

from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.shaped import ShapedCost


class DeepSeekM(ShapedCost):
    """C = M D with M = 72 n_layer d^2 + 12 n_layer d l_seq FLOP per token: no vocabulary, and attention in full.

    72 n_layer d^2 is six times the parameters outside the embeddings of the usual shape; for another shape its own
    count and its ``heads * key_size`` take the places of 12 n_layer d^2 and d.

    References:
        bi2024deepseek

    Examples:
        >>> from bayescale.costs import Architecture, ShapeFamily
        >>> model = Architecture(30, 4096, 32, 128, 16384, vocabulary=102_400, context=4096)
        >>> M = DeepSeekM(ShapeFamily.like(model)).per_token(model)
        >>> M == 72 * 30 * 4096**2 + 12 * 30 * 4096 * 4096
        True
    """

    name = "M D"

    def per_token(self, model: Architecture) -> Any:
        return 6.0 * model.active_matrix_params + 12.0 * model.layers * model.attention * model.context
