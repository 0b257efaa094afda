"""The shape of a transformer, from which parameters and FLOP are counted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bayescale.costs.checking import check_convention, check_positive
from bayescale.language.errors import SettingsError


@dataclass(frozen=True)
class Architecture:
    """A decoder-only transformer; every field may be an array, one value per model.

    Biases, norms and routers are left out, as the papers leave them out: they are some thousandths.

    Args:
        layers: number of blocks.
        width: of the residual stream (``d_model``).
        heads: attention heads per layer.
        key_size: width of a head's keys and values; ``heads * key_size`` is ``d_attn``.
        ffw: inner width of the feed-forward block, of one expert where there are several.
        vocabulary: tokens in the vocabulary.
        context: tokens in a sequence.
        attention_matrices: of ``width x heads key_size`` per layer: query, key, value and output; 5 with the relative
            positions of Gopher and Chinchilla.
        ffw_matrices: of ``width x ffw`` per feed-forward block: 2, or 3 for gated ones such as SwiGLU.
        embedding_matrices: of ``vocabulary x width``: 1 where input and output share theirs, else 2.
        experts: feed-forward blocks per layer.
        experts_per_token: of these, how many a token goes through, shared experts included.

    Raises:
        SettingsError: a field that is not positive, or more experts per token than there are.

    Examples:
        >>> model = Architecture(80, 8192, 64, 128, 32768, vocabulary=32_000, context=2048, attention_matrices=5)
        >>> f"{model.params('total'):.3g}"
        '7.01e+10'
    """

    layers: Any
    width: Any
    heads: Any
    key_size: Any
    ffw: Any
    vocabulary: Any
    context: Any
    attention_matrices: Any = 4
    ffw_matrices: Any = 2
    embedding_matrices: Any = 1
    experts: Any = 1
    experts_per_token: Any = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            check_positive("Architecture", field.name, getattr(self, field.name), "a count or a width")
        if np.any(np.asarray(self.experts_per_token) > np.asarray(self.experts)):
            raise SettingsError(
                f"Architecture: a token goes through experts_per_token of the experts, so through at most "
                f"{self.experts!r}, got {self.experts_per_token!r}."
            )

    @property
    def attention(self) -> Any:
        """Width of all heads together (``d_attn``)."""
        return self.heads * self.key_size

    @property
    def embedding_params(self) -> Any:
        """Parameters of the embeddings."""
        return self.embedding_matrices * self.vocabulary * self.width

    @property
    def matrix_params(self) -> Any:
        """Parameters of attention and feed-forward blocks, all experts counted."""
        return self._matrices(self.experts)

    @property
    def active_matrix_params(self) -> Any:
        """Parameters of attention and feed-forward blocks that one token goes through."""
        return self._matrices(self.experts_per_token)

    def params(self, convention: str) -> Any:
        """Return the number of parameters.

        Args:
            convention: ``"total"``; ``"non_embedding"``, all but the embeddings; or ``"active"``, embeddings and
                whatever else one token goes through.

        Raises:
            SettingsError: no such convention.
        """
        check_convention("Architecture", "convention", convention)
        if convention == "non_embedding":
            return self.matrix_params
        return self.embedding_params + (self.matrix_params if convention == "total" else self.active_matrix_params)

    def _matrices(self, blocks: Any) -> Any:
        per_width = self.attention_matrices * self.attention + self.ffw_matrices * self.ffw * blocks
        return self.layers * self.width * per_width
