"""The command line: one file per command, each a call of public functions."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: the words after ``bayescale``; those of the process by default.

    Raises:
        SystemExit: 0 done; 1 a check fails; 2 wrong usage or input; 3 a bug; 130 interrupted; 141 the reader left.
    """
    from bayescale.cli.app import app

    app(args=None if arguments is None else list(arguments), prog_name="bayescale")
