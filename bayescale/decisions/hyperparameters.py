"""The best learning rate and batch size of a planned run, from the whole posterior."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from bayescale.decisions.draws import family_draws, group_label, law_of, seed_of
from bayescale.decisions.inputs import numbers_of, one_length
from bayescale.inference.evaluate import by_points, one_by_one
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import BATCH, LEARNING_RATE, Quantity
from bayescale.laws import Law
from bayescale.laws.bowl import Bowl


def hyperparameters(
    fit: Fit | Law, *, group: str | None = None, seed: int | None = None, prob: float = 0.9, **plan: Any
) -> pd.DataFrame:
    """Return the learning rate and batch size that are best for planned runs, with intervals.

    They are the centre of the bowl of a law of the loss over both, such as ``step-law``. Of a law of one of them alone,
    such as ``step-law-lr``, :func:`bayescale.predict` gives what it says.

    Args:
        fit: a fit of such a law, or the law at parameter values.
        group: a family of the data, for example a cell of the grid; None is one that is not in the data, whose best
            settings scatter around the law as those of the cells do, or the only one there is.
        seed: of a new family's draws; by default that of the fit.
        prob: probability of the equal-tailed intervals, in (0, 1).
        plan: what the best settings depend on, such as ``params`` and ``tokens``: positive numbers, or flat lists.

    Returns:
        a row per plan and setting: group, the plan, setting (``lr`` or ``batch_tokens``), unit, prob, median, lower,
        upper.

    Raises:
        LawError: a law without such a bowl.
        SettingsError: an unknown group, or inputs that are not those of the law, not positive or of two lengths.

    Examples:
        >>> from bayescale.laws import StepLaw
        >>> law = StepLaw(L_0=2.3, s_N=0.066, s_D=0.037, alpha=0.36, beta=0.28, eta_0=1.79, a_N=-0.713, a_D=0.307,
        ...               B_0=0.58, b_D=0.571, k_eta=0.013, k_B=0.011, tilt=0.4, skew=0.6, twist=0.4)
        >>> table = hyperparameters(law, params=1e9, tokens=1e11)
        >>> [f"{setting} {value:.3g}" for setting, value in zip(table["setting"], table["median"])]
        ['lr 0.00163', 'batch_tokens 1.11e+06']
    """
    law = type(fit) if isinstance(fit, Law) else fit.law
    if not issubclass(law, Bowl):
        raise LawError(
            f"The law {law.name!r} has no bowl over learning rate and batch size, as step-law has; "
            f"predict gives what it says of {law.response.label}."
        )
    points = _points(law, plan)
    check_prob(prob)
    if isinstance(fit, Law) and group is not None:
        raise SettingsError("A law at parameter values has no families; leave the group out.")
    with computing():
        own = fit if isinstance(fit, Law) else law_of(fit, family_draws(fit, group, seed_of(fit, seed))[0])
        centres = by_points(partial(_centres, own), points)
    label = fit.name if isinstance(fit, Law) else group_label(fit, group)
    rate, batch = centres.reshape(2, -1, centres.shape[-1])
    parts = [_table(q, draws, points, label, prob) for q, draws in ((LEARNING_RATE, rate), (BATCH, batch))]
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _points(law: type[Bowl], plan: dict[str, Any]) -> dict[str, np.ndarray]:
    """Check the plan and bring it to one length."""
    quantities = {q.name: q for q in law.arguments.values() if q.name in law.plan()}
    for name in sorted(set(quantities) ^ set(plan)):
        state = "needs" if name in quantities else "does not take"
        raise SettingsError(f"A plan by the law {law.name!r} {state} {name!r}; it has {', '.join(quantities)}.")
    return one_length({name: numbers_of(quantity, plan[name]) for name, quantity in quantities.items()})


def _centre(law: Any, plan: dict[str, Any]) -> Any:
    return law.centre(**plan)


@jax.jit
def _centres(law: Any, plan: dict[str, Any]) -> Any:
    """Best learning rate and batch size, stacked, where parameters and plan broadcast to."""
    return jnp.stack(one_by_one(_centre, law, plan))


def _table(quantity: Quantity, draws: np.ndarray, points: dict[str, np.ndarray], group: str, prob: float) -> Any:
    median, lower, upper = interval(draws, prob, axis=0)
    columns = {"setting": quantity.name, "unit": quantity.unit, "prob": float(prob)}
    return pd.DataFrame({"group": group, **points, **columns, "median": median, "lower": lower, "upper": upper})
