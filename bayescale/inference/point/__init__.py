"""The point estimate that papers publish: robust least squares of log loss from many starts, and its bootstrap."""

from bayescale.inference.point.point_fit import point_fit
from bayescale.inference.point.result import PointFit
from bayescale.inference.point.settings import PointSettings

__all__ = ["PointFit", "PointSettings", "point_fit"]
