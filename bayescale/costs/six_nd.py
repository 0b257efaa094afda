"""The usual estimate of training compute."""

from __future__ import annotations

from typing import Any

from bayescale.costs.base import Cost


class SixND(Cost):
    """Two FLOP per parameter and token forward, four backward (BibTeX key ``kaplan2020scaling``).

    >>> SixND()(70e9, 1.4e12)
    5.88e+23
    """

    def __call__(self, params: Any, tokens: Any) -> Any:
        return 6.0 * params * tokens

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return ``compute / (6 params)``."""
        return compute / (6.0 * params)

    def __repr__(self) -> str:
        return "SixND()"
