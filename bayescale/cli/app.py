"""The commands and what all of them share: help, version, debugging, errors."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bayescale.cli.examples import start
from bayescale.cli.interruption import WORDS
from bayescale.cli.reporting import USAGE, reporting
from bayescale.cli.verbs import VERBS, Commands


class Door(TyperGroup):
    """The group of commands: takes ``--debug`` anywhere and turns errors into messages and exit codes.

    A command's code is loaded when it is called, and no command's for the list of them.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": Commands()})

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.line) for name, verb in VERBS.items()])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Bring ``--debug`` to the front, where the group takes it."""
        end = args.index("--") if "--" in args else len(args)
        words = [word for word in args[:end] if word != "--debug"]
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, ["--debug"] * (len(words) < end) + words + args[end:])

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with reporting(debug=bool(ctx.params.get("debug")), options=lambda: self._options_of(ctx.invoked_subcommand)):
            return super().invoke(ctx)

    def _options_of(self, command: str | None) -> list[str]:
        """The options of a command, such as ``--columns``; none where there is no such command."""
        known = self.commands.get(command or "")
        return [] if known is None else [option for parameter in known.params for option in parameter.opts]


app = typer.Typer(
    cls=Door,
    name="bayescale",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and one-line errors, readable at any width and in logs
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


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
