"""Validation: how far a law can be trusted, on simulated tables and beyond the data, and which law to trust."""

from bayescale.validation.backtest import Backtest, backtest, learn_discrepancy
from bayescale.validation.calibrate import calibrate
from bayescale.validation.calibration import Calibration
from bayescale.validation.compare import Comparison, compare, mixture_places, stacking_weights

__all__ = [
    "Backtest",
    "Calibration",
    "Comparison",
    "backtest",
    "calibrate",
    "compare",
    "learn_discrepancy",
    "mixture_places",
    "stacking_weights",
]
