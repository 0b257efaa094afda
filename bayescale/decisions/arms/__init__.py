"""Comparing arms: recipes, corpora or architectures, of which one is to be scaled."""

from bayescale.decisions.arms.compare_arms import compare_arms
from bayescale.decisions.arms.result import Arms

__all__ = ["Arms", "compare_arms"]
