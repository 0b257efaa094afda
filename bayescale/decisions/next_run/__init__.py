"""Which run to train next: candidates, goals, and what each candidate is worth."""

from bayescale.decisions.next_run import goals
from bayescale.decisions.next_run.box import Box
from bayescale.decisions.next_run.next_run import next_run
from bayescale.decisions.next_run.result import NextRun

__all__ = ["Box", "NextRun", "goals", "next_run"]
