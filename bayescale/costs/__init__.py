"""Cost models: training compute in FLOP as a function of parameters and tokens."""

from bayescale.costs.base import Cost
from bayescale.costs.six_nd import SixND

__all__ = ["Cost", "SixND"]
