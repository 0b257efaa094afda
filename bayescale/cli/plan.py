"""``bayescale plan``: learning rate and batch size of a planned run, and what other choices cost."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.cautions import caution
from bayescale.cli.cost_options import Count, CountedAs, Shape, chosen_cost
from bayescale.cli.input_options import Params, Tokens
from bayescale.cli.options import (
    AsFormat,
    ChangedLaw,
    DiscrepancyName,
    Format,
    Group,
    OwnLaw,
    Prob,
    chosen,
    chosen_discrepancy,
    open_fit,
    refuse_foreign,
)
from bayescale.cli.output import emit
from bayescale.cli.plan_options import Rate, chosen_card
from bayescale.cli.settings_options import (
    Batches,
    CriticalBatch,
    LearningRates,
    PlannedBatch,
    Published,
    ReachedLoss,
    SecondsPerStep,
    SettingFits,
    TokensPerDevice,
    Within,
)
from bayescale.cli.settings_tables import show_mistuning, show_settings, show_trade_off

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Fit


class Answer(StrEnum):
    """What is asked of a planned run."""

    settings = "settings"
    regret = "regret"
    trade_off = "trade-off"


def plan(
    files: SettingFits = None,
    params: Params = None,
    tokens: Tokens = None,
    published: Published = None,
    answer: Annotated[
        Answer,
        typer.Option(
            "--answer",
            help="The best settings; what the best choice and others lose; or steps against compute over batch sizes.",
        ),
    ] = Answer.settings,
    batch: Batches = None,
    learning_rate: LearningRates = None,
    within: Within = None,
    critical: CriticalBatch = None,
    loss: ReachedLoss = None,
    planned_batch: PlannedBatch = None,
    seconds_per_step: SecondsPerStep = None,
    tokens_per_device: TokensPerDevice = None,
    rate: Rate = None,
    cost: CountedAs = Count.six_nd,
    shape: Shape = None,
    discrepancy: DiscrepancyName = "learnt",
    group: Group = None,
    prob: Prob = 0.9,
    law: OwnLaw = None,
    allow_changed_law: ChangedLaw = False,
    form: AsFormat = Format.table,
) -> None:
    """Plan learning rate and batch size of a run.

    With intervals, from fits or from published laws: --params 7e9 --tokens 1.4e12
    """
    trade_off = {
        "--batch": batch, "--critical": critical, "--loss": loss, "--planned-batch": planned_batch, "--rate": rate,
        "--seconds-per-step": seconds_per_step, "--tokens-per-device": tokens_per_device,
    }  # fmt: skip
    regret = {"--batch": batch, "--learning-rate": learning_rate, "--within": within}
    own: dict[str, dict[str, Any]] = {
        Answer.settings: {"--published": published},
        Answer.regret: regret,
        Answer.trade_off: trade_off,
    }
    refuse_foreign("--answer", answer, own | {Answer.trade_off: trade_off})
    fits = [open_fit(file, law, allow_changed_law) for file in files or []]
    convention = fits[0].runs.params_convention if fits else "total"
    common: dict[str, Any] = {"group": group, "cost": chosen_cost(cost, shape, None, params_convention=convention)}
    if answer is Answer.trade_off:
        asked = chosen(seconds_per_step=seconds_per_step, tokens_per_device=tokens_per_device, batch_tokens=batch)
        asked |= {"planned_batch": planned_batch, "rate_card": chosen_card(rate)}
        asked |= _one("--params", "params", params) | _one("--tokens", "tokens", tokens)
        asked |= {"discrepancy": chosen_discrepancy(discrepancy)}
        table, shown = _trade_off(fits, critical, loss, common | asked, prob), show_trade_off
    else:
        plan = chosen(params=params, tokens=tokens)
        sources: list[Fit | str] = [*fits, *(published or [])]
        table, shown = _of_settings(answer, sources, batch, learning_rate, within, common | plan, prob)
    emit(table, form, shown)
    for i, (fit, file) in enumerate(zip(fits, files or [], strict=True)):
        caution(fit, file, table if i == 0 and "extrapolation" in table else None, form)


def _of_settings(
    answer: Answer,
    sources: list[Fit | str],
    batch: Any,
    rate: Any,
    within: float | None,
    asked: dict[str, Any],
    prob: float,
) -> tuple[pd.DataFrame, Any]:
    """The best settings, or what they and others lose."""
    import bayescale as bs

    if not sources:
        raise bs.SettingsError("plan needs fits of laws of settings, or --published KEY such as li2025predictable.")
    if answer is Answer.settings:
        return bs.hyperparameters(sources, **asked).table(prob=prob), show_settings
    if len(sources) > 1 or isinstance(sources[0], str):
        raise bs.SettingsError("--answer regret takes one fit of a law with a bowl over both settings, as step-law.")
    given = chosen(batch_tokens=batch, lr=rate)
    return bs.mistuning(sources[0], **given, **asked).table(prob=prob, **chosen(within=within)), show_mistuning


def _trade_off(
    fits: list[Fit], critical: float | None, loss: float | None, asked: dict[str, Any], prob: float
) -> pd.DataFrame:
    """Steps against compute, the critical batch from what was given."""
    import bayescale as bs

    given = [name for name, value in (("--critical", critical), ("--loss", loss)) if value is not None]
    if len(fits) + len(given) != 1:
        got = " and ".join([*["a fit"] * len(fits), *given]) or "nothing"
        raise bs.SettingsError(
            f"--answer trade-off takes --critical, --loss, or one fit of critical batches or of the loss; got {got}."
        )
    if critical is not None:
        return bs.batch_trade_off(critical, **asked).table(prob=prob)
    if fits and fits[0].law.response.name == "batch_tokens":
        return bs.batch_trade_off(fits[0], **asked).table(prob=prob)
    return bs.batch_trade_off(loss=fits[0] if fits else loss, **asked).table(prob=prob)


def _one(option: str, name: str, values: list[float] | None) -> dict[str, float]:
    from bayescale.language.errors import SettingsError

    if not values or len(values) > 1:
        raise SettingsError(f"--answer trade-off takes one {option}, got {len(values or [])}.")
    return {name: values[0]}
