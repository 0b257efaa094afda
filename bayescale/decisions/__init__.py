"""Decisions on the whole posterior: predicted loss, compute-optimal plans, best settings, simulated experiments."""

from bayescale.decisions import allocation
from bayescale.decisions.allocate import Plan, allocate
from bayescale.decisions.arms import Arms, compare_arms
from bayescale.decisions.chain import Chain, chain
from bayescale.decisions.cheapest import Cheapest, cheapest
from bayescale.decisions.continue_run import continue_run
from bayescale.decisions.convert import ConvertedFit, convert
from bayescale.decisions.follow import Follow, follow
from bayescale.decisions.next_run import Box, NextRun, goals, next_run
from bayescale.decisions.pareto import Pareto, pareto
from bayescale.decisions.predict import predict
from bayescale.decisions.prediction import Prediction
from bayescale.decisions.scores.allocate_score import allocate_score
from bayescale.decisions.scores.compare_scores import ScoreComparison, compare_scores
from bayescale.decisions.scores.plan import ScorePlan
from bayescale.decisions.settings.batch_trade_off import BatchTradeOff, batch_trade_off
from bayescale.decisions.settings.hyperparameters import Hyperparameters, hyperparameters
from bayescale.decisions.settings.mistuning import Mistuning, mistuning
from bayescale.decisions.simulate import simulate
from bayescale.decisions.stages import ChainPrediction
from bayescale.decisions.valley import compare_valleys, valley

__all__ = [
    "Arms",
    "BatchTradeOff",
    "Box",
    "Chain",
    "ChainPrediction",
    "Cheapest",
    "ConvertedFit",
    "Follow",
    "Hyperparameters",
    "Mistuning",
    "NextRun",
    "Pareto",
    "Plan",
    "Prediction",
    "ScoreComparison",
    "ScorePlan",
    "allocate",
    "allocate_score",
    "allocation",
    "batch_trade_off",
    "chain",
    "cheapest",
    "compare_arms",
    "compare_scores",
    "compare_valleys",
    "continue_run",
    "convert",
    "follow",
    "goals",
    "hyperparameters",
    "mistuning",
    "next_run",
    "pareto",
    "predict",
    "simulate",
    "valley",
]
