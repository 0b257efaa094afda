"""Several values after one option: ``--compute 1e21 1e23``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from typer.core import TyperCommand

from bayescale.language.counts import is_count, written_out

# What help shows for the values of options that take numbers with a letter, and what tells these options.
COUNTED = "NUMBER"


class ValueLists(TyperCommand):
    """A command whose repeatable options also take their values in one go."""

    # Options whose values are any words up to the next option; arguments then come before them.
    words: frozenset[str] = frozenset()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write ``--compute 1e21 1e23`` as ``--compute 1e21 --compute 1e23``, which the parser knows."""
        repeatable = {flag for option in self.params if getattr(option, "multiple", False) for flag in option.opts}
        counts = {flag for option in self.params if option.metavar == COUNTED for flag in option.opts}
        return super().parse_args(ctx, spread(args, repeatable, self.words, counts))


class WordLists(ValueLists):
    """The command ``compare``, whose laws, noises and rules are words."""

    words = frozenset({"--laws", "--noises", "--drops"})


def spread(
    words: list[str],
    repeatable: set[str],
    any_word: frozenset[str] = frozenset(),
    counts: Collection[str] = (),
) -> list[str]:
    """Repeat an option before each of the values that follow it.

    Numbers and NAME=VALUE pairs are values, and nothing else is, so that a file after them stays an argument; of the
    options in ``counts`` numbers with a letter are too, and of those in ``any_word`` all words up to the next option.

    >>> spread(["fit.nc", "--compute", "1e21", "1e23", "--group", "dense"], {"--compute"})
    ['fit.nc', '--compute', '1e21', '--compute', '1e23', '--group', 'dense']
    >>> spread(["--params", "7B", "70B", "--compute", "1e21", "7B"], {"--params", "--compute"}, counts={"--params"})
    ['--params', '7B', '--params', '70B', '--compute', '1e21', '7B']
    >>> spread(["--compute", "1e21", "fit.nc"], {"--compute"})
    ['--compute', '1e21', 'fit.nc']
    >>> spread(["--laws", "chinchilla", "kaplan-nd", "--seed", "1"], {"--laws"}, frozenset({"--laws"}))
    ['--laws', 'chinchilla', '--laws', 'kaplan-nd', '--seed', '1']
    """
    out: list[str] = []
    current = ""  # the option whose values are being read
    first = False  # whether the next word is its first value, whatever it looks like
    for position, word in enumerate(words):
        if word == "--":
            return out + words[position:]
        if first:
            first = False
        elif current and (_is_value(word, current in counts) or (current in any_word and not word.startswith("-"))):
            out.append(current)
        else:
            flag, _, attached = word.partition("=")
            current = flag if flag in repeatable else ""
            first = bool(current) and not attached
        out.append(word)
    return out


def _is_value(word: str, counted: bool) -> bool:
    if not word.startswith("-") and "=" in word:
        return True
    return is_count(word) and (counted or written_out(word) is None)
