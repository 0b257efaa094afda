"""Validation: what a design can tell before a fit, and what speaks against a law after it."""

from bayescale.validation.identify import Identification, identify
from bayescale.validation.review import Review, review

__all__ = ["Identification", "Review", "identify", "review"]
