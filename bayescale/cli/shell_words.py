"""What messages of the library say in Python, as the options that a shell takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Collection

# A mapping of columns, columns to be named, and a setting of a fit, as messages of the library write them.
MAPPING = re.compile(r"columns=(\{(?:'[^']*': (?:'[^']*'|None)(?:, )?)+\})")
TO_NAME = re.compile(r"columns=\{(?:'(\w+)': )?\.\.\.\} in read_runs")
SETTING = re.compile(r"\b(residuals|effects|noise|group|loss_unit)='([^']+)'")
BYTES = re.compile(r",? ?\bbytes_per_token=\.\.\.")


def in_shell(text: str, options: Collection[str] = ("--columns",)) -> str:
    """Return a message with what it says in Python as the options of a command, where the command has them.

    >>> in_shell("say which with columns={'params': 'n_params', 'loss': 'val loss'}.")
    "say which with --columns params=n_params loss='val loss'."
    >>> in_shell("leave it out: columns={'loss': None}.")
    'leave it out: --columns loss=.'
    >>> in_shell("map it with columns={'run': ...} in read_runs.")
    'map it with --columns run=COLUMN.'
    >>> in_shell("declare residuals='ou'", ["--residuals"])
    'declare --residuals ou'
    >>> in_shell("with group='model family'", ["--group"]), in_shell("loss_unit='bits/byte'", ["--loss-unit"])
    ("with --group 'model family'", '--loss-unit bits/byte')
    >>> in_shell("declare residuals='ou'", ["--columns"])
    "declare residuals='ou'"
    """
    if "--columns" in options:
        text = TO_NAME.sub(lambda found: f"--columns {found[1] or 'NAME'}=COLUMN", MAPPING.sub(_mapped, text))
    if "--bytes-per-token" in options:
        text = BYTES.sub(" --bytes-per-token NUMBER", text)
    return SETTING.sub(lambda found: _set(found) if _option(found) in options else found[0], text)


def _option(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')}"


def _set(found: re.Match[str]) -> str:
    return f"{_option(found)} {shlex.quote(found[2])}"


def _mapped(found: re.Match[str]) -> str:
    try:
        names = ast.literal_eval(found[1])
    except (SyntaxError, ValueError):  # a name of the file's that only looks like one of these
        return found[0]
    return "--columns " + " ".join(f"{name}={shlex.quote(column) if column else ''}" for name, column in names.items())
