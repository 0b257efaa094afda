"""Cost models: compute in FLOP as a function of parameters and tokens, and what it takes in hours and dollars."""

from bayescale.costs.active import ActiveSixND
from bayescale.costs.architecture import Architecture
from bayescale.costs.base import Cost
from bayescale.costs.compute_error import ComputeError
from bayescale.costs.deepseek import DeepSeekM
from bayescale.costs.hoffmann import HoffmannF
from bayescale.costs.inference import WithInference
from bayescale.costs.kaplan import KaplanForward
from bayescale.costs.rate_card import RateCard
from bayescale.costs.shaped import ShapedCost
from bayescale.costs.shapes import Embeddings, ShapeFamily
from bayescale.costs.six_nd import SixND

__all__ = [
    "ActiveSixND",
    "Architecture",
    "ComputeError",
    "Cost",
    "DeepSeekM",
    "Embeddings",
    "HoffmannF",
    "KaplanForward",
    "RateCard",
    "ShapeFamily",
    "ShapedCost",
    "SixND",
    "WithInference",
]
