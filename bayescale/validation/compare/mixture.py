"""Predictions of a mixture of laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayescale.decisions.extrapolation import notes_of_points
from bayescale.decisions.inputs import DESIGN
from bayescale.decisions.predict import predict
from bayescale.decisions.prediction import Prediction
from bayescale.inference.fit import Fit
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.compare.fitting import Tried
from bayescale.validation.compare.weights import mixture_places
from bayescale.validation.thinned import thinned

# Draws of the mixture, and of each part before as many are taken as its weight says.
DRAWS = 4000


def predict_mixture(
    parts: Sequence[Tried],
    weights: np.ndarray,
    family: str,
    *,
    kind: str,
    discrepancy: str | Discrepancy | None,
    seed: int,
    inputs: Mapping[str, Any],
) -> Prediction:
    """See :meth:`bayescale.Comparison.predict`."""
    taken = [_taken(tried.fits[family], kind) for tried in parts]
    if unknown := [name for name in inputs if not any(name in names for names in taken)]:
        every = ", ".join(dict.fromkeys(name for names in taken for name in names))
        raise SettingsError(f"No law of the comparison takes {unknown[0]!r}; they take {every}.")
    # What has no draw in the mixture needs no prediction.
    sizes = [_size(tried.fits[family]) for tried in parts]
    places = mixture_places(weights, sizes, DRAWS)
    asked = [i for i, rows in enumerate(places) if rows.size]
    made = [
        predict(
            thinned(parts[i].fits[family], DRAWS),
            group=parts[i].group(family),
            kind=kind,
            seed=seed,
            discrepancy=discrepancy,
            **{name: value for name, value in inputs.items() if name in taken[i]},
        )
        for i in asked
    ]
    draws = [
        one.draws[one.response].stack(flat=("chain", "draw")).transpose("flat", "point").to_numpy()[places[i]]
        for one, i in zip(made, asked, strict=True)
    ]
    return _joined(made, np.concatenate(draws), weights[asked])


def _joined(made: Sequence[Prediction], draws: np.ndarray, weights: np.ndarray) -> Prediction:
    """One prediction of the draws of several."""
    first, heaviest = made[0], made[int(np.argmax(weights))]
    response = first.draws[first.response]
    coords: dict[str, Any] = {"chain": [0], "draw": np.arange(len(draws))}
    for one in made:
        coords |= {name: one.draws[name] for name in one.inputs if name not in coords}
    # Choices that drop the largest runs are further from their data than others.
    beyond = np.stack([one.draws["extrapolation"].to_numpy() for one in made])
    known = np.isfinite(beyond).any(axis=0)
    furthest = np.where(known, np.where(np.isfinite(beyond), beyond, -np.inf).max(axis=0), np.nan)
    coords["extrapolation"] = ("point", furthest, first.draws["extrapolation"].attrs)
    names = sorted({str(one.draws.attrs["discrepancy"]) for one in made})
    of = "one law or choice" if len(made) == 1 else f"a mixture of {len(made)} laws and choices"
    mixed = f"Leave-future-out scores give all weight to {of}"
    note = f"{mixed}. {heaviest.note}" if heaviest.note else f"{mixed}."
    notes = tuple(f"{mixed}. {one}".strip() for one in notes_of_points(heaviest.draws))
    attrs = {**first.draws.attrs, "discrepancy": ", ".join(names), "note": note, "notes": notes}
    variables = {first.response: (("chain", "draw", "point"), draws[None], response.attrs)}
    return Prediction(first.group, first.kind, xr.Dataset(variables, coords, attrs))


def _taken(fit: Fit, kind: str) -> tuple[str, ...]:
    """The names of the inputs that a prediction takes."""
    noise = [quantity.name for quantity in fit.model.noise.columns.values()] if kind == "run" else []
    return tuple(dict.fromkeys((*fit.law.inputs(), *noise, *DESIGN)))


def _size(fit: Fit) -> int:
    """How many draws are left of a fit when it is thinned."""
    sizes = thinned(fit, DRAWS).unconstrained.sizes
    return int(sizes["chain"] * sizes["draw"])
