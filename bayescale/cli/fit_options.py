"""The options of ``bayescale fit``, and reading the table that they describe."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.options import pairs

if TYPE_CHECKING:
    from bayescale import Law, Runs

# Sampler settings that are not given are those of the library, which knows them once.
_LIBRARY = "that of bayescale.Settings"

Table = Annotated[str, typer.Argument(metavar="RUNS", help="The runs: CSV, TSV or Parquet.", show_default=False)]
LawName = Annotated[str, typer.Option("--law", help="A law of 'bayescale laws', or your own: FILE.py:CLASS.")]
Out = Annotated[str, typer.Option("--out", "-o", help="Where to save the fit; an older fit is replaced.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAME=COLUMN",
        help="What the table calls params, tokens, compute, loss, ...; several, or repeated. 'family=' leaves it out.",
    ),
]
GroupColumn = Annotated[
    str | None, typer.Option("--group", help="Column that names the family; 'family' if there is one.")
]
LOSS_UNIT = typer.Option("--loss-unit", help="nats/token, bits/token, bits/byte or perplexity.")
LossUnit = Annotated[str, LOSS_UNIT]
BytesPerToken = Annotated[
    float | None, typer.Option("--bytes-per-token", help="Of the test set, for --loss-unit bits/byte.")
]
ParamsConvention = Annotated[
    str, typer.Option("--params-convention", help="total, non_embedding or active, recorded as given.")
]
PoolingKinds = Annotated[
    list[str] | None,
    typer.Option(
        "--pooling",
        metavar="KIND or NAME=KIND",
        help="partial (default with families), complete or none; NAME=KIND for single parameters.",
    ),
]
NoiseName = Annotated[
    str | None,
    typer.Option(
        "--noise",
        help="student-t (without --residuals the default), normal or laplace; beta-binomial, normal-value or censored, "
        "of the value.",
        show_default=False,
    ),
]
Effects = Annotated[
    str | None, typer.Option("--effects", help="Common shifts of the rows of one 'budget' or one 'run'.")
]
ResidualsName = Annotated[
    str | None,
    typer.Option("--residuals", help="How residuals of a run's checkpoints follow each other: ou or ar1."),
]
ModelError = Annotated[
    float | None,
    typer.Option(
        "--model-error",
        help="Error of the law, relative, one decade of compute below the largest run; 0.04 for forecasts.",
        show_default=False,
    ),
]
PublicPriors = Annotated[
    str | None,
    typer.Option(
        "--public-priors",
        metavar="MODALITY",
        help="Priors learnt from public families, of 'text' or of 'any' modality; for a family of few runs.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Every random number derives from it.")]
Chains = Annotated[int | None, typer.Option("--chains", help="Independent chains.", show_default=_LIBRARY)]
Warmup = Annotated[
    int | None, typer.Option("--warmup", help="Adaptation draws per chain, discarded.", show_default=_LIBRARY)
]
Draws = Annotated[
    int | None, typer.Option("--draws", help="Kept draws per chain; chosen by the engine.", show_default=False)
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", help="auto, instant (small posteriors, without compiling) or nuts.", show_default=_LIBRARY
    ),
]
LikelihoodName = Annotated[
    str | None,
    typer.Option(
        "--likelihood", help="auto, compressed (nodes of training curves) or full (all rows).", show_default=_LIBRARY
    ),
]
TargetAccept = Annotated[
    float | None, typer.Option("--target-accept", help="Acceptance the step size aims at; chosen by itself.")
]
ChainMethod = Annotated[
    str | None, typer.Option("--chain-method", help="parallel, sequential or vectorized.", show_default=_LIBRARY)
]
CheckpointFile = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Keep what NUTS has done in this file until the fit is saved; the same command goes on from it.",
        show_default=False,
    ),
]
Devices = Annotated[
    str | None,
    typer.Option(
        "--devices",
        metavar="N or KIND",
        help="Where NUTS runs: a number of devices, all, cpu, gpu or tpu; JAX's default device.",
        show_default=False,
    ),
]
Spread = Annotated[
    str | None,
    typer.Option("--spread", help="What of a fit goes to --devices: chains or rows.", show_default=_LIBRARY),
]


def devices_of(word: str | None) -> int | str | None:
    """Return what --devices means to ``bayescale.Settings``."""
    return int(word) if word is not None and word.isdecimal() else word


def column_names(words: list[str] | None) -> dict[str, str | None]:
    """Return NAME=COLUMN words as the mapping that :func:`bayescale.read_runs` takes.

    Raises:
        SettingsError: a word without a name or an equals sign, or a name that is given twice.

    Examples:
        >>> column_names(["loss=val_loss", "family="])
        {'loss': 'val_loss', 'family': None}
        >>> column_names(["loss=val="])
        {'loss': 'val='}
    """
    return {name: column or None for name, column in pairs("--columns", words, may_be_empty=True).items()}


def expect_table(table: str) -> None:
    """Refuse a table that is not there, before anything is loaded that takes seconds.

    Raises:
        DataError: what is there instead.
    """
    from bayescale.data.opening import check_file

    check_file(Path(table))


def read_table(
    table: str,
    columns: list[str] | None,
    *,
    group: str | None,
    loss_unit: str = "nats/token",
    bytes_per_token: float | None,
    params_convention: str,
    law: type[Law] | None = None,
    along_runs: bool = False,
) -> Runs:
    """Read the runs of a command; what is suspicious of them is warned of.

    Where the model has errors along runs (``along_runs``), several rows of a run are nothing to warn of.

    Raises:
        SettingsError, DataError: as of :func:`bayescale.read_runs`.
    """
    names = column_names(columns)

    from bayescale.data.read import read_quietly

    runs = read_quietly(
        table, names, group=group, law=law, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention,
    )  # fmt: skip
    for warning in runs.warnings:
        if not (along_runs and warning.code == "checkpoints-as-runs"):
            warnings.warn(warning, stacklevel=2)
    return runs
