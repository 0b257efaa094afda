"""The arrays of a compressed layout: the nodes of one curve in each block, with its forms and the pilot they give."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from bayescale.inference.compressed.correlation import first_length, row_to_row
from bayescale.inference.compressed.effects import TURNS, missed_levels, without
from bayescale.inference.compressed.forms import best_values, build_forms
from bayescale.inference.compressed.lengths import Panels, cover_lengths
from bayescale.inference.compressed.nodes import node_rows
from bayescale.inference.compressed.ordered import Ordered
from bayescale.inference.compressed.panels import weights_at
from bayescale.inference.compressed.pilot import fit_curves
from bayescale.inference.formula import fixed_parts
from bayescale.inference.pilot import Correlation, KnownPilot, Pilot, fit_pilot
from bayescale.inference.precision import RUN_SELDOM
from bayescale.models import Model
from bayescale.models.layout import Layout, padded_count
from bayescale.models.residuals import OU


def node_layout(model: Model, ordered: Ordered, layout: Layout, count: int) -> tuple[dict[str, Any], KnownPilot]:
    """The nodes of every curve as a block of rows, with their ``forms`` and ``fixed``; and the pilot that they give.

    Args:
        model: the model.
        ordered: rows along curves.
        layout: the arrays of all rows.
        count: nodes per curve at most.
    """
    nodes = [node_rows(ordered.place[a:b], count) for a, b in zip(ordered.begin[:-1], ordered.begin[1:], strict=True)]
    response = layout.arrays["log_loss"][layout.position][ordered.order]
    values = best_values(ordered, nodes, response)
    width, padded = max(one.size for one in nodes), padded_count(ordered.curves)
    arrays = _node_arrays(ordered, layout, nodes, values, (padded, width))
    common = _has_common_law(model)
    start = fit_pilot(model, arrays, common=common)
    apart = start
    for _ in range(TURNS if model.effects is not None else 0):
        apart = fit_pilot(
            model,
            without(arrays, missed_levels(model, arrays, apart)),
            common=common,
            start=np.median(apart.value, axis=0),
        )
    build = partial(build_forms, model, ordered, nodes, values, response, width=width, padded=padded)
    length: dict[str, Correlation] = {}
    if model.residuals is OU:
        first = first_length(model, arrays, ordered, nodes, response, apart)
        arrays["forms"], length["tau"] = cover_lengths(
            Panels(model, arrays, build, apart, first, common=common), ordered
        )
    else:
        arrays["forms"] = build(0.0)

    def correlation_of(arrays: Mapping[str, Any], pilot: Pilot) -> tuple[dict[str, Correlation], np.ndarray]:
        if length:
            return length, weights_at(arrays["forms"], length["tau"].value)
        return row_to_row(model, arrays, pilot)

    shifts = within = None
    if model.effects is not None:
        within = apart
        for _ in range(TURNS):
            shifts = missed_levels(model, arrays, within)
            moved = without(arrays, shifts)
            correlation, weight = correlation_of(moved, within)
            within = fit_curves(model, moved, weight, within, common=common)
    else:
        correlation, weight = correlation_of(arrays, start)
    pilot = fit_curves(model, arrays, weight, start, common=common)
    arrays["fixed"] = _fixed(model, arrays)
    return arrays, KnownPilot(pilot, correlation, within, shifts)


def _has_common_law(model: Model) -> bool:
    """Whether all families share the law's parameters, as the pilot of the sampler's map takes it."""
    return model.n_families > 1 and all(model.kind(p) == "complete" for p in model.law.parameters)


def _fixed(model: Model, arrays: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """The fixed part of the law's formula, over curve x node; over curve x 1 where all curves have one number each."""
    parts = jax.jit(partial(fixed_parts, model.law), compiler_options=RUN_SELDOM)(arrays["inputs"], arrays["anchors"])
    return tuple(np.asarray(one[:, :1] if bool((one == one[:, :1]).all()) else one) for one in parts)


def _node_arrays(
    ordered: Ordered, layout: Layout, nodes: list[np.ndarray], values: list[np.ndarray], shape: tuple[int, int]
) -> dict[str, Any]:
    sizes = np.array([one.size for one in nodes])
    at = np.repeat(np.arange(sizes.size), sizes), np.concatenate([np.arange(size) for size in sizes])
    rows = ordered.order[np.concatenate(nodes) + np.repeat(ordered.begin[:-1], sizes)]
    places = tuple(one[rows] for one in layout.position)

    def spread(found: np.ndarray) -> np.ndarray:
        out = np.full(shape, found[0])
        out[at] = found
        # Padding repeats the first node of its curve, so that it stays within the curve's range.
        out[: sizes.size] = np.where(np.arange(shape[1]) < sizes[:, None], out[: sizes.size], out[: sizes.size, :1])
        return out

    mask = np.zeros(shape, bool)
    mask[at] = True
    return {
        "inputs": {name: spread(value[places]) for name, value in layout.arrays["inputs"].items()},
        "log_loss": spread(np.concatenate(values)),
        "measurement_sd": np.zeros((1, 1)),
        "mask": mask,
        "level": spread(layout.arrays["level"][places]),
        "family": np.pad(ordered.family, (0, shape[0] - ordered.curves), mode="edge"),
        "level_family": layout.arrays["level_family"],
        "anchors": layout.arrays["anchors"],
    }
