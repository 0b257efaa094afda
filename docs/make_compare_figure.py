"""Draw the figure of ``docs/compare.md`` and print its tables.

``.venv/bin/python docs/make_compare_figure.py POINTS.csv``, where POINTS.csv has the digitised runs of Hoffmann et al.
that Besiroglu et al. published (``svg_extracted_data.csv``: columns Model Size, Training FLOP, loss). Only the public
API is used.
"""

import sys
from pathlib import Path

import pandas as pd

import bayescale as bs

IMAGES = Path(__file__).parent / "images"
LAWS = ["chinchilla", "chinchilla-offset"]
NOISES = ["student-t", "normal", "laplace"]
DROPS = [None, "tokens_per_param < 2"]
COMPUTE = 5.88e23  # the budget of Chinchilla and Gopher
COLUMNS = ["choice", "log_score", "difference", "difference_se", "weight", "in_range_difference", "k_hat"]
# Besiroglu et al. leave out the five runs of the highest losses.
FITTED = 240


def read(path: str) -> bs.Runs:
    """The 240 runs."""
    table = pd.read_csv(path).rename(columns={"Model Size": "params", "Training FLOP": "compute"})
    return bs.read_runs(table.sort_values("loss").iloc[:FITTED][["params", "compute", "loss"]])


def draw(found: bs.Comparison) -> Path:
    """Write the figure and return where it is."""
    axes = bs.figures.multiverse(found, quantity="a")
    axes.set_title("Hoffmann et al.'s 240 runs: the law moves the answer more than noise and runs", fontsize=9)
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / "multiverse.png"
    axes.figure.savefig(path, dpi=110, bbox_inches="tight")
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = bs.compare(LAWS, read(sys.argv[1]), noises=NOISES, drops=DROPS, compute=COMPUTE)
    print(found.table()[COLUMNS].round(3).to_string(index=False))
    decided = found.decision_table()
    shown = decided[decided["quantity"].isin(["params", "a", "loss"])]
    print(shown[["choice", "weight", "quantity", "median", "lower", "upper"]].to_string(index=False))
    print(draw(found))
