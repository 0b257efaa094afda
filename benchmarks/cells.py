"""Tables of RESULTS.md: their lines, and a number with its range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def short(value: float) -> str:
    """Three digits, whole numbers with all of theirs before the point.

    >>> short(0.01234), short(1234.5)
    ('0.0123', '1,234')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """Median, and the range in brackets where there is one."""
    least, middle, most = map(short, (min(values), median(values), max(values)))
    return middle if least == most else f"{middle} [{least}-{most}]"
