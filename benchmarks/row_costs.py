"""What reading and compressing a large table costs in a process of its own: ``python row_costs.py TABLE.parquet``."""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import jax
from memory import peak

from bayescale.data.read import read_quietly
from bayescale.inference.compressed.compress import compress
from bayescale.inference.compressed.points import plausible_points
from bayescale.inference.likelihood import log_likelihood, prepare
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import AR1, Normal, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors

GRADIENTS = 20


def main() -> None:
    """Print the measurements of a table as JSON."""
    warnings.simplefilter("ignore")
    start, began = peak(), time.process_time()
    runs = read_quietly(sys.argv[1])
    read, begun = time.process_time() - began, time.process_time()
    layout = lay_out(Chinchilla, runs, None, design_anchors(Chinchilla, runs), Normal, AR1)
    sizes = {"n_families": len(layout.families)}
    model = build_model(Chinchilla, noise=Normal, pooling=Pooling("partial"), residuals=AR1, **sizes)
    with computing():
        found = compress(model, runs, layout)
        made = time.process_time() - begun
        gradient = seconds_of_a_gradient(model, found)
    costs = {"read": read, "compress": made, "gradient": 1e3 * gradient, "memory": peak() - start}
    print(json.dumps({"rows": len(runs), "curves": found.curves, "nodes": found.nodes, **costs}))


def seconds_of_a_gradient(model: Any, found: Any) -> float:
    """CPU seconds of one value and gradient of the compressed log likelihood."""
    rows = jax.jit(lambda data: prepare(model, data))(found.arrays)
    call = jax.jit(jax.value_and_grad(lambda values, rows: log_likelihood(model, values, None, rows)))
    at = {name: value[0] for name, value in plausible_points(model, found.pilot)["values"].items()}
    jax.block_until_ready(call(at, rows))
    before = time.process_time()
    for _ in range(GRADIENTS):
        jax.block_until_ready(call(at, rows))
    return (time.process_time() - before) / GRADIENTS


if __name__ == "__main__":
    main()
