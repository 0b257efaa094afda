"""What speaks against a fitted model."""

from bayescale.validation.review.result import Review
from bayescale.validation.review.review import review

__all__ = ["Review", "review"]
