"""Tables ready to print: headers, cells and their alignment, in whatever markup."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import wrap

from bayescale.show.cells import Cell, words
from bayescale.show.escape import escape

# About how many characters of a small font a line of a page has.
LINE = 98
# And about how many a line of a header.
HEADER = 14
# Names of more characters go on over several lines.
LONG = 40


@dataclass(frozen=True)
class Grid:
    """A table as it is printed.

    Args:
        headers: one per column.
        sides: how each column is aligned: ``"left"``, ``"right"`` as numbers are, or ``"wide"`` for text that wraps.
        rows: cells.
        breaks: numbers of rows with a little space before them.
    """

    headers: tuple[Cell, ...]
    sides: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    breaks: frozenset[int] = field(default_factory=frozenset)

    def latex(self, caption: str | None = None, label: str | None = None, *, stacked: bool = False) -> str:
        r"""Return the tabular, with ``\usepackage{booktabs}`` the only requirement.

        Args:
            caption: LaTeX of a caption; with a caption or a label the tabular comes inside a table float.
            label: for ``\ref``.
            stacked: break long headers into several lines.
        """
        names = self._stacked() if stacked else _line(self.headers)
        head = [rf"\begin{{tabular}}{{{self._columns(stacked)}}}", r"\toprule", names, r"\midrule"]
        return _float([*head, *self._body(), r"\bottomrule", r"\end{tabular}"], caption, label)

    def longtable(self, caption: str) -> str:
        r"""Return a table that goes on over pages, which needs ``\usepackage{longtable,booktabs}``."""
        first = [rf"\begin{{longtable}}{{{self._columns(True)}}}", rf"\caption{{{caption}}}\\"]
        head = [r"\toprule", self._stacked(), r"\midrule"]
        ends = [r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endlastfoot"]
        return "\n".join([*first, *head, *ends, *self._body(), r"\end{longtable}"]) + "\n"

    def _stacked(self) -> str:
        """The line of headers, each in as many lines as it takes."""
        made = []
        for header, side in zip(self.headers, self.sides, strict=True):
            lines = [escape(line) for line in wrap(header.text, HEADER, break_long_words=False)]
            several = rf"\shortstack[{'r' if side == 'right' else 'l'}]{{{r'\\'.join(lines)}}}"
            made.append(several if len(lines) > 1 else header.latex)
        return " & ".join(made) + r" \\"

    def _columns(self, stacked: bool) -> str:
        """The columns of a tabular; those that wrap share what others leave of a line.

        Where headers are broken into lines, so are names that would take most of a line by themselves.
        """
        names = [min(len(header.text), HEADER if stacked else LINE) for header in self.headers]
        widest = [max((len(row[index].text) for row in self.rows), default=0) for index in range(len(self.sides))]
        widths = [max(pair) for pair in zip(names, widest, strict=True)]
        wraps = [
            side == "wide" or (stacked and side == "left" and width > LONG)
            for side, width in zip(self.sides, widths, strict=True)
        ]
        taken = sum(width + 3 for width, wrapped in zip(widths, wraps, strict=True) if not wrapped)
        share = max(0.15, (LINE - taken) / LINE / max(1, sum(wraps)) - 0.04)
        wide = rf">{{\raggedright\arraybackslash}}p{{{share:.2f}\linewidth}}"
        kinds = {"left": "l", "right": "r"}
        return "".join(wide if wrapped else kinds[side] for side, wrapped in zip(self.sides, wraps, strict=True))

    def _body(self) -> list[str]:
        lines = []
        for index, row in enumerate(self.rows):
            lines += [r"\addlinespace"] if index in self.breaks else []
            lines.append(_line(row))
        return lines

    def markdown(self) -> str:
        """Return the table in Markdown with pipes."""
        rule = ["---:" if side == "right" else "---" for side in self.sides]
        lines = [[cell.markdown for cell in row] for row in (self.headers, *self.rows)]
        return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rule, *lines[1:]))


def grid(
    headers: Iterable[str], rows: Iterable[Iterable[Cell]], *, right: Iterable[str] = (), wide: Iterable[str] = ()
) -> Grid:
    """Return a table of cells under headers; columns named in ``right`` are aligned to the right, in ``wide`` wrapped.

    >>> print(grid(["law", "runs"], [[words("a"), words("7")]], right=["runs"]).markdown(), end="")
    | law | runs |
    | --- | ---: |
    | a | 7 |
    """
    names, numbers, texts = list(headers), set(right), set(wide)
    sides = ("right" if name in numbers else "wide" if name in texts else "left" for name in names)
    return Grid(tuple(words(name) for name in names), tuple(sides), tuple(map(tuple, rows)))


def _line(cells: Iterable[Cell]) -> str:
    return " & ".join(cell.latex for cell in cells) + r" \\"


def _float(tabular: list[str], caption: str | None, label: str | None) -> str:
    if caption is None and label is None:
        return "\n".join(tabular) + "\n"
    named = [rf"\caption{{{caption}}}"] if caption is not None else []
    named += [rf"\label{{{label}}}"] if label is not None else []
    return "\n".join([r"\begin{table}", r"\centering", *named, *tabular, r"\end{table}"]) + "\n"
