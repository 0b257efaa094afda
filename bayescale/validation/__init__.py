"""Validation: what a design can tell, how far a law can be trusted, and which law to trust."""

from bayescale.validation.backtest import Backtest, backtest, learn_discrepancy
from bayescale.validation.calibrate import calibrate
from bayescale.validation.calibration import Calibration
from bayescale.validation.compare import Comparison, compare, mixture_places, stacking_weights
from bayescale.validation.identify import Identification, identify
from bayescale.validation.review import Review, review

__all__ = [
    "Backtest",
    "Calibration",
    "Comparison",
    "Identification",
    "Review",
    "backtest",
    "calibrate",
    "compare",
    "identify",
    "learn_discrepancy",
    "mixture_places",
    "review",
    "stacking_weights",
]
