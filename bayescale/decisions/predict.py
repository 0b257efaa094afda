"""Predicted loss of runs that were not trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import ComputeError, SixND
from bayescale.decisions.draws import check_error, family_draws, group_label, labelled, law_of, seed_of, with_error
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.evaluate import by_points, curve, new_runs, response
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import LOSS, PARAMS, TOKENS
from bayescale.laws import Law

KINDS = ("run", "law")


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Draws of predicted loss.

    Args:
        group: the family (also where the data have only one), ``"(new family)"``, ``"(all)"`` for a fit without
            families, or the name of a law for a law instance.
        kind: ``"law"`` for the law's curve, ``"run"`` for a new run, which scatters around it.
        draws: ``loss`` in nats/token over chain, draw, point, with the inputs (params, tokens, ...) and extrapolation
            over point; each with ``long_name`` and ``units``. Attributes: group, kind, cost (of extrapolation), and
            params_convention, the way in which the fit's table counts parameters and this prediction must.
    """

    group: str
    kind: str
    draws: xr.Dataset

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per point.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns group, params, tokens, kind, unit (of the loss), prob, median, lower, upper, extrapolation: the
            point's compute (6ND) over the largest compute in the data; above 1 the interval is known to be too narrow.

        Raises:
            SettingsError: no such probability.
        """
        median, lower, upper = interval(self.draws["loss"], check_prob(prob), axis=(0, 1))
        columns = {name: self.draws[name].to_numpy() for name in ("params", "tokens")}
        return pd.DataFrame(
            {
                "group": self.group,
                **columns,
                "kind": self.kind,
                "unit": self.draws["loss"].attrs["units"],
                "prob": float(prob),
                "median": median,
                "lower": lower,
                "upper": upper,
                "extrapolation": self.draws["extrapolation"].to_numpy(),
            }
        )

    def __repr__(self) -> str:
        return f"Prediction of loss, {self.kind}, {self.group}\n{self.table().to_string(index=False)}"


def predict(
    fit: Fit | Law,
    *,
    params: Any,
    tokens: Any,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    **inputs: Any,
) -> Prediction:
    """Predict the loss at given sizes and tokens from the whole posterior.

    Draws are paired: without ``group``, draw by draw the new family is the one that every other prediction and every
    plan of this fit (and seed) has; the runs of two predictions of one group have the same luck, point by point.

    Args:
        fit: a fit, or a law at parameter values, which gives a point answer and no ``kind="run"``.
        params: model size or sizes, in parameters, positive; counted as in the fit's table.
        tokens: training tokens, positive; one number or as many as sizes.
        group: a family of the data; None is a family that is not in the data, drawn from the population, or the only
            one there is.
        kind: ``"run"`` for one new run (curve, run effect and noise), ``"law"`` for the curve alone.
        seed: of the random part; by default that of the fit, so that repeated calls agree.
        compute_error: where tokens are compute over 6 params, and compute what hardware did: how far 6ND is from that.
            Each draw then has tokens of its own. Only of a fit.
        inputs: further inputs of the law by canonical name.

    Returns:
        a :class:`Prediction`, its draws over chain, draw, point; intervals hold for runs like those of the table, at
        compute like theirs.

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
    check_error(compute_error, fit)
    law = fit if isinstance(fit, Law) else fit.law
    points, cost = _points(law, {PARAMS.name: params, TOKENS.name: tokens, **inputs}), SixND()
    compute = cost(points[PARAMS.name], points[TOKENS.name])
    about = {"kind": kind, "cost": cost.name}
    if isinstance(fit, Law):
        loss, label, beyond = _of_law(fit, points, group, kind), fit.name, np.full(compute.size, np.nan)
    else:
        loss = _of_fit(fit, points, group, kind, seed_of(fit, seed), compute_error)
        label = group_label(fit, group)
        beyond = compute / largest_compute(fit, group, cost)
        about["params_convention"] = fit.runs.params_convention
        about |= {} if compute_error is None else {"compute_error": f"sd {compute_error.relative_sd:g}"}
    quantities = {q.name: q for q in (PARAMS, TOKENS, *law.arguments.values())}
    coords = {quantities[name]: value for name, value in points.items()}
    owner, attrs = None if isinstance(fit, Law) else fit, {"group": label, **about}
    return Prediction(label, kind, labelled({LOSS: loss}, "point", coords, beyond, fit=owner, attrs=attrs))


def _of_law(law: Law, points: dict[str, np.ndarray], group: str | None, kind: str) -> np.ndarray:
    """The curve of a law at parameter values."""
    if group is not None:
        raise SettingsError("A law at parameter values has no families; leave the group out.")
    if kind != "law":
        raise SettingsError("A law at parameter values has no noise; ask for its curve with kind='law'.")
    with computing():
        return curve(law, points)


def _of_fit(
    fit: Fit, points: dict[str, np.ndarray], group: str | None, kind: str, seed: int, error: ComputeError | None
) -> np.ndarray:
    """Curves or new runs of all draws, draw x point."""
    with computing():
        values, effect_sd = family_draws(fit, group, seed)
        law = law_of(fit, values)
        points = points | {TOKENS.name: with_error(error, points[TOKENS.name], effect_sd.size, seed)}
        if kind == "law":
            return curve(law, points)
        key = jax.random.key(seed_for(seed, f"new runs/{group}"))
        keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))

        def runs(part: dict[str, np.ndarray]) -> Any:
            own = {name: part[name] for name in points}
            return new_runs(fit.model, response(law, own), values, effect_sd, keys(key, part["point"]))

        return by_points(runs, points | {"point": np.arange(points[PARAMS.name].size)})


def _points(law: type[Law] | Law, given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Check the inputs and bring them to one length."""
    needed = set(law.inputs()) | {"params", "tokens"}
    for name in sorted(needed ^ set(given)):
        state = "needs" if name in needed else "does not take"
        raise SettingsError(
            f"The law {law.name!r} {state} the input {name!r}; its inputs: {', '.join(sorted(needed))}."
        )
    arrays = {name: positive_numbers(name, value, "one number or a flat list") for name, value in given.items()}
    sizes = {array.size for array in arrays.values()} - {1}
    if len(sizes) > 1:
        lengths = ", ".join(f"{name} {array.size}" for name, array in arrays.items())
        raise SettingsError(f"The inputs must have one length, or be single numbers; got {lengths}.")
    length = max(sizes, default=1)
    return {name: np.broadcast_to(array, (length,)).copy() for name, array in arrays.items()}
