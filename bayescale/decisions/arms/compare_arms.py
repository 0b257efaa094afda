"""Comparing arms: which of several recipes, corpora or architectures is better at a larger scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayescale.costs import Cost, SixND
from bayescale.decisions.arms.contest import Contest, Outcome
from bayescale.decisions.arms.entrants import Arm, arms_of
from bayescale.decisions.arms.result import Arms
from bayescale.decisions.arms.sizes import budgets_and_sizes
from bayescale.decisions.beyond import LEARNT, check_discrepancy
from bayescale.decisions.draws import EXTRAPOLATION, described
from bayescale.decisions.extrapolation import is_beyond
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

KINDS = ("law", "run")


def compare_arms(
    fit: Fit | Mapping[str, Fit | Law],
    *,
    compute: Any = None,
    arms: Sequence[str] | None = None,
    params: Any = None,
    tokens: Any = None,
    kind: str = "law",
    cost: Cost | None = None,
    clusters: Mapping[str, str] | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    seed: int | None = None,
    **inputs: Any,
) -> Arms:
    """Compare arms at budgets: how likely each is the best, by how much, and where their curves cross.

    Differences are taken draw by draw, so that errors which arms share cancel: of families of one fit what the
    posterior ties together, and beyond the data the part of the discrepancy that one pipeline's families have in
    common. Losses must be comparable: of one test set, and one tokenizer.

    Args:
        fit: a fit whose families are the arms; or fits of one family each, or laws at parameter values, by name.
        compute: budgets in FLOP, positive, each once.
        arms: the names of those to compare; None for all.
        params: the size of all arms, one number or one per budget; by default each arm has its own best split, the one
            whose expected loss is least.
        tokens: the training tokens of all arms instead; with ``params`` and without ``compute`` they say the budgets.
        kind: ``"law"`` for curves, ``"run"`` for one new run of each arm, which scatters around its curve.
        cost: what a run costs; 6ND by default.
        clusters: which arms share a part of the law's error beyond the data, a cluster's name for each arm; by default
            all do, as arms of one laboratory's pipeline.
        discrepancy: as for :func:`bayescale.predict`.
        seed: of the random part; by default that of the fit, or of the first one.
        inputs: what else the laws take, by canonical name, one number each.

    Returns:
        an :class:`Arms`, its draws over chain, draw, arm, budget.

    Raises:
        SettingsError: fewer than two arms, unknown ones, fits that do not go together, clusters that miss an arm, or
            whatever :func:`bayescale.allocate` refuses.
        LawError: as :func:`bayescale.allocate`.

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> steep = Chinchilla(E=1.8, A=500.0, B=1500.0, alpha=0.36, beta=0.36)
        >>> flat = steep.replace(E=1.7, A=380.0, B=1140.0, alpha=0.34, beta=0.34)
        >>> found = compare_arms({"steep": steep, "flat": flat}, compute=[1e18, 1e22])
        >>> found.best
        ['steep', 'flat']
        >>> f"{found.crossings()['compute'].item():.2g}"
        '2.3e+20'
    """
    if kind not in KINDS:
        raise SettingsError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    check_discrepancy(discrepancy)
    cost = SixND() if cost is None else cost
    if not isinstance(cost, Cost):
        raise SettingsError(f"cost must be a Cost such as costs.SixND(), got {cost!r}.")
    entrants, seed = arms_of(fit, arms, clusters, seed)
    budgets, sizes = budgets_and_sizes(compute, params, tokens, cost)
    contest = Contest(entrants, seed, cost, discrepancy, inputs, sizes)
    outcome = contest.outcome(budgets, kind)
    return Arms(_labelled(fit, entrants, budgets, outcome, {"kind": kind, "cost": cost.name}), contest)


def _labelled(
    fit: Any, arms: tuple[Arm, ...], budgets: np.ndarray, outcome: Outcome, attrs: dict[str, str]
) -> xr.Dataset:
    """Draws over chain, draw, arm and budget; draws of several fits, paired at random, are one chain."""
    own = {name: fit.unconstrained[name] for name in ("chain", "draw")} if isinstance(fit, Fit) else {}
    shape = tuple(fit.unconstrained.sizes[name] for name in own) or (1, outcome.loss.shape[0])
    fits = [arm.fit for arm in arms if isinstance(arm.fit, Fit)]
    if fits:
        attrs = attrs | {"params_convention": fits[0].runs.params_convention}
    per_arm = {PARAMS: outcome.params, TOKENS: outcome.tokens}
    added = np.where(is_beyond(outcome.beyond), np.array(outcome.added, object)[:, None], "none").astype(str)
    return xr.Dataset(
        {
            LOSS.name: (
                ("chain", "draw", "arm", "budget"),
                outcome.loss.reshape(*shape, *outcome.loss.shape[1:]),
                described(LOSS),
            )
        },
        {
            **own,
            "arm": [arm.name for arm in arms],
            COMPUTE.name: ("budget", budgets, described(COMPUTE)),
            **{q.name: (("arm", "budget"), values, described(q)) for q, values in per_arm.items()},
            "extrapolation": (("arm", "budget"), outcome.beyond, EXTRAPOLATION),
            "discrepancy": (("arm", "budget"), added),
            "note": (("arm", "budget"), outcome.notes),
        },
        attrs | {"note": outcome.note},
    )
