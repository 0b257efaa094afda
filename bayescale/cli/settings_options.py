"""The options of ``bayescale plan``."""

from __future__ import annotations

from typing import Annotated

import typer

from bayescale.cli.input_options import counts_option

SettingFits = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FIT.nc]...",
        help="Fits of laws of learning rate and batch size; of --answer trade-off one fit, of critical batches or "
        "of the loss.",
        show_default=False,
    ),
]
Published = Annotated[
    list[str] | None,
    typer.Option("--published", metavar="KEY", help="A paper whose laws speak, as li2025predictable; repeatable."),
]
Batches = Annotated[
    list[float] | None, counts_option("--batch", "Batch size in tokens: to judge, or several to compare.")
]
LearningRates = Annotated[list[float] | None, typer.Option("--learning-rate", help="Peak learning rate to judge.")]
Within = Annotated[
    float | None,
    typer.Option(
        "--within", help="Of regret: share of the loss that good settings may lose; 0.0025.", show_default=False
    ),
]
CriticalBatch = Annotated[
    float | None, typer.Option("--critical", help="Of trade-off: critical batch size in tokens, where measured.")
]
ReachedLoss = Annotated[
    float | None, typer.Option("--loss", help="Of trade-off: the loss that the run reaches, in nats/token.")
]
PlannedBatch = Annotated[
    float | None,
    typer.Option("--planned-batch", help="Of trade-off: batch of the planned tokens; else far below critical."),
]
SecondsPerStep = Annotated[
    float | None, typer.Option("--seconds-per-step", help="Of trade-off: of one step, at every batch.")
]
TokensPerDevice = Annotated[
    float | None,
    typer.Option("--tokens-per-device", help="Of trade-off, with --rate: tokens of a batch that a device takes."),
]
