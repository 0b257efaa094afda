"""The rest of a run that is in the data: what its last residual says of the next ones."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from bayescale.costs import SixND
from bayescale.data.checkpoints import place_of
from bayescale.decisions.beyond import words_of
from bayescale.decisions.draws import family_draws, labelled, law_of, seed_of
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import numbers_of, one_length
from bayescale.decisions.prediction import Prediction
from bayescale.decisions.run_rows import rows_of_run
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import PARAMS, QUANTITIES, TOKENS
from bayescale.models.chain import links
from bayescale.models.responses import responses


def continue_run(fit: Fit, run: str, *, group: str | None = None, seed: int | None = None, **inputs: Any) -> Prediction:
    """Predict further checkpoints of a run whose first ones are in the data.

    The next residual is near the last one and the correlation fades with distance, so that the answer begins where the
    run is and widens to that of :func:`bayescale.predict` for a new run. The points of one answer belong to one run.

    Args:
        fit: with ``residuals="ou"`` or ``"ar1"``; with the latter each point is the checkpoint after the one before.
        run: its name in the column ``run``.
        group: its family, where families share that name.
        seed: of the random part; by default that of the fit.
        inputs: the inputs of the law by canonical name, as for :func:`bayescale.predict`; those that all rows of the
            run agree in, such as ``params``, may be left out, and choose the run where sizes share its name. Tokens
            (or steps) lie beyond the run's last row.

    Returns:
        a :class:`Prediction` of kind ``"continuation"``, points in the order that they were given in.

    Raises:
        SettingsError: no such run or several, residuals that do not follow each other, or points that it has passed.
    """
    if not isinstance(fit, Fit) or fit.model.residuals is None or fit.model.effects is not None:
        raise SettingsError(
            "continue_run needs a fit with residuals='ou' or 'ar1' and without effects: there the last checkpoint says "
            "nothing more of the next one than the curve does. Fit it so, or use predict."
        )
    rows = rows_of_run(fit.runs, run, group, inputs.get("params"))
    last = rows[np.argmax(fit.runs.table[place_of(fit.runs)].to_numpy()[rows])]
    points = _points(fit, rows, last, inputs)
    name = str(fit.runs.table["family"].iloc[last]) if fit.runs.families else None
    with computing():
        draws = _draws(fit, name, last, points, seed_of(fit, seed), run)
    beyond = _compute(fit, points, last) / largest_compute(fit, name, SixND())
    label = f"{name} / {run}" if name else run
    about = {"group": label, "kind": "continuation", "cost": SixND().name}
    about |= {"params_convention": fit.runs.params_convention, **words_of(None, None, beyond)}
    coords = {quantity: points[quantity.name] for quantity in fit.law.arguments.values()}
    made = labelled({fit.law.response: draws}, "point", coords, beyond, fit=fit, attrs=about)
    return Prediction(label, "continuation", made)


def _points(fit: Fit, rows: np.ndarray, last: int, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """The inputs of every point, with what the run's rows agree in, and the place of each."""
    place, table = place_of(fit.runs), fit.runs.table
    if unknown := sorted(set(inputs) - {*fit.law.inputs(), place, PARAMS.name}):
        raise SettingsError(f"The law {fit.law.name!r} does not take the input {unknown[0]!r}.")
    given = {name: numbers_of(_quantity(fit, name), value) for name, value in inputs.items()}
    for name in (*fit.law.inputs(), place):
        if name not in given:
            values = table[name].to_numpy(float)[rows]
            if name == place or np.ptp(values) > 0:
                raise SettingsError(f"continue_run needs {name!r}, which differs between the rows of the run.")
            given[name] = values[:1]
    points = one_length(given)
    here, end = points[place], float(table[place].iloc[last])
    if not (here > end).all() or np.unique(here).size < here.size:
        raise SettingsError(
            f"Points of a continuation have {place} beyond the run's last row, {end:g}, each once; got {here.tolist()}."
        )
    return points


def _quantity(fit: Fit, name: str) -> Any:
    return {q.name: q for q in fit.law.arguments.values()}.get(name) or QUANTITIES[name]


def _draws(fit: Fit, family: str | None, last: int, points: dict[str, np.ndarray], seed: int, run: str) -> np.ndarray:
    """The response at every point of every draw, along one run per draw."""
    values, _ = family_draws(fit, family if len(fit.groups) > 1 else None, seed)
    values = {name: np.asarray(value) for name, value in values.items()}
    law, model, table = law_of(fit, values), fit.model, fit.runs.table
    assert model.residuals is not None
    noise = model.noise(**{p.name: values[p.name] for p in model.noise.parameters})
    along = model.residuals(**{p.name: values[p.name] for p in model.residuals.parameters})
    seen, place = responses(fit.law, fit.runs, model.noise), place_of(fit.runs)
    there = {name: table[name].to_numpy(float)[[last]] for name in fit.law.inputs()}
    sigma = np.asarray(getattr(noise, model.noise.scale))
    residual = (seen["log_loss"][last] - np.log(curve(law, there))[:, 0]) / np.hypot(
        sigma, seen["measurement_sd"][last]
    )
    with np.errstate(invalid="ignore"):  # a law that falls below zero there predicts nothing, NaN
        means = np.log(curve(law, {name: points[name] for name in fit.law.inputs()}))
    key, before = jax.random.key(seed_for(seed, f"continuation/{family}/{run}")), float(table[place].iloc[last])
    out = np.empty_like(means)
    for step, point in enumerate(np.argsort(points[place])):
        here = float(points[place][point])
        gap = np.log(here / before) if model.residuals.in_log_tokens else 1.0
        correlation, share = links(np.asarray(along(gap)), 1.0)
        new = np.asarray(noise(0.0, 0.0).sample(jax.random.fold_in(key, step)))
        residual = correlation * residual + share * new / sigma
        out[:, point], before = means[:, point] + sigma * residual, here
    return np.exp(out)


def _compute(fit: Fit, points: dict[str, np.ndarray], last: int) -> np.ndarray:
    """Training compute of every point, NaN where size or tokens are not known."""
    if TOKENS.name not in points or PARAMS.name not in fit.runs.table:
        return np.full(points[place_of(fit.runs)].size, np.nan)
    return SixND()(float(fit.runs.table[PARAMS.name].iloc[last]), points[TOKENS.name])
