"""Training compute as Hoffmann et al. count it, operation by operation."""

from __future__ import annotations

from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.kaplan import PASSES
from bayescale.costs.shaped import ShapedCost
from bayescale.costs.shapes import ShapeFamily


class HoffmannF(ShapedCost):
    """FLOP of every operation of a transformer, after appendix F of Hoffmann et al.; backward is twice forward.

    Two traps. The ratios to 6ND that their table A4 prints come out only without the two vocabulary terms, embeddings
    and logits, which the text lists; and its parameters only with five attention matrices per layer
    (``attention_matrices=5``), while the operations are those of four.

    Args:
        shapes: as in :class:`ShapedCost`.
        vocabulary: count embeddings and logits.

    References:
        hoffmann2022training

    Examples:
        >>> from bayescale.costs import Architecture
        >>> model = Architecture(40, 3584, 28, 128, 14336, vocabulary=32_000, context=2048, attention_matrices=5)
        >>> shapes = ShapeFamily.like(model)
        >>> six_nd = 6 * model.params("total")
        >>> round(HoffmannF(shapes).per_token(model) / six_nd, 2)
        0.99
        >>> round(HoffmannF(shapes, vocabulary=True).per_token(model) / six_nd, 2)
        1.03
    """

    name = "Hoffmann F"

    def __init__(self, shapes: ShapeFamily, *, vocabulary: bool = False):
        super().__init__(shapes)
        self.vocabulary = vocabulary
        if vocabulary:
            self.name = "Hoffmann F with vocabulary"

    def per_token(self, model: Architecture) -> Any:
        attention = 2 * 3 * model.width * model.attention  # queries, keys, values
        attention = attention + 2 * model.context * model.attention  # scores
        attention = attention + 3 * model.heads * model.context  # softmax
        attention = attention + 2 * model.context * model.attention  # weighted values
        attention = attention + 2 * model.attention * model.width  # output
        feed_forward = 2 * model.ffw_matrices * model.width * model.ffw * model.experts_per_token
        forward = model.layers * (attention + feed_forward)
        if self.vocabulary:
            forward = forward + 2 * 2 * model.vocabulary * model.width  # embeddings and logits
        return PASSES * forward

    def __repr__(self) -> str:
        return f"HoffmannF({self.shapes!r}, vocabulary={self.vocabulary})"
