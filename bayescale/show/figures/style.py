"""What the figures share: colours, markers, axes without pyplot, labels and legends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from bayescale.language.labels import ALL
from bayescale.language.quantities import COMPUTE, Quantity
from bayescale.show.numbers import format_number, format_prob, powers

# Okabe and Ito's colours that also differ for colour-blind eyes, without the yellow that vanishes on white. Seven
# colours and eleven markers have no common divisor, so 77 families look different.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
GREY = "#666666"
SMALL, MEDIUM = 7.5, 9.0
MANY = 7
LONGEST_NAME = 32


# Areas of markers differ at one size; these look alike.
_SIZES = {"o": 4.6, "s": 4.4, "D": 4.2, "^": 5.6, "v": 5.6, "<": 5.6, ">": 5.6, "P": 5.8, "X": 5.6, "p": 5.6, "h": 5.4}


@dataclass(frozen=True)
class Look:
    """Colour and marker of one family."""

    colour: str
    marker: str

    @property
    def points(self) -> dict[str, Any]:
        """How its runs are drawn."""
        return {
            "marker": self.marker,
            "markersize": _SIZES[self.marker],
            "markeredgecolor": "white",
            "markeredgewidth": 0.4,
            "color": self.colour,
        }

    def key(self, line: bool = True) -> Line2D:
        """Return its line and marker for a legend."""
        return Line2D([], [], linewidth=1.4, linestyle="-" if line else "none", **self.points)


def look(index: int) -> Look:
    """Return how the family of this number is drawn."""
    return Look(COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)])


def new_axes(columns: int = 1, *, width: float = 6.4, height: float = 4.2) -> tuple[Axes, ...]:
    """Return axes of a new figure that pyplot does not know of, so that nothing global changes.

    Save it with ``axes.figure.savefig``. A notebook shows ``axes.figure`` as the last line of a cell after
    ``%matplotlib inline``, or give axes of your own: ``figure, ax = plt.subplots()``.
    """
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    return tuple(figure.subplots(1, columns, squeeze=False)[0])


def axis_label(quantity: Quantity, words: str | None = None) -> str:
    """Return the words and the unit of a quantity.

    >>> from bayescale.language.quantities import COMPUTE
    >>> axis_label(COMPUTE)
    'training compute (FLOP)'
    """
    text = words or quantity.label
    return f"{text} ({quantity.unit})" if quantity.unit else text


def compute_label(cost: str | None = None) -> str:
    """Return the words of an axis of compute, with the name of the cost that counts it.

    >>> compute_label("6ND")
    'training compute 6ND (FLOP)'
    """
    return axis_label(COMPUTE, f"{COMPUTE.label} {cost}" if cost else None)


def interval_label(probs: Any) -> str:
    """Return the name of an interval with its probability, or of several."""
    found = sorted({float(prob) for prob in probs if prob == prob})
    return f"{', '.join(format_prob(prob) for prob in found)} equal-tailed interval"


def plain(text: str) -> str:
    """Return a family's name, shortened to what a legend can hold."""
    text = "all runs" if text == ALL else text
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def set_axes(ax: Axes, x: str, y: str) -> None:
    """Label both axes and give them a light grid."""
    ax.set_xlabel(x, fontsize=MEDIUM)
    ax.set_ylabel(y, fontsize=MEDIUM)
    ax.tick_params(which="both", labelsize=SMALL + 0.5)
    ax.grid(True, which="major", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def log_loss_axis(ax: Axes) -> None:
    """Make the vertical axis logarithmic with ticks at round losses, which powers of ten would not give."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())


def legend(ax: Axes, entries: Sequence[tuple[str, Any]], *, room: float = 0.0) -> None:
    """Add a legend beside the axes, where it hides nothing, leaving room in points for words that stand there too.

    Names may hold anything, dollar signs and leading underscores included. On axes of your own without constrained
    layout, save with ``bbox_inches="tight"``.
    """
    if not entries:
        return
    handles = [handle for _, handle in entries]
    made = ax.legend(
        handles,
        [str(i) for i in range(len(entries))],  # underscores in front would hide an entry
        fontsize=SMALL,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        bbox_transform=ax.transAxes + ScaledTranslation(room / 72.0, 0.0, ax.figure.dpi_scale_trans),
        borderaxespad=0.3,
        ncols=math.ceil(len(entries) / 24),
        handlelength=2.6,
        labelspacing=0.5,
        handler_map={tuple: HandlerTuple(ndivide=1)},
    )
    for text, (name, _) in zip(made.get_texts(), entries, strict=True):
        text.set_parse_math(False)
        text.set_text(name)


def power_text(value: float) -> str:
    """Return a number with its power of ten as plain text.

    >>> power_text(6.3e18), power_text(1e21)
    ('6.3×10¹⁸', '10²¹')
    """
    return powers(format_number(value, digits=2))
