"""Prints, as JSON, what one device and several make of the same tables.

A script, ``spread_over_devices.py COUNT FOLDER``, run in a process of its own with the processor made COUNT devices,
which XLA does only before it starts. Draws go to FOLDER, to be compared with those of another number.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd
from jax import Array

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference import nuts
from bayescale.inference.coordinates import Coordinates, guide_and_gradient
from bayescale.inference.devices import find_places
from bayescale.inference.geometry import find_geometry
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.many import side_by_side
from bayescale.inference.precision import computing
from bayescale.inference.preparation import prepare_fit
from bayescale.inference.spread import everywhere, spread_rows
from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import find_law
from bayescale.models import find_residuals

COUNT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
TRAVELS = r"(all-reduce|all-gather|all-to-all|reduce-scatter|collective-permute)(?:-start)?\("
SHORT: dict[str, Any] = {"engine": "nuts", "chains": 3, "warmup": 50, "draws": 50, "target_accept": 0.9}
SHORT |= {"max_tree_depth": 3, "progress": False}


class Power(bs.Law):
    """L = E (N/N0)^-alpha."""

    E: Array = parameter("loss", at="N0", prior=LogNormal(2.5, 0.5), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.1, 0.5))
    N0: float = anchor("N")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E * (N / self.N0) ** -self.alpha


def simulated(seed: int, rows: int, families: tuple[str, ...] = ()) -> pd.DataFrame:
    """Runs of a published law with 1 % of scatter, as checkpoints of runs with two budgets."""
    rng, table = np.random.default_rng(seed), []
    for k, family in enumerate(families or ("",)):
        params = np.exp(rng.uniform(np.log(5e7), np.log(8e9), rows))
        tokens = np.exp(rng.uniform(np.log(1e9), np.log(5e11), rows))
        loss = (1.8 + 0.1 * k + 480 * params**-0.348 + 2085 * tokens**-0.366) * np.exp(0.01 * rng.standard_t(5, rows))
        columns = {"params": params, "tokens": tokens, "loss": loss, "loss_se": 0.002 + 0.002 * rng.random(rows)}
        one = pd.DataFrame(columns | {"run": np.arange(rows) // 7, "budget": np.arange(rows) // 20})
        table.append(one.assign(family=family) if families else one)
    return pd.concat(table)


def likelihoods() -> dict[str, Any]:
    """Of models of every structure: how far value and gradient are from those of one device, and what travels."""
    kinds: dict[str, dict[str, Any]] = {
        "families": {"law": "chinchilla", "families": ("a", "b", "c")},
        "one family": {"families": ()},
        "effects": {"families": ("a", "b"), "effects": "budget"},
        "residuals": {"families": ("a", "b"), "residuals": "ou"},
        "no errors": {"families": ("a", "b"), "errors": False},
    }
    return {name: likelihood(**about) for name, about in kinds.items()}


def likelihood(
    families: tuple[str, ...],
    law: str | type[bs.Law] = Power,
    effects: str | None = None,
    residuals: str | None = None,
    errors: bool = True,
) -> dict[str, Any]:
    """Value and gradient at one position, on one device and spread by rows."""
    table = simulated(1, 150, families)
    runs = read_quietly(table if errors else table.drop(columns="loss_se"))
    declared = (None, None, effects, find_residuals(residuals), None)
    model, _, layout = prepare_fit(find_law(law), runs, *declared)
    coordinates, devices = Coordinates(model), find_places(COUNT)
    with computing():
        arrays = sampled_arrays(layout)
        geometry = find_geometry(coordinates, arrays)
        position = 0.5 * np.random.default_rng(0).standard_normal(coordinates.size)
        alone = guide_and_gradient(coordinates, geometry, arrays, position)
        rows, there = spread_rows(arrays, devices), jax.device_put(geometry, everywhere(devices))
        spread = guide_and_gradient(coordinates, there, rows, position)
        program = guide_and_gradient.lower(coordinates, there, rows, position).compile().as_text()
        # What a device that kept its sum to itself would have: the rows of the first one alone.
        first = jax.tree.map(lambda values: np.asarray(values.addressable_shards[0].data), rows)
        lone = guide_and_gradient(coordinates, geometry, first, position)[0]
    return {
        "rows": int(np.asarray(rows["mask"]).sum()),
        "value": float(alone[0]),
        "apart": abs(float(spread[0]) - float(alone[0])),
        "gradient": float(np.abs(alone[1]).max()),
        "gradient_apart": float(np.abs(np.asarray(spread[1]) - np.asarray(alone[1])).max()),
        "first_alone": abs(float(lone) - float(alone[0])),
        "everywhere_alike": bool(spread[0].sharding.is_fully_replicated and spread[1].sharding.is_fully_replicated),
        "shares": len({shard.index for shard in rows["log_loss"].addressable_shards}),
        "travels": dict(Counter(re.findall(TRAVELS, program))),
    }


def save(name: str, draws: Any) -> None:
    """Keep the draws of a fit or a batch."""
    np.savez(FOLDER / f"{name}-{COUNT}.npz", **{key: draws[key].to_numpy() for key in draws.data_vars})


@contextmanager
def devices_seen(owner: Any, name: str) -> Iterator[set[Any]]:
    """Yield a set that gets the devices of the arrays that a function makes."""
    seen, real = set[Any](), getattr(owner, name)
    setattr(owner, name, lambda *arguments: note(real(*arguments), seen))
    try:
        yield seen
    finally:
        setattr(owner, name, real)


def note(made: Any, seen: set[Any]) -> Any:
    """Note the devices of arrays, or of those that a function makes."""
    if callable(made):
        return lambda *arguments: note(made(*arguments), seen)
    for leaf in jax.tree.leaves(made):
        seen |= leaf.devices() if isinstance(leaf, jax.Array) else set()
    return made


def main() -> None:
    batch = [read_quietly(simulated(seed, 24 + 5 * seed).drop(columns="loss_se")) for seed in range(5)]
    few: dict[str, Any] = {"chains": 2, "draws": 100, "engine": "instant", "devices": COUNT, "progress": False}
    with devices_seen(side_by_side, "_shared") as of_batches:
        for precision in ("float64", "float32"):
            save(f"batch-{precision}", bs.fit_many("chinchilla", batch, precision=precision, **few).unconstrained)
    small = read_quietly(simulated(9, 40).drop(columns="loss_se"))
    places = {"batches": len(of_batches)}
    for name, options in {
        "chains": {},
        "vectorized": {"chain_method": "vectorized"},
        "rows": {"spread": "rows"},
    }.items():
        with devices_seen(nuts._Lane, "_begin") as of_chains:
            save(name, bs.fit(Power, small, **SHORT, **options, devices=COUNT).unconstrained)
        places[name] = len(of_chains)
    # On one device nothing is shared, and rows that four share are those that two would.
    print(
        json.dumps({"devices": len(jax.devices()), "places": places, "likelihoods": likelihoods() if COUNT > 2 else {}})
    )


if __name__ == "__main__":
    main()
