"""Decisions on the whole posterior: predicted loss, compute-optimal plans, simulated experiments."""

from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.convert import ConvertedFit, convert
from bayescale.decisions.predict import Prediction, predict
from bayescale.decisions.simulate import simulate
from bayescale.decisions.valley import compare_valleys, valley

__all__ = [
    "ConvertedFit",
    "Plan",
    "Prediction",
    "allocate",
    "compare_valleys",
    "convert",
    "predict",
    "simulate",
    "valley",
]
