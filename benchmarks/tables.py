"""The tables that are fitted, and their columns as hand-written models want them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bayescale as bs

REAL_DATA = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "real_data.py"))["FOLDER"]
# The five digitised points of the highest loss, which Besiroglu et al. leave out.
LEFT_OUT = 5
FAMILIES = 40
# Of the simulated families: sds of level, log shares and log exponents, and of the log of the noise scale.
SCATTER, NOISE_SCATTER = (0.1, 0.2, 0.2, 0.12, 0.12), 0.25
NOISE, NU = 0.008, 4.0


def registered(name: str, variant: str | None = None) -> bs.Runs:
    """A data set of the registry, read from the folder of real data."""
    file = bs.datasets.describe(name).file
    return bs.datasets.load(name, variant, path=None if file is None else REAL_DATA / file.path)


def chinchilla_runs(drop: int = 0) -> tuple[bs.Runs, str]:
    """Hoffmann et al.'s 245 digitised points without the ``drop`` of the highest loss, or else simulated ones."""
    if (REAL_DATA / "chinchilla" / "svg_extracted_data.csv").exists():
        runs = registered("chinchilla")  # sorted by loss
        kept = runs.subset(np.arange(len(runs)) < len(runs) - drop)
        return kept, f"{len(kept)} digitised runs of Hoffmann et al."
    rng, count = np.random.default_rng(0), 245 - drop
    compute = rng.choice([6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21], count)
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    return bs.read_runs(bs.simulate(truth, _design(rng, compute), nu=4.0)), f"{count} simulated runs"


def loss_to_loss(seed: int = 0) -> tuple[bs.Runs, str]:
    """The loss-to-loss sweep, or else six simulated families of its size.

    Another ``seed`` than 0 leaves out one random run of each family: another table, of (nearly) the same shape.
    """
    if (REAL_DATA / "loss-to-loss" / "sweep.csv").exists():
        runs, described = registered("loss-to-loss"), "529 runs on six corpora"
    else:
        rng = np.random.default_rng(0)
        design = _design(rng, np.exp(rng.uniform(np.log(2e17), np.log(5e19), 528)))
        design["family"] = [f"family {i % 6}" for i in range(528)]
        truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
        laws = {f"family {i}": truth.replace(E=truth.E * np.exp(0.2 * rng.standard_normal())) for i in range(6)}
        runs, described = bs.read_runs(bs.simulate(laws, design)), "528 simulated runs in six families"
    if seed == 0:
        return runs, described
    left_out = runs.table.groupby("family").sample(1, random_state=seed).index
    return runs.subset(~runs.table.index.isin(left_out)), described


def forty_families(seed: int = 0) -> tuple[bs.Runs, str]:
    """Simulated checkpoints of 40 families, about 10,000 rows; the seed changes the families' laws and the noise.

    Families scatter in the coordinates in which the package pools them, around Besiroglu et al.'s law. Each has five to
    nine sizes, and the rows of a size are spaced evenly in the log of tokens; their noise is independent.
    """
    design = _checkpoints(np.random.default_rng(0))
    rng = np.random.default_rng([1, seed])
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    N0, D0 = (float(np.exp(np.log(design[column]).mean())) for column in ("params", "tokens"))
    anchored = (law.E, law.A * N0**-law.alpha, law.B * D0**-law.beta, law.alpha, law.beta)
    centre = np.asarray(law.pool(np.log(anchored)), float)
    tables = []
    for index, (family, rows) in enumerate(design.groupby("family", sort=False)):
        own = np.exp(np.asarray(law.unpool(centre + SCATTER * rng.standard_normal(5)), float))
        scale = NOISE * np.exp(NOISE_SCATTER * rng.standard_normal())
        names = ("E", "A", "B", "alpha", "beta")
        truth = law.replace(**dict(zip(names, map(float, own), strict=True)), N0=N0, D0=D0)
        noise_seed = FAMILIES * seed + index
        tables.append(bs.simulate({family: truth}, rows, sigma=float(scale), nu=NU, seed=noise_seed))
    runs = bs.read_runs(pd.concat(tables, ignore_index=True))
    return runs, f"{len(runs):,} simulated rows of {FAMILIES} families"


TABLES = {"chinchilla": chinchilla_runs, "loss-to-loss": loss_to_loss, "forty-families": forty_families}


def columns(runs: bs.Runs) -> dict[str, Any]:
    """A table as a hand-written model takes it: flat arrays, one entry per row, and the centre of the design.

    Returns:
        N, D (counts), log_N, log_D (logs of their ratio to N0, D0), log_loss, family (index), each per row; families
        (indices of all families); N0, D0 (geometric means).
    """
    table, names = runs.table, list(runs.families)
    N, D = table["params"].to_numpy(float), table["tokens"].to_numpy(float)
    N0, D0 = (np.exp(np.log(values).mean()) for values in (N, D))
    place = {name: index for index, name in enumerate(names)}
    family = table["family"].map(place).to_numpy(int) if names else np.zeros(len(runs), int)
    return {
        **{"N": N, "D": D, "log_N": np.log(N / N0), "log_D": np.log(D / D0)},
        **{"log_loss": np.log(table["loss"].to_numpy(float)), "family": family},
        **{"families": np.arange(max(len(names), 1)), "N0": N0, "D0": D0},
    }


def _design(rng: np.random.Generator, compute: np.ndarray) -> pd.DataFrame:
    """Sizes and tokens at these budgets (FLOPs), with 2 to 200 tokens per parameter."""
    params = np.sqrt(compute / 6 / np.exp(rng.uniform(np.log(2), np.log(200), compute.size)))
    return pd.DataFrame({"params": params, "tokens": compute / 6 / params})


def _checkpoints(rng: np.random.Generator) -> pd.DataFrame:
    """Family, params and tokens of 200 to 300 checkpoints of each family."""
    rows = []
    for family in range(FAMILIES):
        sizes = np.exp(rng.uniform(np.log(7e7), np.log(1.3e10), rng.integers(5, 10)))
        for part, params in zip(np.array_split(np.arange(rng.integers(200, 301)), sizes.size), sizes, strict=True):
            last = np.exp(rng.uniform(np.log(2e10), np.log(1e12)))
            tokens = np.geomspace(last / 30, last, part.size)
            rows.append(pd.DataFrame({"family": f"family {family:02}", "params": params, "tokens": tokens}))
    return pd.concat(rows, ignore_index=True)
