"""Validation: what a design can tell before a fit, and what speaks against a law after it."""

from bayescale.validation.identify import Identification, identify

__all__ = ["Identification", "identify"]
