"""The options of ``bayescale backtest``."""

from __future__ import annotations

from typing import Annotated

import typer

Ratios = Annotated[
    list[float] | None,
    typer.Option(
        "--ratios",
        help="Largest compute over the cut: 4 fits what has less than a quarter of it; several, or repeated.",
        show_default="2 4 8 16",
    ),
]
HoldOut = Annotated[
    str,
    typer.Option("--hold-out", help="compute; future, of checkpoints the later ones; family, each as a new one."),
]
Fewest = Annotated[
    int | None,
    typer.Option(
        "--fewest", help="Runs below a cut that a fit needs.", show_default="one more than the law has parameters"
    ),
]
By = Annotated[str, typer.Option("--by", help="'ratio' pooled over families, 'family' for each of them too.")]
Largest = Annotated[bool, typer.Option("--largest", help="Score the runs with the largest compute alone.")]
RunsOut = Annotated[
    str | None,
    typer.Option("--runs-out", metavar="FILE.csv", help="Where to write every held-out run with its prediction."),
]
