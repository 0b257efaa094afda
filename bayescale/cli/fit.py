"""``bayescale fit``: fit a law to a table of runs and save the fit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayescale.cli.fit_options import (
    BytesPerToken,
    ChainMethod,
    Chains,
    CheckpointFile,
    Columns,
    Devices,
    Draws,
    Effects,
    Engine,
    GroupColumn,
    LawName,
    LikelihoodName,
    LossUnit,
    ModelError,
    NoiseName,
    Out,
    ParamsConvention,
    PoolingKinds,
    PublicPriors,
    ResidualsName,
    Seed,
    Spread,
    Table,
    TargetAccept,
    Warmup,
    devices_of,
    expect_table,
    read_table,
)
from bayescale.cli.interruption import interruptible
from bayescale.cli.options import chosen, pairs
from bayescale.cli.output import paragraph
from bayescale.cli.reporting import lines

if TYPE_CHECKING:
    from bayescale import Fit, Priors

# Size and tokens of the predictions that are suggested.
USUAL = {"params": "7e10", "tokens": "1.4e12"}


def fit(
    context: typer.Context,
    table: Table,
    law: LawName = "chinchilla",
    out: Out = "fit.nc",
    columns: Columns = None,
    group: GroupColumn = None,
    loss_unit: LossUnit = "nats/token",
    bytes_per_token: BytesPerToken = None,
    params_convention: ParamsConvention = "total",
    pooling: PoolingKinds = None,
    noise: NoiseName = None,
    effects: Effects = None,
    residuals: ResidualsName = None,
    model_error: ModelError = None,
    public_priors: PublicPriors = None,
    seed: Seed = 0,
    chains: Chains = None,
    warmup: Warmup = None,
    draws: Draws = None,
    engine: Engine = None,
    target_accept: TargetAccept = None,
    chain_method: ChainMethod = None,
    checkpoint: CheckpointFile = None,
    likelihood: LikelihoodName = None,
    devices: Devices = None,
    spread: Spread = None,
) -> None:
    """Fit a law to a table of runs and save the fit.

    The table needs what the law takes and predicts, mostly loss and two of params, tokens, compute (FLOP); families are
    fitted together.
    """
    kinds = pooling_of(pooling)
    expect_table(table)
    target = _target(out, table)

    import bayescale as bs
    from bayescale.laws import find_law

    law_class = find_law(law)
    sampling = {"target_accept": target_accept, "chain_method": chain_method, "engine": engine}
    sampling |= {"devices": devices_of(devices), "spread": spread, "likelihood": likelihood}
    settings = bs.Settings(**chosen(chains=chains, warmup=warmup, draws=draws, **sampling))
    runs = read_table(
        table, columns, group=group, loss_unit=loss_unit, bytes_per_token=bytes_per_token,
        params_convention=params_convention, law=law_class,
        along_runs=residuals is not None or effects == "run",
    )  # fmt: skip
    declared: dict[str, Any] = {
        "pooling": kinds,
        "noise": noise,
        "effects": effects,
        "residuals": residuals,
        "model_error": model_error,
        "priors": None if public_priors is None else priors_of(law_class.name, public_priors, model_error),
    }
    with interruptible(context, checkpoint, target) as kept:
        made = bs.fit(law_class, runs, **declared, seed=seed, settings=settings, checkpoint=kept, progress=lines())
        made.save(target)
    describe(made)
    typer.echo(f"\nSaved to {out}. Next:")
    own_law = f" --law {shlex.quote(law)}" if ".py:" in law else ""
    for line in next_commands(made, out, own_law):
        typer.echo(f"  {line}")


def describe(fit: Fit) -> None:
    """Print what was fitted and what its checks say."""
    from bayescale.data.counted import counted
    from bayescale.data.model_error import model_error_of
    from bayescale.inference.compressed.choice import FEWEST_ROWS as MANY_ROWS

    families = f" in {len(fit.groups)} families" if len(fit.groups) > 1 else ""
    typer.echo(f"Fitted {fit.law.name} to {counted(fit.runs)}{families}, from {fit.runs.source}")
    along = f", residuals {fit.model.residuals.name} along runs" if fit.model.residuals else ""
    typer.echo(f"  noise    {fit.model.noise.name}{along}")
    if error := model_error_of(fit.runs):
        typer.echo(f"  weights  the law's own error is {error:.2g} a decade below the largest run")
    if fit.model.priors:
        replaced = ", ".join(name for name, _ in fit.model.priors)
        at = "".join(f", at {name} = {value:.2g}" for name, value in fit.model.anchors)
        typer.echo(f"  priors   replaced: {replaced}{at}")
    if len(fit.groups) > 1:
        kinds = {kind: [p.name for p in fit.model.of_kind(kind)] for kind in ("partial", "none", "complete")}
        pooled = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in kinds.items() if names)
        typer.echo(f"  pooling  {pooled}")
    s, seconds = fit.settings, fit.record.get("seconds")
    took = f" in {seconds:.0f} s" if seconds else ""
    if resumed := fit.record.get("resumed"):
        took += f" of {resumed + 1} starts, going on from a checkpoint"
    typer.echo(f"  sampler  {fit.engine}")
    typer.echo(f"           {s.chains} chains x {s.draws:,} draws{_spaced(fit)}, seed {fit.seed}{took}")
    if fit.likelihood.startswith("compressed") or len(fit.runs) >= MANY_ROWS:
        typer.echo(f"  rows     likelihood {fit.likelihood}")
    typer.echo(f"  checks   {fit.checks.verdict}")
    advise(fit)


def _spaced(fit: Fit) -> str:
    """Which of the draws that were made are kept, where it is not all of them."""
    from bayescale.inference.engine_checks import thinning

    return f", one of {thin} kept" if (thin := thinning(fit)) > 1 else ""


def advise(fit: Fit) -> None:
    """Print the advice of every check that does not pass."""
    for check in (*fit.checks.failed, *fit.checks.warned):
        paragraph(f"{check.name}: {check.advice}", indent=4)


def next_commands(fit: Fit, path: str, own_law: str = "") -> list[str]:
    """Return commands that use the saved fit."""
    file = shlex.quote(path)
    group = f" --group {shlex.quote(fit.groups[0])}" if len(fit.groups) > 1 else ""
    commands = [f"summary {file}", f"predict {file} {_question(fit)}{group}"]
    if fit.law.response.name == "loss" and set(fit.law.inputs()) == set(USUAL):
        commands += [f"allocate {file} --compute 1e21 1e23{group}"]
    commands += [f"report {file} --out report"]
    if fit.checks.failed:
        commands.insert(0, f"check {file}")
    return [f"bayescale {command}{own_law}" for command in commands]


def _question(fit: Fit) -> str:
    """Return the inputs of an example of a prediction: what people ask, and for other inputs those of the last run."""
    words = [f"--{name} {USUAL[name]}" for name in fit.law.inputs() if name in USUAL]
    others = (*fit.law.inputs(), *(quantity.name for quantity in fit.model.noise.columns.values()))
    words += [f"--input {name}={fit.runs.table[name].iloc[-1]:.6g}" for name in others if name not in USUAL]
    return " ".join(words)


def priors_of(law: str, modality: str, model_error: float | None) -> Priors:
    """Return what --public-priors means to ``bayescale.fit``."""
    from bayescale.models import priors

    return priors.public(law, modality=modality, model_error=model_error or 0.0)


def pooling_of(words: list[str] | None) -> str | dict[str, str] | None:
    """Return what --pooling means to ``bayescale.fit``."""
    from bayescale.language.errors import SettingsError

    single = [word for word in words or [] if "=" not in word]
    each = pairs("--pooling", [word for word in words or [] if "=" in word], "NAME=KIND")
    if len(single) > 1:
        raise SettingsError(f"--pooling takes one kind for all parameters, got {' and '.join(single)}.")
    if not each:
        return single[0] if single else None
    return each | ({"default": single[0]} if single else {})


def _target(out: str, table: str) -> Path:
    """Return where the fit goes, checked before any work is done.

    Raises:
        StoreError: the place cannot be written, or holds something that is no fit.
    """
    from bayescale.language.errors import StoreError
    from bayescale.language.files import writable_target

    target = writable_target(out)
    if target == Path(table).resolve():
        raise StoreError(f"--out {out} is the table of runs itself; give the fit a name of its own, such as fit.nc.")
    if target.exists() and target.stat().st_size:
        from bayescale.inference.store.archive import is_fit

        if not is_fit(target):
            raise StoreError(f"--out {out} exists and is no saved fit; give another name, or remove it first.")
    return target
