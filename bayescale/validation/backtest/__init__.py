"""Backtests: a law fitted to the smaller runs and scored on the larger ones."""

from bayescale.validation.backtest.backtest import backtest
from bayescale.validation.backtest.learn import learn_discrepancy
from bayescale.validation.backtest.result import Backtest

__all__ = ["Backtest", "backtest", "learn_discrepancy"]
