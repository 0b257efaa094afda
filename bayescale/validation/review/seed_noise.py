"""How far runs scatter about the law, against what repeats of a run differ by."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.validation.review.evidence import families_of

# Healthy runs that differ in their seed alone scatter by 0.03 to 0.07 % of the loss: 0.025 % of three dense 130M runs
# of Clark et al., 0.03 to 0.075 % of Muennighoff et al.'s 2.8B ones.
SEEDS = (0.0003, 0.0007)
# Scatter above the larger by this factor is not the seeds'; below the smaller by it, losses are not single runs'.
FACTOR = 3.0
COLUMNS = ["group", "scatter", "lower", "upper", "prob", "seed_noise"]


def seed_noise(fit: Fit, known: float | None) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return the scatter of each family as a part of the loss, with its 90 % interval, and a check.

    Args:
        fit: with a noise of log loss.
        known: sd of log loss between seeds; None is the largest of ``loss_se`` and of what is known of healthy runs.
    """
    name = fit.model.noise.scale
    draws = fit.posterior[name]
    low, high = SEEDS if known is None else (known, known)
    rows, told = [], known is not None or "loss_se" in fit.runs.table
    for family, at in families_of(fit):
        own = draws.sel(family=family) if "family" in draws.dims else draws
        lower, median, upper = np.quantile(own.to_numpy(), [0.05, 0.5, 0.95])
        limit = high
        if known is None and "loss_se" in fit.runs.table:
            table = fit.runs.table.iloc[at]
            limit = max(high, float((table["loss_se"] / table["loss"]).median()))
        rows.append([family, float(median), float(lower), float(upper), 0.9, limit])
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table, (_check(table, low, told=told),)


def _check(table: pd.DataFrame, low: float, *, told: bool) -> Check:
    """The check; whether somebody told what seeds do of these runs."""
    ratio = table["lower"] / table["seed_noise"]
    worst = table.loc[ratio.idxmax()]
    of = f" of {worst['group']}" if len(table) > 1 else ""
    value = float(worst["scatter"] / worst["seed_noise"])
    if ratio.max() > FACTOR:
        words = (
            f"Runs{of} scatter by {100 * worst['scatter']:.2g} % about the law, {value:.2g} times what seeds do "
            f"({100 * worst['seed_noise']:.2g} %{'' if told else ' as a rule'}). If the rest is mistuning or the law's "
            "own error, it is not independent from run to run, and intervals that take it to be are too narrow: tune "
            "the runs, or look at what the other checks say of the form."
        )
        return Check("seed-noise", "warn", value, FACTOR, words)
    least = table.loc[table["upper"].idxmin()]
    if least["upper"] < low / FACTOR:
        of = f" of {least['group']}" if len(table) > 1 else ""
        words = (
            f"Runs{of} scatter by {100 * least['upper']:.2g} % at most, less than seeds do ({100 * low:.2g} %): are "
            "the losses smoothed, averaged, or taken from a formula?"
        )
        return Check("seed-noise", "warn", float(least["scatter"] / low), 1.0 / FACTOR, words)
    return Check("seed-noise", "pass", value, FACTOR)
