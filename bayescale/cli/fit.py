"""``bayescale fit``: fit a law to a table of runs and save the fit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayescale.cli.options import pairs
from bayescale.cli.output import paragraph

if TYPE_CHECKING:
    from bayescale import Fit

# What a saved fit begins with: the signature of HDF5, on which NetCDF builds.
SIGNATURE = b"\x89HDF\r\n\x1a\n"


def fit(
    table: Annotated[str, typer.Argument(metavar="RUNS", help="The runs: CSV, TSV or Parquet.", show_default=False)],
    law: Annotated[
        str, typer.Option("--law", help="A law of 'bayescale laws', or your own: FILE.py:CLASS.")
    ] = "chinchilla",
    out: Annotated[
        str, typer.Option("--out", "-o", help="Where to save the fit; an older fit is replaced.")
    ] = "fit.nc",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            metavar="NAME=COLUMN",
            help="What the table calls params, tokens, compute, loss, ...; several, or repeated.",
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Column that names the family; 'family' if there is one.")
    ] = None,
    loss_unit: Annotated[
        str, typer.Option("--loss-unit", help="nats/token, bits/token, bits/byte or perplexity.")
    ] = "nats/token",
    bytes_per_token: Annotated[
        float | None, typer.Option("--bytes-per-token", help="Of the test set, for --loss-unit bits/byte.")
    ] = None,
    params_convention: Annotated[
        str, typer.Option("--params-convention", help="total, non_embedding or active, recorded as given.")
    ] = "total",
    pooling: Annotated[
        list[str] | None,
        typer.Option(
            "--pooling",
            metavar="KIND or NAME=KIND",
            help="partial (default with families), complete or none; NAME=KIND for single parameters.",
        ),
    ] = None,
    noise: Annotated[str, typer.Option("--noise", help="student-t, normal or laplace.")] = "student-t",
    effects: Annotated[
        str | None, typer.Option("--effects", help="Common shifts of the rows of one 'budget' or one 'run'.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Every random number derives from it.")] = 0,
    chains: Annotated[int, typer.Option("--chains", help="Independent chains.")] = 4,
    warmup: Annotated[int, typer.Option("--warmup", help="Adaptation draws per chain, discarded.")] = 400,
    draws: Annotated[int, typer.Option("--draws", help="Kept draws per chain.")] = 1000,
    target_accept: Annotated[
        float | None, typer.Option("--target-accept", help="Acceptance the step size aims at; chosen by itself.")
    ] = None,
    chain_method: Annotated[
        str, typer.Option("--chain-method", help="parallel, sequential or vectorized.")
    ] = "parallel",
) -> None:
    """Fit a law to a table of runs and save the fit.

    The table needs loss and two of params, tokens, compute (FLOP); families are fitted together.
    """
    names, kinds, target = pairs("--columns", columns), _pooling(pooling), _target(out, table)

    import bayescale as bs
    from bayescale.laws import find_law

    chosen = find_law(law)
    settings = bs.Settings(
        chains=chains, warmup=warmup, draws=draws, target_accept=target_accept, chain_method=chain_method
    )
    runs = bs.read_runs(
        table,
        names,
        group=group,
        loss_unit=loss_unit,
        bytes_per_token=bytes_per_token,
        params_convention=params_convention,
    )
    made = bs.fit(chosen, runs, pooling=kinds, noise=noise, effects=effects, seed=seed, settings=settings)
    made.save(target)
    describe(made)
    typer.echo(f"\nSaved to {out}. Next:")
    own_law = f" --law {shlex.quote(law)}" if ".py:" in law else ""
    for line in next_commands(made, out, own_law):
        typer.echo(f"  {line}")


def describe(fit: Fit) -> None:
    """Print what was fitted and what its checks say."""
    families = f" in {len(fit.groups)} families" if len(fit.groups) > 1 else ""
    typer.echo(f"Fitted {fit.law.name} to {len(fit.runs):,} runs{families}, from {fit.runs.source}")
    typer.echo(f"  noise    {fit.model.noise.name}")
    if len(fit.groups) > 1:
        kinds = {kind: [p.name for p in fit.model.of_kind(kind)] for kind in ("partial", "none", "complete")}
        pooled = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in kinds.items() if names)
        typer.echo(f"  pooling  {pooled}")
    s, seconds = fit.settings, fit.record.get("seconds")
    took = f" in {seconds:.0f} s" if seconds else ""
    typer.echo(
        f"  sampler  NUTS, {s.chains} chains x {s.draws:,} draws after {s.warmup} of warm-up, seed {fit.seed}{took}"
    )
    typer.echo(f"  checks   {fit.checks.verdict}")
    advise(fit)


def advise(fit: Fit) -> None:
    """Print the advice of every check that does not pass."""
    for check in (*fit.checks.failed, *fit.checks.warned):
        paragraph(f"{check.name}: {check.advice}", indent=4)


def next_commands(fit: Fit, path: str, own_law: str = "") -> list[str]:
    """Return commands that use the saved fit."""
    file = shlex.quote(path)
    group = f" --group {shlex.quote(fit.groups[0])}" if len(fit.groups) > 1 else ""
    commands = [f"summary {file}", f"predict {file} --params 7e10 --tokens 1.4e12{group}"]
    commands += [f"allocate {file} --compute 1e21 1e23{group}"]
    if fit.checks.failed:
        commands.insert(0, f"check {file}")
    return [f"bayescale {command}{own_law}" for command in commands]


def _pooling(words: list[str] | None) -> str | dict[str, str] | None:
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
    from bayescale.inference.store.archive import writable_target
    from bayescale.language.errors import StoreError

    target = writable_target(out)
    if target == Path(table).resolve():
        raise StoreError(f"--out {out} is the table of runs itself; give the fit a name of its own, such as fit.nc.")
    if target.exists() and target.stat().st_size:
        with target.open("rb") as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                raise StoreError(f"--out {out} exists and is no saved fit; give another name, or remove it first.")
    return target
