"""Trying a law on runs beyond those it was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bayescale.data import Runs
from bayescale.decisions.beyond import LEARNT, check_discrepancy, find_discrepancy
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.errors import DataError, SettingsError
from bayescale.laws import Law, find_law
from bayescale.models.discrepancy import Discrepancy
from bayescale.models.layout import require_columns
from bayescale.validation.backtest.fitting import fit_splits
from bayescale.validation.backtest.held_out import HeldOut
from bayescale.validation.backtest.result import Backtest
from bayescale.validation.backtest.splits import Split, splits_of

RATIOS = (2.0, 4.0, 8.0, 16.0)


def backtest(
    law: str | type[Law],
    runs: Runs,
    *,
    ratios: Sequence[float] = RATIOS,
    hold_out: str = "compute",
    pooling: Any = "none",
    model_error: float = 0.0,
    discrepancy: str | Discrepancy | None = LEARNT,
    fewest: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Backtest:
    """Fit a law to the smaller runs of every family, predict the larger ones, and score the predictions.

    Args:
        law: a name from the catalogue, ``"file.py:Class"``, or a Law class.
        runs: the table; families are tried one by one.
        ratios: of a family's largest compute to the cut: 4 fits what has less than a quarter of it.
        hold_out: ``"compute"``; ``"future"`` for a table of checkpoints, of which each run is cut at its last tokens
            over the ratio; ``"family"`` to predict each family as a new one from a pooled fit of the others, where
            there are no ratios.
        pooling: ``"none"`` fits each family by itself, all of them in one compiled batch; otherwise as for
            :func:`bayescale.fit`, one fit of all families per ratio. Always partial at least with ``"family"``.
        model_error: per square root of a decade; see :meth:`bayescale.Runs.with_model_error`.
        discrepancy: as for :func:`bayescale.predict`; :meth:`Backtest.with_discrepancy` changes it without new fits.
        fewest: rows below a cut that a fit needs; by default one more than the law has parameters. Splits with fewer
            are in ``status`` as skipped.
        seed: every random number derives from it.
        options: of :func:`bayescale.fit_many` or, for pooled fits, :func:`bayescale.fit`, such as ``noise``, ``priors``
            or ``engine``.

    Returns:
        a :class:`Backtest`; ``.table()`` by ratio, ``.runs``, ``.drift``, ``.status``.

    Raises:
        LawError, SettingsError, DataError: what is wrong whatever the split is; no split that can be fitted.

    References:
        tashman2000out

    Examples:
        >>> import bayescale as bs
        >>> runs = bs.datasets.load("pile-families").select(["Cerebras-GPT", "Pythia"])
        >>> tried = backtest("chinchilla", runs, ratios=[4], fewest=4, draws=250)
        >>> tried.table()["runs"].tolist()
        [4]
    """
    chosen, seed = find_law(law), check_seed(seed)
    require_columns(chosen, runs)
    check_discrepancy(discrepancy)
    fewest = len(chosen.parameters) + 1 if fewest is None else fewest
    splits = splits_of(runs, ratios, hold_out, fewest)
    if all(split.reason for split in splits):
        raise DataError(f"No family can be backtested: of {splits[0].family!r}, {splits[0].reason}.")
    return try_splits(
        chosen,
        runs,
        splits,
        hold_out=hold_out,
        pooling=pooling,
        model_error=model_error,
        discrepancy=discrepancy,
        seed=seed,
        options=options,
    )


def try_splits(
    law: type[Law],
    runs: Runs,
    splits: tuple[Split, ...],
    *,
    hold_out: str,
    pooling: Any,
    model_error: float,
    discrepancy: str | Discrepancy | None,
    seed: int,
    options: Mapping[str, Any],
) -> Backtest:
    """A backtest over given splits; see :func:`backtest`.

    Raises:
        SettingsError: every fit failed.
    """
    found = fit_splits(
        law, runs, splits, hold_out=hold_out, pooling=pooling, model_error=model_error, seed=seed, options=options
    )
    held, failed = [], {}
    for split in splits:
        made, status, reason = found.get(split.label, (None, "skipped", split.reason))
        if made is None:
            failed[split.label] = reason
            continue
        group = split.family if made.groups and hold_out != "family" else None
        table = runs.table[split.held_out].reset_index(drop=True)
        held.append(HeldOut(replace(split, group=group), made, status, table, seed_for(seed, f"predict/{split.label}")))
    if not held:
        label, reason = next(iter(failed.items()))
        raise SettingsError(f"Every fit of the backtest failed; {label}: {reason}")
    added: dict[str, Discrepancy | None] = {split.family: None for split in splits}
    added |= {one.split.family: find_discrepancy(one.fit, discrepancy) for one in held}
    return Backtest(law.name, splits, tuple(held), failed, added, hold_out, model_error)
