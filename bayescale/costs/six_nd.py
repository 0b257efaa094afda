"""The usual estimate of training compute."""

from __future__ import annotations

from typing import Any

from bayescale.costs.base import Cost

# One multiply-add forward and two backward for each parameter and token of a dense transformer.
FLOP_PER_PARAM_TOKEN = 6.0


class SixND(Cost):
    """Two FLOP per parameter and token forward, four backward (BibTeX key ``kaplan2020scaling``).

    >>> SixND()(70e9, 1.4e12)
    5.88e+23
    """

    name = "6ND"

    def __call__(self, params: Any, tokens: Any) -> Any:
        return FLOP_PER_PARAM_TOKEN * params * tokens

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return ``compute / (6 params)``."""
        return compute / (FLOP_PER_PARAM_TOKEN * params)

    def params(self, tokens: Any, compute: Any) -> Any:
        """Return ``compute / (6 tokens)``."""
        return compute / (FLOP_PER_PARAM_TOKEN * tokens)

    def __repr__(self) -> str:
        return "SixND()"
