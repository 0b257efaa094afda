"""Tables of training runs: the door that validates them, and the data sets that come with the package."""

from bayescale.data import datasets
from bayescale.data.censoring import censor
from bayescale.data.checkpoints import Early
from bayescale.data.read import read_runs
from bayescale.data.runs import Runs

__all__ = ["Early", "Runs", "censor", "datasets", "read_runs"]
