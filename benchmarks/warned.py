"""Which families a backtest inside their own data warns of."""

from __future__ import annotations

import pandas as pd
from cells import table_lines

# A fit to the runs below a cut is asked about those between this part of the cut and the cut, which it leaves out.
WITHIN = 2.0
# Of these runs fewer than this part in their 90 % intervals is a warning; what no family should be below further out.
FEWEST_COVERED = 0.6


def warned(made: pd.DataFrame) -> pd.DataFrame:
    """What each family's runs below a cut say of its next ones, from nothing that lies above the cut.

    Args:
        made: the runs of a backtest, with ratios r and 2r: those that the fit at 2r leaves out and the fit at r has
            are a backtest that the user of the fit at r could make.

    Returns:
        columns family, ratio, inside (coverage of the 90 % intervals of the runs just below the cut; NaN where there
        are none) and warned.
    """
    compute = made["params"] * made["tokens"]
    largest = compute.groupby(made["family"]).transform("max")
    covered = made["observed"].between(made["lower_0.9"], made["upper_0.9"])
    rows = []
    for family, ratio in made[["family", "ratio"]].drop_duplicates().itertuples(index=False):
        below = (made["family"] == family) & (made["ratio"] == WITHIN * ratio) & (compute < largest / ratio)
        rows.append((family, ratio, covered[below].mean()))
    table = pd.DataFrame(rows, columns=["family", "ratio", "inside"])
    return table.assign(warned=table["inside"] < FEWEST_COVERED)


def by_warning(own: pd.DataFrame, inside: pd.DataFrame) -> list[str]:
    """Lines on coverage of families that their own data warn of, and of others."""
    both = own.merge(inside, on=["family", "ratio"]).dropna(subset=["inside"])
    ratios = sorted(both["ratio"].unique())
    rows = []
    for label, flag in (("warned of", True), ("not warned of", False)):
        for prob in (0.9, 0.5):
            part = both[both["warned"] == flag].groupby("ratio")[f"coverage_{prob:g}"].agg(["mean", "size"])
            cells = [
                f"{100 * part.loc[ratio, 'mean']:.0f} % of {part.loc[ratio, 'size']:.0f}" if ratio in part.index else ""
                for ratio in ratios
            ]
            rows.append([f"{label}, {100 * prob:.0f} % intervals", *cells])
    low = both["coverage_0.9"] < FEWEST_COVERED
    return [
        "",
        "## Coverage where a family's own data warn",
        "",
        f"A family is warned of at a ratio where its own runs below the cut, from 1/{WITHIN:g} of it, were covered by "
        f"less than {100 * FEWEST_COVERED:.0f} % when a fit of the runs below them was asked, with the same "
        "discrepancy. `bs.backtest` of the runs that one has says so before anything larger is trained. *Of* how many "
        "families; none is left out above.",
        "",
        *table_lines(["", *(f"{ratio:g}x" for ratio in ratios)], rows),
        "",
        f"Of {int(low.sum())} families and ratios below {100 * FEWEST_COVERED:.0f} % that have such runs "
        f"{int((low & both['warned']).sum())} were warned of; of the {int((~low).sum())} others "
        f"{int((~low & both['warned']).sum())}.",
    ]
