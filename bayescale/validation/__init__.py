"""Validation of fits: calibration by simulation."""

from bayescale.validation.calibrate import calibrate
from bayescale.validation.calibration import Calibration

__all__ = ["Calibration", "calibrate"]
