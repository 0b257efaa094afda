"""The arrays of a compressed layout: the nodes of one curve in each block, with its forms and the pilot they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayescale.inference.compressed.density import precision_weights
from bayescale.inference.compressed.forms import Forms, best_values, build_forms
from bayescale.inference.compressed.nodes import interpolation, node_rows
from bayescale.inference.compressed.ordered import CannotCompress, Ordered
from bayescale.inference.compressed.pilot import fit_curves, most_likely_correlation
from bayescale.inference.curves import curves_of
from bayescale.inference.pilot import KnownPilot, Pilot, fit_pilot
from bayescale.models import Model
from bayescale.models.layout import Layout, padded_count
from bayescale.models.residuals import AR1, OU

# Curves whose residuals tell where log tau is.
SAMPLED_CURVES = 200
# The law and the effects take turns so often.
ROUNDS = 4


def node_layout(model: Model, ordered: Ordered, layout: Layout, count: int) -> tuple[dict[str, Any], KnownPilot]:
    """The nodes of every curve as a block of rows, with their ``forms``; and the pilot that they give.

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
    for _ in range(ROUNDS if model.effects is not None else 0):
        apart = fit_pilot(
            model, _without(arrays, _shifts(model, arrays, apart)), common=common, start=np.median(apart.value, axis=0)
        )
    shape = {"width": width, "padded": padded}
    center = _correlation_length(model, arrays, ordered, nodes, response, apart)
    arrays["forms"] = build_forms(model, ordered, nodes, values, response, **shape, center=center)
    shifts = within = None
    if model.effects is not None:
        within = apart
        for _ in range(ROUNDS):
            shifts = _shifts(model, arrays, within)
            moved = _without(arrays, shifts)
            correlation, weight = _correlation(model, moved, within)
            within = fit_curves(model, moved, weight, within, common=common)
    else:
        correlation, weight = _correlation(model, arrays, start)
    pilot = fit_curves(model, arrays, weight, start, common=common)
    return arrays, KnownPilot(pilot, correlation, within, shifts)


def _shifts(model: Model, arrays: Mapping[str, Any], pilot: Pilot) -> np.ndarray:
    """What the law misses of every level of the effects on average."""
    mean, _ = curves_of(model, arrays)(pilot.value)
    missed, counted = np.zeros(model.n_levels), np.zeros(model.n_levels)
    np.add.at(missed, arrays["level"], np.where(arrays["mask"], arrays["log_loss"] - mean, 0.0))
    np.add.at(counted, arrays["level"], arrays["mask"])
    return missed / np.maximum(counted, 1.0)


def _without(arrays: Mapping[str, Any], shifts: np.ndarray) -> dict[str, Any]:
    """The arrays without effects. Forms stay as they are: nodes and rows of a curve move by one number."""
    return {**arrays, "log_loss": arrays["log_loss"] - shifts[arrays["level"]]}


def _has_common_law(model: Model) -> bool:
    """Whether all families share the law's parameters, as the pilot of the sampler's map takes it."""
    return model.n_families > 1 and all(model.kind(p) == "complete" for p in model.law.parameters)


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


def _correlation_length(
    model: Model,
    arrays: Mapping[str, Any],
    ordered: Ordered,
    nodes: list[np.ndarray],
    response: np.ndarray,
    pilot: Pilot,
) -> float:
    """Log tau that some curves' residuals around the pilot's law make most likely; 0 for other residuals."""
    if model.residuals is not OU:
        return 0.0
    mean, _ = curves_of(model, arrays)(pilot.value)
    residuals, places, levels = [], [], []
    for i in np.unique(np.linspace(0, ordered.curves - 1, SAMPLED_CURVES).astype(int)):
        place = ordered.place[ordered.begin[i] : ordered.begin[i + 1]]
        chosen, y = nodes[i], response[ordered.begin[i] : ordered.begin[i + 1]]
        one = y - interpolation(place, place[chosen]) @ mean[i, : chosen.size]
        if place.size > 1:
            residuals.append(one / np.sqrt((one * one).mean()) if model.effects is None else one)
            places.append(place)
            levels.append(int(arrays["level"][i, 0]))
    if not places:
        raise CannotCompress("no run has two checkpoints, so that nothing tells how residuals follow each other")
    gaps = np.log(np.concatenate([np.diff(place) for place in places]))
    lowest, highest = float(gaps.min()) - 1.0, np.log(max(np.ptp(place) for place in places)) + 2.0
    # Effects have levels of their own to every one of theirs, which would look like a correlation without end.
    return most_likely_correlation(residuals, places, lowest, highest, levels if model.effects is not None else None)


def _correlation(model: Model, arrays: Mapping[str, Any], pilot: Pilot) -> tuple[dict[str, float], np.ndarray]:
    """Unconstrained values of the residuals' parameters, as far as they are known, and the weights of forms there."""
    forms: Forms = arrays["forms"]
    if model.residuals is None:
        return {}, np.ones(1)
    if model.residuals is OU:
        return {"tau": forms.center}, np.asarray(precision_weights(model, {"tau": np.exp(forms.center)}, forms)[0])
    mean, _ = curves_of(model, arrays)(pilot.value)
    away = np.where(arrays["mask"], mean - arrays["log_loss"], 0.0)
    half = np.einsum("aklc,cl->akc", forms.square, away)
    costs = forms.constant + np.einsum("akc,ck->ac", half - 2.0 * forms.linear, away)
    total, beside, inside = (costs / pilot.scale[arrays["family"]] ** 2).sum(axis=1)
    found = float(np.clip(beside / (0.5 * (total + inside)), 0.001, 0.999))
    known = {"rho": float(np.log(found / (1.0 - found)))} if model.residuals is AR1 else {}
    return known, np.array([1.0, -2.0 * found, found**2]) / (1.0 - found**2)
