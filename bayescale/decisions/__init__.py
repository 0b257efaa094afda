"""Decisions on the whole posterior: predicted loss, compute-optimal plans, simulated experiments."""

from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.continue_run import continue_run
from bayescale.decisions.convert import ConvertedFit, convert
from bayescale.decisions.predict import Prediction, predict
from bayescale.decisions.simulate import simulate

__all__ = ["ConvertedFit", "Plan", "Prediction", "allocate", "continue_run", "convert", "predict", "simulate"]
