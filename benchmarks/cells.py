"""Tables of RESULTS.md: their lines, and a number with its range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def spread(values: Sequence[float], form: str = ",.3g") -> str:
    """Median, and the range in brackets where there is one."""
    least, middle, most = (format(value, form) for value in (min(values), median(values), max(values)))
    return middle if least == most else f"{middle} [{least}-{most}]"
