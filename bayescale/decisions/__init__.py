"""Decisions on the whole posterior: predicted loss, compute-optimal plans, simulated experiments."""

from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.predict import Prediction, predict
from bayescale.decisions.simulate import simulate

__all__ = ["Plan", "Prediction", "allocate", "predict", "simulate"]
