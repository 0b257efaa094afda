"""Marks that run a test for all laws, or for those with a capability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bayescale.laws import Law

from .own_laws import LAWS
from .promises import SCORES


def laws_where(has: Callable[[type[Law]], Any]) -> Any:
    """The laws with a capability."""
    return pytest.mark.parametrize("law", [law for law in LAWS if has(law)], ids=lambda law: law.name)


every_law = laws_where(lambda law: True)
scored_law = laws_where(lambda law: law.response.name in ("loss", "error", *SCORES))
anchored_law = laws_where(lambda law: law.anchors)
pooled_law = laws_where(lambda law: law.pooled)
splitting_law = laws_where(lambda law: law.response.name == "loss" and set(law.inputs()) == {"params", "tokens"})
closed_form_law = laws_where(lambda law: law.optimum is not Law.optimum)
law_with_exponent = laws_where(
    lambda law: law.optimum is not Law.optimum and "a" in [d.name for d in law.derived_quantities]
)
