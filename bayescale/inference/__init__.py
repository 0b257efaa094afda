"""Inference: fitting by NUTS, checks, and fits on disk."""

from bayescale.inference.diagnose import Check
from bayescale.inference.fit import Fit, fit
from bayescale.inference.settings import Settings
from bayescale.inference.store import load, save

__all__ = ["Check", "Fit", "Settings", "fit", "load", "save"]
