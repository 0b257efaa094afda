"""Several values after one option: ``--compute 1e21 1e23``."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class ValueLists(TyperCommand):
    """A command whose repeatable options also take their values in one go."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write ``--compute 1e21 1e23`` as ``--compute 1e21 --compute 1e23``, which the parser knows."""
        repeatable = {flag for option in self.params if getattr(option, "multiple", False) for flag in option.opts}
        return super().parse_args(ctx, spread(args, repeatable))


def spread(words: list[str], repeatable: set[str]) -> list[str]:
    """Repeat an option before each of the values that follow it.

    Numbers and NAME=VALUE pairs are values, and nothing else is, so that a file after them stays an argument.

    >>> spread(["fit.nc", "--compute", "1e21", "1e23", "--group", "dense"], {"--compute"})
    ['fit.nc', '--compute', '1e21', '--compute', '1e23', '--group', 'dense']
    >>> spread(["--compute", "1e21", "fit.nc"], {"--compute"})
    ['--compute', '1e21', 'fit.nc']
    """
    out: list[str] = []
    current = ""  # the option whose values are being read
    first = False  # whether the next word is its first value, whatever it looks like
    for position, word in enumerate(words):
        if word == "--":
            return out + words[position:]
        if first:
            first = False
        elif current and _is_value(word):
            out.append(current)
        else:
            flag, _, attached = word.partition("=")
            current = flag if flag in repeatable else ""
            first = bool(current) and not attached
        out.append(word)
    return out


def _is_value(word: str) -> bool:
    if not word.startswith("-") and "=" in word:
        return True
    try:
        float(word)
    except ValueError:
        return False
    return True
