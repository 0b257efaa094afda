"""Which run to train next: candidates, goals, and what each candidate is worth."""

from bayescale.decisions.next_run.box import Box
from bayescale.decisions.next_run.goals import Forecast, Parameters, Regret
from bayescale.decisions.next_run.next_run import next_run
from bayescale.decisions.next_run.result import NextRun

__all__ = ["Box", "Forecast", "NextRun", "Parameters", "Regret", "next_run"]
