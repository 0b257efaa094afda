"""The page of the command line: what every command says of itself."""

from __future__ import annotations

import typer.main

from bayescale.cli.app import app
from bayescale.cli.examples import start

HEAD = """# Command line

`bayescale` without a command says where to begin. Every command has its help, which is what this page shows.

* Results go to stdout, notes and errors to stderr, one line each; [](../troubleshooting.md) has the codes of warnings.
* Exit codes: 0 done, 1 a check fails, 2 wrong usage or input, 3 a bug in bayescale, 130 interrupted, 141 the reader of
  the output left.
* `--format json` and `csv` are for programs: [](../records.md) has their columns.
* Tables are as wide as the terminal, or as `COLUMNS` says.
* Progress with the time left, and colours, appear on a terminal only.
* `bayescale --install-completion` teaches the shell that runs it to complete commands and options.
"""


def cli_page() -> str:
    """Return the page as Markdown."""
    group = typer.main.get_command(app)
    context = group.make_context("bayescale", [], resilient_parsing=True, terminal_width=80)
    parts = [HEAD, _block(start()), "## bayescale\n", _block(group.get_help(context))]
    for name, command in group.commands.items():
        own = command.context_class(command, info_name=name, parent=context, terminal_width=80)
        parts += [f"## bayescale {name}\n", _block(command.get_help(own))]
    return "\n".join(parts)


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"
