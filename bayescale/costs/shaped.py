"""The base of costs that follow from the shape of a model."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from bayescale.costs.architecture import Architecture
from bayescale.costs.base import Cost
from bayescale.costs.shapes import ShapeFamily
from bayescale.language.errors import SettingsError


class ShapedCost(Cost):
    """FLOP per token of an architecture, times tokens; a subclass writes ``per_token``.

    Args:
        shapes: gives an architecture for any number of parameters, and says how these are counted.

    Raises:
        SettingsError: no ShapeFamily.
    """

    def __init__(self, shapes: ShapeFamily):
        if not isinstance(shapes, ShapeFamily):
            raise SettingsError(
                f"{type(self).__name__} needs the shapes of models: a ShapeFamily, or ShapeFamily.like(architecture), "
                f"got {shapes!r}."
            )
        self.shapes = shapes

    @abstractmethod
    def per_token(self, model: Architecture) -> Any:
        """Return the FLOP of training on one token, forward and backward."""

    def flop(self, model: Architecture, tokens: Any) -> Any:
        """Return the FLOP of training one architecture, whatever the family's shapes are."""
        return self.per_token(model) * tokens

    def __call__(self, params: Any, tokens: Any) -> Any:
        return self.per_token(self.shapes.at(params)) * tokens

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return compute over FLOP per token."""
        return compute / self.per_token(self.shapes.at(params))

    @property
    def params_convention(self) -> str | None:
        """How this cost counts parameters: as its shapes do."""
        return self.shapes.params_convention

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shapes!r})"
