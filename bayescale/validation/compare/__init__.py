"""Comparison of laws and choices of analysis, and their average."""

from bayescale.validation.compare.compare import compare
from bayescale.validation.compare.result import Comparison
from bayescale.validation.compare.weights import mixture_places, stacking_weights

__all__ = ["Comparison", "compare", "mixture_places", "stacking_weights"]
