"""``bayescale demo``: every stage of the work on real data, in a minute."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayescale.cli.demo_files import prepare_folder, write_figures, write_table
from bayescale.cli.options import chosen
from bayescale.cli.output import paragraph, print_table
from bayescale.show.numbers import format_prob

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Fit, Plan, Runs

DATASET, KNOWN, PROB = "pile-families", "Pythia", 0.9
SHARE = format_prob(PROB)
POINT: dict[str, Any] = {"params": 30e9, "tokens": 1e12}
BUDGETS = [1e21, 1e22, 1e23, 1e24, 1e25]
SHOWN = ["E", "A", "B", "alpha", "beta", "a"]


def demo(
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Where tables and figures go.")
    ] = "bayescale-demo",
    seed: Annotated[int, typer.Option("--seed", help="Every random number derives from it.")] = 0,
    chains: Annotated[int | None, typer.Option(hidden=True)] = None,
    warmup: Annotated[int | None, typer.Option(hidden=True)] = None,
    draws: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show every stage on real data, in a minute.

    Fit, checks, parameters, predictions, compute-optimal plan; tables and figures go to a folder.
    """
    folder = prepare_folder(out)
    began = time.perf_counter()
    import bayescale as bs

    settings = bs.Settings(**chosen(chains=chains, warmup=warmup, draws=draws))
    runs = bs.datasets.load(DATASET)
    _stage(1, "Data")
    _show_data(runs)
    write_table(runs.to_frame(), folder / "data.csv")
    _stage(2, f"Fit: Chinchilla's law, {len(runs.families)} families with shared priors")
    typer.echo("  Sampling; the first fit of a kind also compiles, which takes longer ...")
    fit = bs.fit("chinchilla", runs, seed=seed, settings=settings)
    _stage(3, "Checks")
    _show_checks(fit, folder)
    _stage(4, "Parameters of each family")
    _show_parameters(fit, folder)
    _stage(5, "Predicted loss of 30B parameters trained on 1T tokens")
    _show_predictions(fit, folder)
    _stage(6, "Compute-optimal plans")
    plans = _show_plans(fit, folder)
    _stage(7, "Figures and files")
    figures = write_figures(fit, plans, folder, group=KNOWN, prob=PROB)
    fit.save(folder / "fit.nc")
    _close(fit, out, figures, time.perf_counter() - began)


def _stage(number: int, title: str) -> None:
    typer.echo("\n" + typer.style(f"[{number}/7] {title}", bold=True) + "\n")


def _show_data(runs: Runs) -> None:
    import bayescale as bs
    from bayescale.show.tables import format_number

    info = bs.datasets.describe(DATASET)
    rows = []
    for family in runs.families:
        part = runs.table[runs.table["family"] == family]
        ends = [[format_number(end) for end in (part[c].min(), part[c].max())] for c in ("params", "tokens", "loss")]
        rows.append([family, str(len(part)), *(low if low == high else f"{low} to {high}" for low, high in ends)])
    paragraph(f"{info.title} ({info.name}; cites {info.citation_key}).")
    typer.echo("")
    print_table(("family", "models", "params", "tokens", "loss (nats/token)"), rows, right=("models",))


def _show_checks(fit: Fit, folder: Path) -> None:
    from bayescale.cli.check import show_checks

    table = fit.checks.table()
    write_table(table, folder / "checks.csv")
    show_checks(table.to_dict("records"))
    typer.echo("")
    if fit.checks.failed:
        paragraph(
            f"NOT ALL CHECKS PASS: {fit.checks.verdict}. "
            "What follows shows the form of the results; rely on none of it."
        )
    else:
        paragraph(f"In short: {fit.checks.verdict}.")


def _show_parameters(fit: Fit, folder: Path) -> None:
    from bayescale.cli.summary import show_families

    table = fit.table(prob=PROB)
    write_table(table, folder / "parameters.csv")
    own = table[table["parameter"].isin(SHOWN)]
    paragraph(
        "L(N, D) = E + A N^-alpha + B D^-beta; a is the exponent of compute-optimal size in compute. "
        f"Median and {SHARE} interval."
    )
    typer.echo("")
    show_families(own, SHOWN)
    single = [family for family, count in fit.runs.table["family"].value_counts().items() if count == 1]
    if single:
        typer.echo("")
        named = " and ".join(sorted(map(str, single)))
        paragraph(f"{named} have one model each: what they share with the other families fills the gap.")


def _show_predictions(fit: Fit, folder: Path) -> None:
    import pandas as pd

    import bayescale as bs
    from bayescale.cli.cautions import extrapolated
    from bayescale.cli.predict import show_predictions

    tables = [
        bs.predict(fit, **POINT, group=group, kind=kind).table(prob=PROB)
        for group in (KNOWN, None)
        for kind in ("law", "run")
    ]
    whole = pd.concat(tables, ignore_index=True)
    write_table(whole, folder / "predictions.csv")
    show_predictions(whole, SHARE, groups=True)
    typer.echo("")
    paragraph(
        "law: the law's curve; run: one new run, which scatters around it. A new family also draws its parameters."
    )
    _caution(extrapolated(*tables))


def _show_plans(fit: Fit, folder: Path) -> list[Plan]:
    import pandas as pd

    import bayescale as bs
    from bayescale.cli.allocate import show_plan
    from bayescale.cli.cautions import extrapolated

    plans = [bs.allocate(fit, compute=BUDGETS, group=group) for group in (KNOWN, None)]
    tables: list[pd.DataFrame] = []
    for plan in plans:
        table = plan.table(prob=PROB)
        typer.echo(
            ("\n" if tables else "")
            + f"  {plan.group}, compute in FLOP ({plan.cost.name}), median and {SHARE} interval:\n"
        )
        show_plan(table)
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True)
    write_table(whole, folder / "plan.csv")
    _caution(extrapolated(*tables))
    return plans


def _caution(words: str) -> None:
    if words:
        typer.echo("")
        paragraph(f"Beware. {words}")


def _close(fit: Fit, out: str, figures: list[str], seconds: float) -> None:
    from bayescale.cli.fit import next_commands

    tables = "data.csv, checks.csv, parameters.csv, predictions.csv, plan.csv"
    typer.echo(f"  In {out}:")
    for kind, names in (("tables", tables), ("figures", ", ".join(figures)), ("fit", "fit.nc")):
        paragraph(f"{kind}: {names}", indent=4)
    typer.echo("")
    paragraph(
        f"What the intervals mean: given the law, the priors and these runs, the value lies inside with {SHARE} "
        f"probability, {format_prob((1 - PROB) / 2)} on either side. They hold for runs like these at compute like "
        "theirs; further out the law itself may be wrong, and the notes under the tables say what was added for that."
    )
    typer.echo("")
    paragraph(f"Done in {seconds:.0f} s; checks: {fit.checks.verdict}. Next:", indent=0)
    your_own = "bayescale fit YOUR_RUNS.csv --law chinchilla --group family --out fit.nc"
    for line in (*next_commands(fit, str(Path(out) / "fit.nc")), your_own):
        typer.echo(f"  {line}")
