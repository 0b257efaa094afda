"""What all tests share: where the real experiments are, and fits that are made once."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

import bayescale as bs

REAL_DATA = Path(os.environ.get("BAYESCALE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


def real_file(name: str) -> Path:
    """A file of the real experiments, which are not part of the project; without them the test is left out."""
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here; set BAYESCALE_TEST_DATA to a folder that has it")
    return path


@pytest.fixture(scope="session")
def chinchilla_points() -> pd.DataFrame:
    """Hoffmann et al.'s digitised runs, all 245, sorted by loss, with the IsoFLOP budget nearest to each."""
    table = pd.read_csv(real_file("chinchilla/svg_extracted_data.csv"))
    table = table.rename(columns={"Model Size": "params", "Training FLOP": "compute"})[["params", "compute", "loss"]]
    budgets = pd.Series([6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21])
    nearest = table["compute"].map(lambda c: budgets[(budgets / c).map(lambda r: max(r, 1 / r)).idxmin()])
    return table.assign(budget=nearest.map("{:.0e}".format)).sort_values("loss", ignore_index=True)


@pytest.fixture(scope="session")
def loss_to_loss() -> bs.Runs:
    """Six corpora, 529 runs."""
    return bs.read_runs(real_file("loss-to-loss/sweep.csv"), {"loss": "val_loss"}, group="data")


@pytest.fixture(scope="session")
def loss_to_loss_fit(loss_to_loss):
    """The default fit of the six corpora."""
    return bs.fit("chinchilla", loss_to_loss, seed=0)


@pytest.fixture(scope="session")
def pile_fit():
    """The default fit of the embedded Pile families."""
    return bs.fit("chinchilla", bs.datasets.load("pile-families"), seed=0)
