"""What ``accelerator.py`` measures: limits of a device, and batches, chains and rows on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from clock import cpu_seconds
from small_tables import families_of, small_tables

import bayescale as bs
from bayescale.inference.coordinates import Coordinates, guide_and_gradient
from bayescale.inference.devices import find_places
from bayescale.inference.geometry import find_geometry
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.many.density import Density
from bayescale.inference.many.proposal import QUICK, draw_t, evaluate, match, matching_points
from bayescale.inference.many.rows import Bucket, stack
from bayescale.inference.many.side_by_side import on_places, tables_of_a_call
from bayescale.inference.precision import computing
from bayescale.inference.preparation import prepare_fit
from bayescale.inference.spread import everywhere, spread_rows
from bayescale.laws import find_law
from bayescale.models import Pooling, StudentT, build_model
from bayescale.models.layout import design_anchors

# Draws of each table's chains: four of 1,000 and their start.
DRAWS = 4200


class Cost(NamedTuple):
    """Seconds of a piece of work, the least of some repeats, and what came out.

    Args:
        wall: of the clock.
        cpu: of all processors.
        made: the result, to be compared.
    """

    wall: float
    cpu: float
    made: Any


class Limits(NamedTuple):
    """What a device does at most, by kernels of its own: bytes per second of a copy, FLOP per second of a product."""

    bandwidth: float
    flop: float


def measured(work: Callable[[], Any], repeats: int) -> Cost:
    """Do it once to compile, then so often."""
    made = jax.block_until_ready(work())
    costs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), cpu_seconds()
        made = jax.block_until_ready(work())
        costs.append((time.perf_counter() - wall, cpu_seconds() - cpu))
    return Cost(min(wall for wall, _ in costs), min(cpu for _, cpu in costs), made)


def limits(device: jax.Device, precision: str, *, megabytes: int, size: int, repeats: int) -> Limits:
    """Measure a copy of so many megabytes, and a product of two square matrices of so many rows."""
    with computing(double=precision == "float64"):
        long = jax.device_put(jnp.ones(megabytes * 2**20 // np.dtype(precision).itemsize, precision), device)
        square = jax.device_put(jnp.ones((size, size), precision), device)
        copy, product = jax.jit(lambda values: values + 1), jax.jit(lambda values: values @ values)
        copied = measured(lambda: copy(long), repeats).wall
        multiplied = measured(lambda: product(square), repeats).wall
    return Limits(2 * long.nbytes / copied, 2 * size**3 / multiplied)


def batches(devices: int | str, precision: str, fits: int, repeats: int) -> tuple[Cost, float]:
    """The compiled part of so many fits: proposals, and densities of all draws; and its FLOP, at least.

    As many different tables as one call takes, over and over.
    """
    double, law = precision == "float64", find_law("chinchilla")
    places = find_places(devices, double=double)
    model = build_model(law, noise=StudentT, pooling=Pooling("complete"))
    size, count = len(model.parameters), min(fits, tables_of_a_call(places))
    count = max(count // len(places), 1) * len(places)
    tables = small_tables(count)
    rows = stack(law, tables, [design_anchors(law, one) for one in tables], Bucket.of(law, tables[0]).width)
    standard = np.empty((DRAWS, size))
    draw_t(np.random.default_rng(0), QUICK.degrees, standard)
    standard = np.broadcast_to(standard, (count, *standard.shape))

    def work() -> Any:
        for _ in range(-(-fits // count)):
            made = on_places(match, (model, QUICK), places, (rows,), matching_points(QUICK, size))
            found = on_places(evaluate, (model,), places, (rows, made.center, made.factor, standard))
        return made.center, made.factor, found[1]

    with computing(double=double):
        cost = measured(work, repeats)
        flop = flop_of_a_row(model, rows)
    return cost, fits * flop * float(np.mean(rows.count)) * (DRAWS + sum(QUICK.rounds))


def flop_of_a_row(model: Any, rows: Any) -> float:
    """FLOP of the log density of one run at one draw, by the compiler's count; a logarithm counts as one."""
    one = jax.tree.map(lambda values: jnp.asarray(values[0]), rows)
    short = one._replace(
        inputs={name: values[:16] for name, values in one.inputs.items()},
        **{name: getattr(one, name)[:16] for name in ("log_loss", "mask")},
    )

    def density(position: Any) -> Any:
        law = Density(model, short)
        unconstrained, _ = law.unconstrained(position)
        return law._log_likelihood(unconstrained, *law._by_row)

    counted = jax.jit(density).lower(jnp.zeros((64, len(model.parameters)))).compile().cost_analysis()
    return (counted["flops"] + counted.get("transcendentals", 0.0)) / (16 * 64)


def chains(devices: int | str, method: str, count: int, *, warmup: int, draws: int, repeats: int) -> Cost:
    """A hierarchical fit of the embedded families by so many chains of NUTS; its draws have chains first."""
    runs = bs.datasets.load("pile-families")
    options = {"engine": "nuts", "chains": count, "chain_method": method, "warmup": warmup, "draws": draws}

    def work() -> Any:
        posterior = bs.fit("chinchilla", runs, devices=devices, seed=0, **options).data["posterior"]
        values = [one.to_numpy().reshape(count, draws, -1) for _, one in sorted(posterior.data_vars.items())]
        return np.concatenate(values, axis=-1)

    return measured(work, repeats)


def means_apart(some: np.ndarray, others: np.ndarray) -> float:
    """The largest difference of posterior means, in its standard errors, which come from the scatter among chains."""
    means = [draws.mean(axis=1) for draws in (some, others)]
    variance = sum(one.var(axis=0, ddof=1) / len(one) for one in means)
    moves = variance > 0
    return float((np.abs(means[0].mean(axis=0) - means[1].mean(axis=0))[moves] / np.sqrt(variance[moves])).max())


def gradients(devices: int | str, rows: int, repeats: int) -> tuple[Cost, int]:
    """Log density and gradient of a table of three families whose rows are shared, and the bytes of these rows."""
    runs = families_of([rows // 3] * 3, seed=0)
    places = find_places(devices, hosts=True)
    model, _, layout = prepare_fit(find_law("chinchilla"), runs, None, None, None, None, None, shares=2**20)
    coordinates = Coordinates(model)
    with computing():
        arrays = sampled_arrays(layout)
        data = spread_rows(arrays, places)
        where = everywhere(places)
        # The geometry of a part of the table, which all of them have in common.
        few = prepare_fit(find_law("chinchilla"), families_of([30] * 3, seed=0), None, None, None, None, None)[2]
        geometry = jax.device_put(find_geometry(coordinates, sampled_arrays(few)), where)
        position = 0.1 * np.random.default_rng(0).standard_normal(coordinates.size)
        cost = measured(lambda: guide_and_gradient(coordinates, geometry, data, position), repeats)
    read = (*data["inputs"].values(), data["log_loss"], data["mask"])
    return cost, sum(values.nbytes for values in read)
