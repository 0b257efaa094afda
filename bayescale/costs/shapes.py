"""Families of shapes: an architecture for any number of parameters, and from one count of parameters to another."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.checking import check_convention, check_positive
from bayescale.costs.cubic import positive_root
from bayescale.language.errors import SettingsError


@dataclass(frozen=True)
class ShapeFamily:
    """Transformers of one aspect ratio, of any size: everything grows with the width, layers are width over aspect.

    Layers and heads are real numbers here, not rounded, since a cost must be smooth in size.

    Args:
        aspect: width over layers; about 40 for Chinchilla's models, 100 for GPT-3.
        vocabulary: tokens in the vocabulary.
        context: tokens in a sequence.
        head_size: width of a head.
        attention_ratio: width of all heads together, over width.
        ffw_ratio: inner width of a feed-forward block, over width.
        attention_matrices: as in :class:`Architecture`, and so the other four.
        ffw_matrices, embedding_matrices, experts, experts_per_token: as there.
        params_convention: how ``params`` are counted: ``"total"``, ``"non_embedding"`` or ``"active"``.

    Raises:
        SettingsError: a field that is not positive, or no such convention.

    Examples:
        >>> shapes = ShapeFamily(aspect=40, vocabulary=32_000, context=2048)
        >>> model = shapes.at(1e9)
        >>> round(model.layers, 1), round(model.width), round(model.params("total"))
        (36.8, 1470, 1000000000)
        >>> f"{shapes.convert(1e9, source='total', target='non_embedding'):.3g}"
        '9.53e+08'
    """

    aspect: float
    vocabulary: float
    context: float
    head_size: float = 128
    attention_ratio: float = 1.0
    ffw_ratio: float = 4.0
    attention_matrices: float = 4
    ffw_matrices: float = 2
    embedding_matrices: float = 1
    experts: float = 1
    experts_per_token: float = 1
    params_convention: str = "total"

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "params_convention":
                check_positive("ShapeFamily", field.name, getattr(self, field.name), "one number", single=True)
        check_convention("ShapeFamily", "params_convention", self.params_convention)
        self.of_width(1.0)

    @classmethod
    def like(cls, model: Architecture, *, params_convention: str = "total") -> ShapeFamily:
        """Return the family that an architecture belongs to: its proportions at every size."""
        return cls(
            aspect=model.width / model.layers,
            vocabulary=model.vocabulary,
            context=model.context,
            head_size=model.key_size,
            attention_ratio=model.attention / model.width,
            ffw_ratio=model.ffw / model.width,
            attention_matrices=model.attention_matrices,
            ffw_matrices=model.ffw_matrices,
            embedding_matrices=model.embedding_matrices,
            experts=model.experts,
            experts_per_token=model.experts_per_token,
            params_convention=params_convention,
        )

    def of_width(self, width: Any) -> Architecture:
        """Return the architecture of this width."""
        return Architecture(
            layers=width / self.aspect,
            width=width,
            heads=self.attention_ratio * width / self.head_size,
            key_size=self.head_size,
            ffw=self.ffw_ratio * width,
            vocabulary=self.vocabulary,
            context=self.context,
            attention_matrices=self.attention_matrices,
            ffw_matrices=self.ffw_matrices,
            embedding_matrices=self.embedding_matrices,
            experts=self.experts,
            experts_per_token=self.experts_per_token,
        )

    def at(self, params: Any) -> Architecture:
        """Return the architecture with this many parameters, counted as ``params_convention`` says."""
        return self._at(params, self.params_convention)

    def convert(self, params: Any, *, source: str, target: str) -> Any:
        """Return in convention ``target`` what ``params`` are in convention ``source``.

        Raises:
            SettingsError: no such convention.
        """
        check_convention("ShapeFamily", "source", source)
        check_convention("ShapeFamily", "target", target)
        return params if source == target else self._at(params, source).params(target)

    def _at(self, params: Any, convention: str) -> Architecture:
        # Matrices grow with the cube of the width, embeddings with the width.
        unit = self.of_width(1.0)
        cubic = unit.active_matrix_params if convention == "active" else unit.matrix_params
        linear = 0.0 if convention == "non_embedding" else unit.embedding_params
        return self.of_width(positive_root(cubic, linear, params))


@dataclass(frozen=True)
class Embeddings:
    """Total parameters from those outside the embeddings by one number: N_total = N + weight N^(1/3).

    Where a family's shapes have one aspect ratio, ``weight = vocabulary (aspect / 12)^(1/3)``; for others it is fitted.
    Pearce & Song's fit to Chinchilla's models is 47,491.

    Args:
        weight: positive.

    References:
        pearce2024reconciling

    Examples:
        >>> round(Embeddings(47_491).convert(1e6, source="non_embedding", target="total"))
        5749100
    """

    weight: float

    def __post_init__(self) -> None:
        check_positive("Embeddings", "weight", self.weight, "the factor of N^(1/3)", single=True)

    def convert(self, params: Any, *, source: str, target: str) -> Any:
        """Return in convention ``target`` what ``params`` are in convention ``source``.

        Raises:
            SettingsError: another convention than total or non_embedding.
        """
        for name, value in (("source", source), ("target", target)):
            check_convention("Embeddings", name, value)
            if value == "active":
                raise SettingsError(
                    "Embeddings tie total and non_embedding parameters only; for active ones give a "
                    "ShapeFamily with experts."
                )
        if source == target:
            return params
        if source == "non_embedding":
            return params + self.weight * params ** (1 / 3)
        return positive_root(1.0, self.weight, params) ** 3
