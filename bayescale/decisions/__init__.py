"""Decisions on the whole posterior: predicted loss, compute-optimal plans, best settings, simulated experiments."""

from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.convert import ConvertedFit, convert
from bayescale.decisions.hyperparameters import hyperparameters
from bayescale.decisions.predict import Prediction, predict
from bayescale.decisions.simulate import simulate

__all__ = ["ConvertedFit", "Plan", "Prediction", "allocate", "convert", "hyperparameters", "predict", "simulate"]
