"""Decisions on the whole posterior: predicted loss, compute-optimal plans, best settings, simulated experiments."""

from bayescale.decisions import allocation
from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.arms import Arms, compare_arms
from bayescale.decisions.chain import Chain, chain
from bayescale.decisions.cheapest import Cheapest, cheapest
from bayescale.decisions.continue_run import continue_run
from bayescale.decisions.convert import ConvertedFit, convert
from bayescale.decisions.follow import Follow, follow
from bayescale.decisions.hyperparameters import hyperparameters
from bayescale.decisions.next_run import Box, Forecast, NextRun, Parameters, Regret, next_run
from bayescale.decisions.pareto import Pareto, pareto
from bayescale.decisions.predict import predict
from bayescale.decisions.prediction import Prediction
from bayescale.decisions.simulate import simulate
from bayescale.decisions.stages import ChainPrediction
from bayescale.decisions.valley import compare_valleys, valley

__all__ = [
    "Arms",
    "Box",
    "Chain",
    "ChainPrediction",
    "Cheapest",
    "ConvertedFit",
    "Follow",
    "Forecast",
    "NextRun",
    "Parameters",
    "Pareto",
    "Plan",
    "Prediction",
    "Regret",
    "allocate",
    "allocation",
    "chain",
    "cheapest",
    "compare_arms",
    "compare_valleys",
    "continue_run",
    "convert",
    "follow",
    "hyperparameters",
    "next_run",
    "pareto",
    "predict",
    "simulate",
    "valley",
]
