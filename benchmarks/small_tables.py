"""Simulated tables as a laboratory has many of: a sweep of one recipe each, around Besiroglu et al.'s law."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

import bayescale as bs
from bayescale.show.numbers import format_number

# Sds of the logs of a table's law, and of its noise scale.
SCATTER = {"E": 0.1, "A": 0.4, "B": 0.4, "alpha": 0.06, "beta": 0.06}
NOISE, NOISE_SCATTER, NU = 0.012, 0.3, 4.0
ROWS, SIZES = (30, 100), (6, 12)
PARAMS, TOKENS = (5e7, 8e9), (1e9, 5e11)
DESIGN = (
    f"{SIZES[0]}-{SIZES[1]} sizes from {' to '.join(map(format_number, PARAMS))} parameters, "
    f"{' to '.join(map(format_number, TOKENS))} tokens, laws scattered around Besiroglu et al., Student-t noise (nu "
    f"{NU:g}) with scales around {NOISE:g}"
)
DESCRIBED = f"{ROWS[0]}-{ROWS[1]} rows, {DESIGN}"


def frame(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Simulate params, tokens and loss of one table; every call has a law, a design and a noise scale of its own."""
    sizes = np.exp(rng.uniform(*np.log(PARAMS), rng.integers(SIZES[0], SIZES[1] + 1)))
    design = pd.DataFrame({"params": rng.choice(sizes, rows), "tokens": np.exp(rng.uniform(*np.log(TOKENS), rows))})
    centre = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    own = {name: float(getattr(centre, name) * np.exp(sd * rng.standard_normal())) for name, sd in SCATTER.items()}
    scale = float(NOISE * np.exp(NOISE_SCATTER * rng.standard_normal()))
    return bs.simulate(centre.replace(**own), design, sigma=scale, nu=NU, seed=int(rng.integers(2**31)))


def small_tables(count: int, batch: int = 0) -> list[bs.Runs]:
    """Tables of 30 to 100 rows; a table is the same in every count, and another in every batch."""
    return [_table(batch, i) for i in range(count)]


def _table(batch: int, number: int) -> bs.Runs:
    rng = np.random.default_rng([2, batch, number])
    return _read(frame(rng, int(rng.integers(ROWS[0], ROWS[1] + 1))))


def table_of(rows: int, seed: int) -> bs.Runs:
    """One table of so many rows."""
    return _read(frame(np.random.default_rng([3, rows, seed]), rows))


def families_of(rows: Iterable[int], seed: int) -> bs.Runs:
    """One table of families, each with so many rows and a law of its own."""
    rng = np.random.default_rng([4, seed])
    parts = [frame(rng, count).assign(family=f"family {i:02}") for i, count in enumerate(rows)]
    return _read(pd.concat(parts, ignore_index=True))


def _read(table: pd.DataFrame) -> bs.Runs:
    with warnings.catch_warnings():
        # One table in a thousand or so has a law and a design with losses that no language model has.
        warnings.simplefilter("ignore", bs.DataWarning)
        return bs.read_runs(table)
