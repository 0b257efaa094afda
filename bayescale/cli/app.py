"""The commands and what all of them share: help, version, debugging, errors."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bayescale.cli.allocate import allocate
from bayescale.cli.arms import arms
from bayescale.cli.backtest import backtest
from bayescale.cli.batch import batch
from bayescale.cli.cheapest import cheapest
from bayescale.cli.check import check
from bayescale.cli.compare import compare
from bayescale.cli.datasets import datasets
from bayescale.cli.demo import demo
from bayescale.cli.examples import epilog, start
from bayescale.cli.fit import fit
from bayescale.cli.follow import follow
from bayescale.cli.identify import identify
from bayescale.cli.interruption import WORDS
from bayescale.cli.laws import laws
from bayescale.cli.next_run import next_run
from bayescale.cli.pareto import pareto
from bayescale.cli.plan import plan
from bayescale.cli.predict import predict
from bayescale.cli.report import report
from bayescale.cli.reporting import USAGE, reporting
from bayescale.cli.review import review
from bayescale.cli.summary import summary
from bayescale.cli.value_lists import ValueLists, WordLists


class Door(TyperGroup):
    """The group of commands: takes ``--debug`` anywhere and turns errors into messages and exit codes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Bring ``--debug`` to the front, where the group takes it."""
        end = args.index("--") if "--" in args else len(args)
        words = [word for word in args[:end] if word != "--debug"]
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, ["--debug"] * (len(words) < end) + words + args[end:])

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with reporting(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


app = typer.Typer(
    cls=Door,
    name="bayescale",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and one-line errors, readable at any width and in logs
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

COMMANDS = (
    demo, identify, fit, check, review, summary, predict, allocate, cheapest, pareto, plan, arms, follow, backtest,
    compare, report, batch, laws, datasets,
)  # fmt: skip
for command in COMMANDS:
    app.command(cls=WordLists if command is compare else ValueLists, epilog=epilog(command.__name__))(command)
# "next" is a word of Python's.
app.command(name="next", cls=ValueLists, epilog=epilog("next"))(next_run)


def _version(wanted: bool) -> None:
    if wanted:
        from bayescale.language.installed import version_of

        typer.echo(f"bayescale {version_of('bayescale')}")
        raise typer.Exit


@app.callback()
def bayescale(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; also after a command.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Bayesian scaling laws: from a table of training runs to posterior, prediction and compute-optimal plan.

    Exit codes: 0 done, 1 a check fails, 2 wrong usage or input, 3 a bug in bayescale, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        # A script that lost its command must not pass for one that did its work.
        typer.echo(f"{start()}\n\nAll commands: bayescale --help. One of them: bayescale fit --help.", err=True)
        raise typer.Exit(USAGE)
