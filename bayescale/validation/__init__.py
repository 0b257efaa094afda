"""Validation: how far a law can be trusted, on simulated tables and beyond the data."""

from bayescale.validation.backtest import Backtest, backtest, learn_discrepancy
from bayescale.validation.calibrate import calibrate
from bayescale.validation.calibration import Calibration

__all__ = ["Backtest", "Calibration", "backtest", "calibrate", "learn_discrepancy"]
