"""What settings lose against the best: the loss above the bottom of the bowl, draw by draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from bayescale.costs import Cost, SixND
from bayescale.decisions.beyond import words_of
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import compute_of, numbers_of, positive_number
from bayescale.decisions.settings.hyperparameters import settings_of
from bayescale.decisions.settings.sources import Source, bowl_of, points_of_plan
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import BATCH, LEARNING_RATE
from bayescale.laws import Law

# Where the search ends, in log settings: a bowl is flat there to a hundred-millionth.
CLOSE = 1e-4
# First step of the search; a factor of a fifth is the least that people tell apart.
STEP = 0.2
Losses = Callable[[np.ndarray], np.ndarray]


def mistuning(
    fit: Fit | Law,
    *,
    lr: Any = None,
    batch_tokens: Any = None,
    group: str | None = None,
    seed: int | None = None,
    cost: Cost | None = None,
    prob: float = 0.9,
    within: float = 0.0025,
    **plan: Any,
) -> pd.DataFrame:
    """Return what settings lose against the best ones, which the posterior does not know.

    Three choices per plan: ``"best"``, the settings with the least expected loss; ``"power of two"``, the better of the
    two powers of two (in tokens) beside the best batch, with the learning rate that is best for it; and ``"given"``,
    yours. Where one setting is given, the other is the one with the least expected loss beside it.

    Args:
        fit: a fit of a law with a bowl over both settings, such as ``step-law``, or the law at parameter values.
        lr: a learning rate to judge, or one per plan.
        batch_tokens: a batch size in tokens to judge, or one per plan.
        group, seed, cost, prob, plan: as of :func:`bayescale.hyperparameters`.
        within: share of the loss that good settings may lose, such as 0.0025 for 0.25 %.

    Returns:
        a row per plan and choice: group, the plan, choice, lr, batch_tokens, prob, percent (expected loss above the
        best, in per cent of it), percent_lower, percent_upper, loss (the same in nats/token), loss_lower, loss_upper,
        share (that is within), within (the probability of losing at most that), extrapolation; ``attrs["note"]`` as of
        :func:`bayescale.hyperparameters`. Bowls are made for losses up to some two per cent above the best: a larger
        loss than that is large, and not known.

    Raises:
        LawError: a law without such a bowl.
        SettingsError: as :func:`bayescale.hyperparameters`; settings that are not positive, or not as many as plans.

    References:
        li2025predictable

    Examples:
        >>> from bayescale.laws import StepLaw
        >>> law = StepLaw(L_0=2.3, s_N=0.066, s_D=0.037, alpha=0.36, beta=0.28, eta_0=1.79, a_N=-0.713, a_D=0.307,
        ...               B_0=0.58, b_D=0.571, k_eta=0.013, k_B=0.011, tilt=0.4, skew=0.6, twist=0.4)
        >>> table = mistuning(law, params=1e9, tokens=1e11, lr=4e-3)
        >>> [f"{choice} {value:.2f} %" for choice, value in zip(table["choice"], table["percent"])]
        ['best 0.00 %', 'power of two 0.00 %', 'given 0.53 %']
    """
    check_prob(prob)
    share = positive_number("within", within, "a share of the loss such as 0.0025")
    source, counted = bowl_of(fit, group, seed), SixND() if cost is None else cost
    points = points_of_plan(source.law, plan, counted)
    count = next(iter(points.values())).size
    given = [_each(q, value, count) for q, value in ((LEARNING_RATE, lr), (BATCH, batch_tokens))]
    (_, rates), (_, batches) = settings_of(source, points)
    beyond = compute_of(points, counted) / (largest_compute(source.fit, group, counted) if source.fit else np.nan)
    rows = []
    for i in range(count):
        one = {name: float(values[i]) for name, values in points.items()}
        losses = _losses(source, one)
        centre = np.log(np.stack([rates[:, i], batches[:, i]]))
        best = losses(np.exp(centre))
        own = [None if values is None else float(values[i]) for values in given]
        for choice, settings in _choices(losses, np.median(centre, axis=1), own).items():
            lost = np.maximum(losses(settings[:, None]) - best, 0.0)  # not below by rounding
            asked = {"group": source.label, **one, "choice": choice, "lr": settings[0], "batch_tokens": settings[1]}
            rows.append({**asked, **_spread(lost, best, prob, share), "extrapolation": beyond[i]})
    table = pd.DataFrame(rows)
    table.attrs["note"] = words_of(None, None, beyond)["note"]
    return table


def _each(quantity: Any, value: Any, count: int) -> np.ndarray | None:
    """A setting per plan."""
    if value is None:
        return None
    found = numbers_of(quantity, value)
    if found.size not in (1, count):
        raise SettingsError(f"{quantity.name} must be one number or {count}, one per plan, got {found.size}.")
    return np.broadcast_to(found, (count,))


def _losses(source: Source, plan: dict[str, float]) -> Losses:
    """The loss of a plan under each draw at settings (2 x 1), or at settings of each draw's own (2 x draw)."""
    law = source.draws

    def at(settings: np.ndarray) -> np.ndarray:
        rate, batch = (np.asarray(one, float)[:, None] for one in settings)
        columns = {name: np.full(rate.shape, value) for name, value in plan.items() if name in source.law.inputs()}
        with computing():
            found = curve(law, columns | {"lr": rate, "batch_tokens": batch})
        return np.asarray(found, float).reshape(-1)

    return at


def _choices(losses: Losses, middle: np.ndarray, own: list[float | None]) -> dict[str, np.ndarray]:
    """The settings to judge, by their name: learning rate and batch size each."""
    found = {"best": _least(losses, middle, [None, None])}
    exponent = np.log2(found["best"][1])
    beside = [_least(losses, middle, [None, 2.0**power]) for power in (np.floor(exponent), np.ceil(exponent))]
    found["power of two"] = min(beside, key=lambda settings: float(losses(settings[:, None]).mean()))
    if own != [None, None]:
        found["given"] = _least(losses, middle, own)
    return found


def _least(losses: Losses, start: np.ndarray, fixed: list[float | None]) -> np.ndarray:
    """The settings with the least expected loss, those that are fixed as they are."""
    free = [i for i in range(2) if fixed[i] is None]
    settings = np.array([np.exp(start[i]) if fixed[i] is None else fixed[i] for i in range(2)])
    if not free:
        return settings

    def expected(logs: np.ndarray) -> float:
        at = settings.copy()
        at[free] = np.exp(logs)
        return float(losses(at[:, None]).mean())

    corners = start[free] + STEP * np.vstack([np.zeros(len(free)), np.eye(len(free))])
    options = {"initial_simplex": corners, "xatol": CLOSE, "fatol": 1e-12}
    settings[free] = np.exp(minimize(expected, start[free], method="Nelder-Mead", options=options).x)
    return settings


def _spread(lost: np.ndarray, best: np.ndarray, prob: float, share: float) -> dict[str, float]:
    """Expectation and interval of what settings lose."""
    found: dict[str, float] = {"prob": float(prob)}
    for name, values in (("percent", 100 * lost / best), ("loss", lost)):
        _, lower, upper = interval(values, prob)
        found |= {name: float(values.mean()), f"{name}_lower": float(lower), f"{name}_upper": float(upper)}
    return found | {"share": share, "within": float((lost <= share * best).mean())}
