"""What a report is made of: blocks that know no markup, in sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayescale.laws import Law
from bayescale.show.grid import Grid


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Heading:
    """The fit that the blocks after it are about, where there are several."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Callout:
    """What a reader must not overlook.

    Args:
        status: ``"pass"``, ``"warn"`` or ``"fail"``.
        title: a few words.
        text: what it means and what to do.
    """

    status: str
    title: str
    text: str


@dataclass(frozen=True)
class Facts:
    """Terms with their descriptions."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Formula:
    """The formula of a law."""

    law: type[Law]


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        name: of its file, in small letters and hyphens.
        caption: a sentence.
        grid: the cells.
    """

    name: str
    caption: str
    grid: Grid


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Args:
        name: of its file, in small letters and hyphens.
        caption: a sentence.
        alternative: what it shows, for those who cannot see it.
        figure: of matplotlib.
    """

    name: str
    caption: str
    alternative: str
    figure: Any


@dataclass(frozen=True)
class Code:
    """Commands."""

    text: str


Block = Prose | Heading | Items | Callout | Facts | Formula | Table | Drawing | Code


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Args:
        key: of its place in the page.
        title: a few words.
        blocks: what it says.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


def omitted(reason: str) -> Prose:
    """Say why a part is left out."""
    return Prose(f"Left out: {reason[:1].lower() if reason[1:2].islower() else reason[:1]}{reason[1:]}")
