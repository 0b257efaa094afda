"""Comparing laws and choices of analysis by how they extrapolate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.data import Runs
from bayescale.decisions.beyond import LEARNT, check_discrepancy
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.settings import check_seed
from bayescale.language.errors import DataError, LawError
from bayescale.laws import Law
from bayescale.models import Noise
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.backtest.splits import splits_of
from bayescale.validation.compare.choices import Choice, Drop, choices_of
from bayescale.validation.compare.fitting import try_choice
from bayescale.validation.compare.result import Comparison

RATIOS = (2.0, 4.0, 8.0)


def compare(
    laws: Sequence[str | type[Law]],
    runs: Runs,
    *,
    ratios: Sequence[float] = RATIOS,
    noises: Sequence[str | type[Noise]] = ("student-t",),
    drops: Sequence[str | Drop | None] = (None,),
    model_errors: Sequence[float] = (0.0,),
    compute: Any = None,
    cost: Cost | None = None,
    hold_out: str = "compute",
    pooling: Any = "none",
    discrepancy: str | Discrepancy | None = LEARNT,
    fewest: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Comparison:
    """Compare laws, and choices of analysis, by how they extrapolate, and average them.

    Every law is fitted with every noise, rule and model error. In the range of the data they are compared by PSIS-LOO,
    beyond it by backtests; weights are stacked on the latter. Where choices move a decision more than its interval is
    wide, the interval of one choice is not the uncertainty of the decision: the mixture's is nearer to it.

    Args:
        laws: names from the catalogue, ``"file.py:Class"``, or Law classes, of one response.
        runs: the table.
        ratios: of a family's largest compute to the cuts of the backtests.
        noises: names or classes, as for :func:`bayescale.fit`.
        drops: rules for runs that are not fitted, such as ``"tokens_per_param < 5"``; None fits all. Scores are of the
            runs that every rule keeps.
        model_errors: per square root of a decade; see :meth:`bayescale.Runs.with_model_error`.
        compute: budget or budgets of the decision in FLOP; None for none.
        cost: what budgets are counted in; 6ND by default.
        hold_out: ``"compute"``, ``"future"`` or ``"family"``, as for :func:`bayescale.backtest`.
        pooling: ``"none"`` fits each family by itself, many at once; otherwise as for :func:`bayescale.fit`.
        discrepancy: what scores, weights and answers beyond the data have added, as for :func:`bayescale.predict`.
            Scores without it are in the table as well.
        fewest: rows below a cut that a fit needs; by default one more than the largest law has parameters.
        seed: every random number derives from it.
        options: of :func:`bayescale.fit_many` or, for pooled fits, :func:`bayescale.fit`, such as ``draws``.

    Returns:
        a :class:`Comparison`; ``.table()``, ``.weights``, ``.decision_table()``, ``.predict(...)``.

    Raises:
        SettingsError: nothing to compare, the same thing twice, a rule that cannot be read.
        LawError: laws of different responses, or a decision of laws that no budget can be split with.
        DataError: a column that is missing; no split that can be fitted.
        FitError: a fit to all runs failed.

    References:
        yao2018using, vehtari2024pareto

    Examples:
        >>> import pandas as pd
        >>> import bayescale as bs
        >>> law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
        >>> design = [{"params": n, "tokens": d} for n in (1e8, 3e8, 8e8, 2e9) for d in (1e9, 3e9, 1.2e10, 4e10)]
        >>> runs = bs.read_runs(bs.simulate(law, pd.DataFrame(design), seed=0))
        >>> rules, quick = [None, "tokens_per_param < 2"], {"ratios": [4], "discrepancy": None, "draws": 250}
        >>> found = compare(["chinchilla-tied"], runs, noises=["normal"], drops=rules, **quick)
        >>> found.labels
        ('chinchilla-tied, all runs', 'chinchilla-tied, without tokens_per_param < 2')
        >>> round(float(found.weights.sum()), 6)
        1.0
    """
    choices, seed = choices_of(laws, runs, noises, drops, model_errors), check_seed(seed)
    check_discrepancy(discrepancy)
    budgets = np.empty(0) if compute is None else positive_numbers("compute", compute, "in FLOP")
    if budgets.size:
        _check_decision(choices)
    fewest = max(len(choice.law.parameters) for choice in choices) + 1 if fewest is None else fewest
    splits = splits_of(runs, ratios, hold_out, fewest)
    if all(split.reason for split in splits):
        raise DataError(f"No family can be backtested: of {splits[0].family!r}, {splits[0].reason}.")
    shared = np.all([choice.kept(runs) for choice in choices], axis=0)
    tried = tuple(
        try_choice(
            choice,
            runs,
            splits,
            shared,
            hold_out=hold_out,
            pooling=pooling,
            discrepancy=discrepancy,
            fewest=fewest,
            seed=seed,
            options=options,
        )
        for choice in choices
    )
    return Comparison(tried, shared, budgets, cost, discrepancy, seed)


def _check_decision(choices: Sequence[Choice]) -> None:
    """Refuse a decision that a law has nothing to say of.

    Raises:
        LawError: it predicts no loss, or does not take size and tokens alone.
    """
    for law in dict.fromkeys(choice.law for choice in choices):
        if law.response.name != "loss" or set(law.inputs()) != {"params", "tokens"}:
            raise LawError(
                f"compute asks for a split into params and tokens; the law {law.name!r} predicts {law.response.label} "
                f"from {', '.join(law.inputs())}. Leave it or compute out."
            )
