"""Plans under a whole posterior: objectives, constraints, the Bayes action and what it loses."""

from bayescale.decisions.allocation.constraints import (
    Constraint,
    Memory,
    ParamsBetween,
    ServingAtMost,
    Sizes,
    TokensBetween,
    TokensPerParam,
    UniqueTokens,
)
from bayescale.decisions.allocation.objectives import CVaR, Exceedance, Mean, Objective, Quantile

__all__ = [
    "CVaR",
    "Constraint",
    "Exceedance",
    "Mean",
    "Memory",
    "Objective",
    "ParamsBetween",
    "Quantile",
    "ServingAtMost",
    "Sizes",
    "TokensBetween",
    "TokensPerParam",
    "UniqueTokens",
]
