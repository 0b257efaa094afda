"""Figures: ``name_data(...)`` computes a table, ``name(...)`` draws it, or the fit or plan it comes from.

Each returns axes of a figure outside pyplot unless given axes; nothing is saved and no style is set.
"""

from bayescale.show.figures.allocation import allocation, allocation_data
from bayescale.show.figures.arms import arms, arms_data
from bayescale.show.figures.backtest_coverage import backtest_coverage, backtest_coverage_data
from bayescale.show.figures.backtest_errors import backtest_errors, backtest_errors_data
from bayescale.show.figures.batch_trade_off import batch_trade_off, batch_trade_off_data
from bayescale.show.figures.calibration import calibration, calibration_data
from bayescale.show.figures.exponent import exponent, exponent_data
from bayescale.show.figures.follow import follow, follow_data
from bayescale.show.figures.isoflop import isoflop, isoflop_data
from bayescale.show.figures.learning_curves import learning_curves, learning_curves_data
from bayescale.show.figures.loss_compute import loss_compute, loss_compute_data
from bayescale.show.figures.loss_map import loss_map, loss_map_data
from bayescale.show.figures.many_fits import many_fits, many_fits_data
from bayescale.show.figures.multiverse import multiverse, multiverse_data
from bayescale.show.figures.next_run import next_run, next_run_data
from bayescale.show.figures.observed_predicted import observed_predicted, observed_predicted_data
from bayescale.show.figures.prior_posterior import prior_posterior, prior_posterior_data
from bayescale.show.figures.regret import regret, regret_data
from bayescale.show.figures.residuals import residuals, residuals_data
from bayescale.show.figures.ridges import ridges, ridges_data
from bayescale.show.figures.score_comparison import score_comparison, score_comparison_data
from bayescale.show.figures.score_forecast import score_forecast, score_forecast_data
from bayescale.show.figures.shrinkage import shrinkage, shrinkage_data
from bayescale.show.figures.trade_offs import trade_offs, trade_offs_data

__all__ = [
    "allocation",
    "allocation_data",
    "arms",
    "arms_data",
    "backtest_coverage",
    "backtest_coverage_data",
    "backtest_errors",
    "backtest_errors_data",
    "batch_trade_off",
    "batch_trade_off_data",
    "calibration",
    "calibration_data",
    "exponent",
    "exponent_data",
    "follow",
    "follow_data",
    "isoflop",
    "isoflop_data",
    "learning_curves",
    "learning_curves_data",
    "loss_compute",
    "loss_compute_data",
    "loss_map",
    "loss_map_data",
    "many_fits",
    "many_fits_data",
    "multiverse",
    "multiverse_data",
    "next_run",
    "next_run_data",
    "observed_predicted",
    "observed_predicted_data",
    "prior_posterior",
    "prior_posterior_data",
    "regret",
    "regret_data",
    "residuals",
    "residuals_data",
    "ridges",
    "ridges_data",
    "score_comparison",
    "score_comparison_data",
    "score_forecast",
    "score_forecast_data",
    "shrinkage",
    "shrinkage_data",
    "trade_offs",
    "trade_offs_data",
]
