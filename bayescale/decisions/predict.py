"""Predicted loss, or another response, of runs that were not trained."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from bayescale.costs import ComputeError, SixND
from bayescale.decisions.asked import Asked
from bayescale.decisions.beyond import LEARNT, find_discrepancy, shift_of, words_of
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import check_error, group_label, labelled, seed_of
from bayescale.decisions.extrapolation import largest_compute, sideways
from bayescale.decisions.inputs import DESIGN, compute_of, points_of
from bayescale.decisions.prediction import Prediction
from bayescale.decisions.stages import ChainPrediction, predict_stages
from bayescale.inference.evaluate import curve
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import TOKENS
from bayescale.laws import Law
from bayescale.models.discrepancy import Discrepancy

KINDS = ("run", "law")


@overload
def predict(
    fit: Fit | Law,
    *,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> Prediction: ...


@overload
def predict(
    fit: Chain,
    *,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> ChainPrediction: ...


def predict(
    fit: Fit | Law | Chain,
    *,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> Prediction | ChainPrediction:
    """Predict the law's response, mostly the loss at given sizes and tokens, from the whole posterior.

    Draws are paired: without ``group``, draw by draw the new family is the one that every other prediction and every
    plan of this fit (and seed) has; the runs of two predictions of one group have the same luck, point by point.

    Args:
        fit: a fit, or a law at parameter values, which gives a point answer and no ``kind="run"``; or a
            :func:`chain` of fits, which predicts all its stages.
        group: a family of the data; None is a family that is not in the data, drawn from the population, or the only
            one there is.
        kind: ``"run"`` for one new run (curve, run effect and noise), ``"law"`` for the curve alone.
        seed: of the random part; by default that of the fit, so that repeated calls agree.
        compute_error: where tokens are compute over 6 params, and compute what hardware did: how far 6ND is from that.
            Each draw then has tokens of its own. Only of a fit.
        discrepancy: what the law's own error beyond the largest compute of the data is like: ``"learnt"`` for the one
            that comes with the package (of laws of the loss), a :class:`bayescale.Discrepancy`, or None for none, which
            makes intervals there too narrow. It moves and widens curve and runs alike.
        inputs: the inputs of the law by canonical name, one number or a flat list each: ``params``, in parameters,
            counted as in the fit's table, ``tokens``, and whatever else it takes. ``params`` and ``tokens`` may be
            given to a law without them: the table then says how far beyond the data that is. A new run needs what the
            noise takes too, such as the ``items`` of a test.

    Returns:
        a :class:`Prediction`, its draws over chain, draw, point; intervals hold for runs like those of the table. For a
        chain a :class:`ChainPrediction`, which has one per stage.

    Raises:
        SettingsError: an unknown group or kind, no seed, no error of compute, or inputs that are not positive or do
            not match in length.

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> law = Chinchilla.published["hoffmann2022training"]
        >>> made = predict(law, params=[1e9, 70e9], tokens=[20e9, 1.4e12], kind="law")
        >>> made.table()["median"].round(3).tolist()
        [2.58, 1.937]
    """
    if kind not in KINDS:
        raise SettingsError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    if isinstance(fit, Chain):
        if compute_error is not None:
            raise SettingsError("compute_error is of one fit; predict its stage by itself, or leave it out.")
        return predict_stages(fit, group=group, kind=kind, seed=seed, discrepancy=discrepancy, inputs=inputs)
    check_error(compute_error, fit)
    law = fit if isinstance(fit, Law) else fit.law
    noise = None if isinstance(fit, Law) or kind == "law" else fit.model.noise
    quantities = {q.name: q for q in (*law.arguments.values(), *(noise.columns.values() if noise else ()))}
    points, cost = points_of(law.name, quantities, inputs), SixND()
    if compute_error is not None and TOKENS.name not in points:
        raise SettingsError(f"compute_error is of tokens found from compute, and no tokens are given to {law.name!r}.")
    compute = compute_of(points, cost)
    about: dict[str, Any] = {"kind": kind, "cost": cost.name}
    if isinstance(fit, Law):
        values, label, beyond = _of_law(fit, points, group, kind), fit.name, np.full(compute.size, np.nan)
        owner, attrs = None, {"group": label, **about}
    else:
        label, beyond, seed = group_label(fit, group), compute / largest_compute(fit, group, cost), seed_of(fit, seed)
        chosen = find_discrepancy(fit, discrepancy)
        shift = shift_of(fit, group, seed, beyond, chosen)
        asked = Asked(fit, points, group, seed, compute_error, shift)
        values = asked.runs() if kind == "run" else asked.curves()
        about["params_convention"] = fit.runs.params_convention
        about |= {} if compute_error is None else {"compute_error": f"sd {compute_error.relative_sd:g}"}
        words = words_of(chosen, shift, beyond)
        note, notes = sideways(fit, group, points, beyond)
        words["note"] = f"{words['note']} {note}".strip()
        words["notes"] = tuple(f"{ours} {theirs}".strip() for ours, theirs in zip(words["notes"], notes, strict=True))
        owner, attrs = fit, {"group": label, **about, **words}
    coords = {(quantities | DESIGN)[name]: value for name, value in points.items()}
    return Prediction(label, kind, labelled({law.response: values}, "point", coords, beyond, fit=owner, attrs=attrs))


def _of_law(law: Law, points: dict[str, np.ndarray], group: str | None, kind: str) -> np.ndarray:
    """The curve of a law at parameter values."""
    if group is not None:
        raise SettingsError("A law at parameter values has no families; leave the group out.")
    if kind != "law":
        raise SettingsError("A law at parameter values has no noise; ask for its curve with kind='law'.")
    with computing():
        return curve(law, points)
