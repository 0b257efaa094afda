"""What a design can tell of a law, before any fit."""

from bayescale.validation.identify.identify import identify
from bayescale.validation.identify.result import Identification

__all__ = ["Identification", "identify"]
