"""What settings lose against the best: the loss above the bottom of the bowl, draw by draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import minimize

from bayescale.costs import Cost, SixND
from bayescale.decisions.beyond import words_of
from bayescale.decisions.draws import described
from bayescale.decisions.extrapolation import largest_compute, note_of, noted, notes_of_points, with_note
from bayescale.decisions.inputs import compute_of, numbers_of, positive_number
from bayescale.decisions.settings.hyperparameters import settings_of
from bayescale.decisions.settings.sources import Source, bowl_of, plan_coords, points_of_plan
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import BATCH, LEARNING_RATE, LOSS
from bayescale.laws import Law

# Where the search ends, in log settings: a bowl is flat there to a hundred-millionth.
CLOSE = 1e-4
# First step of the search; a factor of a fifth is the least that people tell apart.
STEP = 0.2
Losses = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Mistuning:
    """What choices of settings lose against the best, draw by draw; made by :func:`mistuning`.

    Args:
        draws: percent (loss above the best, in per cent of it) and loss (the same in nats/token) over draw, point and
            choice; lr and batch_tokens, which were chosen, over point and choice; with what the plan is (params,
            tokens, ...) and extrapolation over point; each with ``long_name`` and ``units``. Attributes: group, note,
            notes (of each point).
    """

    draws: xr.Dataset

    @property
    def note(self) -> str:
        """What there is to know of plans beyond the data, a sentence; empty where there are none."""
        return note_of(self.draws)

    def table(self, *, prob: float = 0.9, within: float = 0.0025) -> pd.DataFrame:
        """What is lost by each choice.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).
            within: share of the loss that good settings may lose, such as 0.0025 for 0.25 %.

        Returns:
            a row per plan and choice: group, the plan, choice, lr, batch_tokens, prob, percent (expected loss above the
            best, in per cent of it), percent_lower, percent_upper, loss (the same in nats/token), loss_lower,
            loss_upper, share (that is within), within (the probability of losing at most that), extrapolation;
            ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability, or a share that is not positive.
        """
        check_prob(prob)
        share = positive_number("within", within, "a share of the loss such as 0.0025")
        found = self.draws
        asked = [str(name) for name in found.coords if name not in ("choice", "extrapolation")]
        rows = []
        for i in range(found.sizes["point"]):
            point = found.isel(point=i)
            plan = {name: float(point[name]) for name in asked}
            for choice in found["choice"].to_numpy():
                one = point.sel(choice=choice)
                settings = {q.name: float(one[q.name]) for q in (LEARNING_RATE, BATCH)}
                row = {"group": found.attrs["group"], **plan, "choice": str(choice), **settings, **_spread(one, prob)}
                good = float((one["percent"] <= 100 * share).mean())
                last = {"extrapolation": float(point["extrapolation"]), "note": notes_of_points(found)[i]}
                rows.append({**row, "share": share, "within": good, **last})
        return noted(pd.DataFrame(rows), self.note)

    def __repr__(self) -> str:
        head = f"Loss above the best settings, {self.draws.attrs['group']}"
        return with_note(f"{head}\n{self.table().to_string(index=False)}", self.note)


def mistuning(
    fit: Fit | Law,
    *,
    lr: Any = None,
    batch_tokens: Any = None,
    group: str | None = None,
    seed: int | None = None,
    cost: Cost | None = None,
    **plan: Any,
) -> Mistuning:
    """Measure what settings lose against the best ones, which the posterior does not know.

    Three choices per plan: ``"best"``, the settings with the least expected loss; ``"power of two"``, the better of the
    two powers of two (in tokens) beside the best batch, with the learning rate that is best for it; and ``"given"``,
    yours. Where one setting is given, the other is the one with the least expected loss beside it.

    Args:
        fit: a fit of a law with a bowl over both settings, such as ``step-law``, or the law at parameter values.
        lr: a learning rate to judge, or one per plan.
        batch_tokens: a batch size in tokens to judge, or one per plan.
        group, seed, cost, plan: as of :func:`bayescale.hyperparameters`.

    Returns:
        a :class:`Mistuning`. Bowls are made for losses up to some two per cent above the best: a larger loss than that
        is large, and not known.

    Raises:
        LawError: a law without such a bowl.
        SettingsError: as :func:`bayescale.hyperparameters`; settings that are not positive, or not as many as plans.

    References:
        li2025predictable

    Examples:
        >>> from bayescale.laws import StepLaw
        >>> law = StepLaw(L_0=2.3, s_N=0.066, s_D=0.037, alpha=0.36, beta=0.28, eta_0=1.79, a_N=-0.713, a_D=0.307,
        ...               B_0=0.58, b_D=0.571, k_eta=0.013, k_B=0.011, tilt=0.4, skew=0.6, twist=0.4)
        >>> table = mistuning(law, params=1e9, tokens=1e11, lr=4e-3).table()
        >>> [f"{choice} {value:.2f} %" for choice, value in zip(table["choice"], table["percent"])]
        ['best 0.00 %', 'power of two 0.00 %', 'given 0.53 %']
    """
    source, counted = bowl_of(fit, group, seed), SixND() if cost is None else cost
    points = points_of_plan(source.law, plan, counted)
    count = next(iter(points.values())).size
    given = [_each(q, value, count) for q, value in ((LEARNING_RATE, lr), (BATCH, batch_tokens))]
    (_, rates), (_, batches) = settings_of(source, points)
    beyond = compute_of(points, counted) / (largest_compute(source.fit, group, counted) if source.fit else np.nan)
    parts = []
    for i in range(count):
        one = {name: float(values[i]) for name, values in points.items()}
        own = [None if values is None else float(values[i]) for values in given]
        parts.append(_lost(_losses(source, one), np.log(np.stack([rates[:, i], batches[:, i]])), own))
    coords = plan_coords(source.law, points, beyond)
    words = words_of(None, None, beyond)
    attrs = {"group": source.label, "note": words["note"], "notes": words["notes"]}
    return Mistuning(xr.concat(parts, "point").assign_coords(coords).assign_attrs(attrs))


def _lost(losses: Losses, centre: np.ndarray, own: list[float | None]) -> xr.Dataset:
    """What each choice loses at one plan, whose best settings have the logs ``centre``, 2 x draw."""
    best = losses(np.exp(centre))
    choices = _choices(losses, np.median(centre, axis=1), own)
    # Not below by rounding.
    lost = np.stack([np.maximum(losses(settings[:, None]) - best, 0.0) for settings in choices.values()], axis=-1)
    settings = np.stack(list(choices.values()))
    variables = {
        "percent": (("draw", "choice"), 100 * lost / best[:, None], {"long_name": "loss above the best", "units": "%"}),
        "loss": (("draw", "choice"), lost, {"long_name": "loss above the best", "units": LOSS.unit}),
    }
    chosen = {q.name: ("choice", settings[:, i], described(q)) for i, q in enumerate((LEARNING_RATE, BATCH))}
    return xr.Dataset({**variables, **chosen}, coords={"choice": list(choices)})


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


def _spread(lost: xr.Dataset, prob: float) -> dict[str, float]:
    """Expectation and interval of what settings lose."""
    found: dict[str, float] = {"prob": float(prob)}
    for name in ("percent", "loss"):
        _, lower, upper = interval(lost[name].to_numpy(), prob)
        found |= {name: float(lost[name].mean()), f"{name}_lower": float(lower), f"{name}_upper": float(upper)}
    return found
