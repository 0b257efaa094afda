"""Coverage of 90 % intervals beyond the data against their width: honest and narrow is up and left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")
MARKS = ("o", "s", "^", "D", "v", "P", "X")


def draw(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Draw one line per method over the ratios.

    Args:
        tables: scores over ratio, by the name of the method.
        path: of the PNG.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FormatStrFormatter

    figure, ax = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    for (name, table), mark in zip(tables.items(), MARKS, strict=False):
        shown = table[table["width"] > 0]
        if shown.empty:
            continue
        ax.plot(100 * shown["width"], 100 * shown["coverage_0.9"], marker=mark, lw=1, ms=5, label=name)
        for ratio, row in shown.iterrows():
            at = (100 * row["width"], 100 * row["coverage_0.9"])
            ax.annotate(f"{ratio:g}x", at, xytext=(3, 3), textcoords="offset points", fontsize=6)
    ax.axhline(90, color="0.5", lw=0.8, ls="--")
    ax.set(xlabel="mean width of 90 % intervals, % of the loss", ylabel="held-out runs covered, %", ylim=(0, 101))
    ax.set_xscale("log")
    for axis_ticks in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        axis_ticks(FormatStrFormatter("%g"))
    ax.legend(fontsize=7, loc="lower right", frameon=False)
    figure.savefig(path, dpi=160)
    plt.close(figure)
