"""CPU time of one value and gradient of the log likelihood of a large table: plain code, all rows, and nodes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.data.read import read_quietly
from bayescale.inference.compressed.compress import compress
from bayescale.inference.compressed.points import plausible_points
from bayescale.inference.likelihood import log_likelihood, prepare, sampled_arrays
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import AR1, OU, Normal, Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import Layout, design_anchors

REPEATS = 7
# Other models with all rows, of which no plain code is timed.
OTHERS = (("student-t, ar1", StudentT, AR1), ("normal, ou", Normal, OU), ("student-t", StudentT, None))


def main() -> None:
    """Print the measurements of the table of a file as JSON."""
    runs = read_quietly(sys.argv[1])
    anchors = design_anchors(Chinchilla, runs)
    layout = lay_out(Chinchilla, runs, None, anchors, Normal, AR1)
    sizes = {"n_families": len(layout.families)}
    model = build_model(Chinchilla, noise=Normal, pooling=Pooling("partial"), residuals=AR1, **sizes)
    with computing():
        before = time.process_time()
        found = compress(model, runs, layout)
        built = time.process_time() - before
        points = plausible_points(model, found.pilot)["values"]
        at = [{name: value[i] for name, value in points.items()} for i in range(len(points["rho"]))]
        told = {
            "plain": plain_likelihood(layout, anchors),
            "all rows": _of(model, sampled_arrays(layout)),
            "nodes": _of(model, found.arrays),
        }
        for name, noise, residuals in OTHERS:
            changed = replace(model, noise=noise, residuals=residuals)
            told[name] = _of(changed, sampled_arrays(lay_out(Chinchilla, runs, None, anchors, noise, residuals)))
            at = [{"nu": np.float64(5.0), "tau": np.float64(0.1), **one} for one in at]
        results = measured(told, at)
    facts = {"rows": len(runs), "curves": found.curves, "nodes": found.nodes, "bound": found.bound, "built": built}
    print(json.dumps({**facts, "results": results}))


def _of(model: Any, arrays: dict[str, Any]) -> Callable[[Any], Any]:
    """Value and gradient of the package's likelihood, with what does not depend on parameters taken out before."""
    rows = jax.jit(lambda data: prepare(model, data))(jax.device_put(arrays))
    compiled = jax.jit(jax.value_and_grad(lambda values, rows: log_likelihood(model, values, None, rows)))
    return lambda values: compiled(values, rows)


def plain_likelihood(layout: Layout, anchors: dict[str, float]) -> Callable[[Any], Any]:
    """What one writes first: parameters gathered for every row, powers of sizes and tokens, one row after the other."""
    a, at = layout.arrays, np.lexsort(layout.position[::-1])
    rows = tuple(one[at] for one in layout.position)
    family = jnp.asarray(a["family"][rows[0]])
    size, tokens, y = (jnp.asarray(x[rows]) for x in (a["inputs"]["N"], a["inputs"]["D"], a["log_loss"]))
    linked = jnp.asarray(a["linked"][rows])

    @jax.jit
    @jax.value_and_grad
    def value(p: Any, family: Any, size: Any, tokens: Any, y: Any, linked: Any) -> Any:
        own = {name: p[name][family] for name in ("E", "A", "B", "alpha", "beta", "sigma")}
        from_size = own["A"] * anchors["N0"] ** own["alpha"] / size ** own["alpha"]
        from_data = own["B"] * anchors["D0"] ** own["beta"] / tokens ** own["beta"]
        residual = y - jnp.log(own["E"] + from_size + from_data)
        before = jnp.concatenate([residual[:1], residual[:-1]])
        scale = own["sigma"] * jnp.sqrt(1.0 - linked * p["rho"] ** 2)
        new = (residual - linked * p["rho"] * before) / scale
        return (-0.5 * new * new - jnp.log(scale) - 0.5 * jnp.log(2.0 * jnp.pi)).sum()

    return lambda p: value(p, family, size, tokens, y, linked)


def measured(told: dict[str, Callable[[Any], Any]], at: list[Any]) -> dict[str, Any]:
    """Values at some points, the median, least and largest CPU milliseconds of a call, and the ratio to the first.

    All are called in turns, and the ratio is the median of those of one turn: others that use the machine at the same
    time slow all of them.
    """
    values = {name: [float(call(one)[0]) for one in at] for name, call in told.items()}
    inner = {name: max(3, int(0.1 / max(_seconds(call, at[0]), 1e-6))) for name, call in told.items()}
    taken: dict[str, list[float]] = {name: [] for name in told}
    for _ in range(REPEATS):
        for name, call in told.items():
            # Once beforehand: threads of the one before still spin, and its rows are in the caches.
            jax.block_until_ready(call(at[0]))
            taken[name].append(1e3 * _seconds(call, at[0], inner[name]))
    first = taken[next(iter(told))]
    return {
        name: {
            "values": values[name],
            "ms": median(each),
            "least": min(each),
            "most": max(each),
            "times": median([a / b for a, b in zip(first, each, strict=True)]),
        }
        for name, each in taken.items()
    }


def _seconds(call: Callable[[Any], Any], point: Any, inner: int = 1) -> float:
    """CPU seconds of a call."""
    before = time.process_time()
    for _ in range(inner):
        jax.block_until_ready(call(point))
    return (time.process_time() - before) / inner


if __name__ == "__main__":
    main()
