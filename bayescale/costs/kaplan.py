"""Training compute as Kaplan et al. count it."""

from __future__ import annotations

from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.shaped import ShapedCost

# A backward pass costs two forward passes.
PASSES = 3.0


class KaplanForward(ShapedCost):
    """Three forward passes of C_forward = 2 N + 2 n_layer n_ctx d_attn, where N leaves out embeddings.

    The context term is half of :class:`DeepSeekM`'s: of the scores, a causal mask needs half. Of experts, those that
    a token goes through count.

    References:
        kaplan2020scaling

    Examples:
        >>> from bayescale.costs import ShapeFamily
        >>> cost = KaplanForward(ShapeFamily(aspect=100, vocabulary=50_257, context=1024))
        >>> f"{cost(1.5e9, 2e10):.3g}"
        '1.73e+20'
    """

    name = "Kaplan forward"

    def per_token(self, model: Architecture) -> Any:
        forward = 2.0 * model.active_matrix_params + 2.0 * model.layers * model.context * model.attention
        return PASSES * forward
