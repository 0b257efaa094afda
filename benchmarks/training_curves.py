"""Public training curves in nats per token, and what is known of their schedules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import bayescale as bs
from bayescale.laws import cosine_schedule, schedule_areas

# Over so many epochs the loss rises again, which no law of this benchmark does: reported, and nothing learnt from.
RISING = "GPT2, 44 epochs"
# Tokens of a step: 512 sequences of 2,048 tokens, and about the mean of the batches of Brown et al.
BATCH = {"GPT-3": 2e6}
USUAL_BATCH = 512 * 2048
FEWEST, MOST = 10, 60


@dataclass(frozen=True)
class Curve:
    """One run.

    Args:
        name, group: of the run.
        tokens, loss: sorted by tokens, each place once.
        planned: tokens at which the schedule ends: later than the last row where a run was cut.
    """

    name: str
    group: str
    tokens: np.ndarray
    loss: np.ndarray
    planned: float

    def early(self) -> np.ndarray:
        """Rows between a tenth and a third of the run, some sixty of them."""
        end = self.tokens[-1]
        rows = np.flatnonzero((self.tokens >= 0.1 * end) & (self.tokens <= end / 3))
        return rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, MOST)).round().astype(int))]

    def table(self, rows: np.ndarray) -> pd.DataFrame:
        """Those rows, with areas under a cosine from 1 to a tenth that ends where the run was planned to."""
        batch = BATCH.get(self.group, USUAL_BATCH)
        steps = max(int(self.planned / batch), 100)
        warmup = min(steps // 20, 1000)
        areas = schedule_areas(cosine_schedule(steps, 1.0, final=0.1, warmup=warmup), warmup=warmup)
        at = np.clip((self.tokens[rows] / batch).astype(int), 0, steps - 1)
        columns = {"tokens": self.tokens[rows], "loss": self.loss[rows], "run": self.name}
        return pd.DataFrame(columns | {"lr_area": areas[0][at], "annealing_area": np.maximum(areas[1][at], 0.0)})


def read_curves(path: Path) -> tuple[list[Curve], dict[str, int]]:
    """Return the curves in nats that have enough rows after warm-up, and how many have not, by reason."""
    table = bs.datasets.load("learning-curves", path=path).table
    ends = table.groupby("run")["tokens"].max().to_dict()
    found, left = [], {"never leave warm-up": 0, f"have fewer than {FEWEST} rows in that part": 0}
    warming, short = left
    for (group, name), rows in table.groupby(["family", "run"], sort=False):
        curve = Curve(name, group, rows["tokens"].to_numpy(), rows["loss"].to_numpy(), _planned(name, ends))
        # As Gadre et al. say of their runs of the two smallest multiples.
        if re.search(r"-d=.*-0\.(25|5)$", name):
            left[warming] += 1
        elif curve.early().size < FEWEST:
            left[short] += 1
        else:
            found.append(curve)
    return found, left


def _planned(name: str, ends: dict[str, float]) -> float:
    """The runs of Gadre et al. are named by tokens in multiples of 20 per parameter, and some were cut."""
    parts = re.fullmatch(r"((?:c4_original|rpj|rw_original)-d=.*)-([\d.]+)", name)
    sibling = f"{parts[1]}-1.0" if parts else ""
    end = ends[name]
    return max(end, float(parts[2]) * ends[sibling]) if parts and sibling in ends else end
