"""Predicted loss of runs that were not trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr

from bayescale.decisions.draws import chain_draw, family_draws, group_label, largest_compute
from bayescale.decisions.inputs import positive_numbers
from bayescale.inference.evaluate import law_curve, noisy
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError

KINDS = ("run", "law")


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Draws of predicted loss.

    Args:
        group: the family, ``"(new family)"``, or ``"(all)"`` for a fit without families.
        kind: ``"law"`` for the law's curve, ``"run"`` for a new run, which scatters around it.
        draws: ``loss`` in nats/token over chain, draw, point, with coordinates params, tokens and extrapolation.
    """

    group: str
    kind: str
    draws: xr.Dataset

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per point.

        Args:
            prob: probability of the interval.

        Returns:
            columns group, params, tokens, kind, prob, median, lower, upper, extrapolation: the point's compute (6ND)
            over the largest compute in the data; above 1 the interval is known to be too narrow.
        """
        median, lower, upper = interval(self.draws["loss"], check_prob(prob), axis=(0, 1))
        columns = {name: self.draws[name].to_numpy() for name in ("params", "tokens")}
        return pd.DataFrame(
            {
                "group": self.group,
                **columns,
                "kind": self.kind,
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
    fit: Fit,
    *,
    params: Any,
    tokens: Any,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    **inputs: Any,
) -> Prediction:
    """Predict the loss at given sizes and tokens from the whole posterior.

    Args:
        fit: the fit.
        params: model size or sizes, in parameters.
        tokens: training tokens, one number or as many as sizes.
        group: a family of the data; None is a family that is not in the data, drawn from the population, or the only
            one there is.
        kind: ``"run"`` for one new run (curve, run effect and noise), ``"law"`` for the curve alone.
        seed: of the random part; by default derived from the fit's seed, so that repeated calls agree.
        inputs: further inputs of the law by canonical name.

    Returns:
        a :class:`Prediction`; intervals hold for runs like those of the table, at compute like theirs.

    Raises:
        SettingsError: an unknown group or kind, or inputs that are not positive or do not match in length.
    """
    if kind not in KINDS:
        raise SettingsError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    points = _points(fit, {"params": params, "tokens": tokens, **inputs})
    seed = seed_for(fit.seed if seed is None else seed, f"predict/{group}/{kind}")
    with computing():
        curve_key, run_key = jax.random.split(jax.random.key(seed))
        values, effect_sd = family_draws(fit, group, curve_key)
        arguments = {argument: points[quantity.name] for argument, quantity in fit.law.arguments.items()}
        own = {p.name: values[p.name] for p in fit.law.parameters}
        loss = law_curve(fit.law, own, dict(fit.anchors), arguments)
        if kind == "run":
            loss = noisy(fit.model, loss, values, effect_sd, run_key)
        loss = np.asarray(loss)
    beyond = 6.0 * points["params"] * points["tokens"] / largest_compute(fit, group)
    coords = {name: ("point", value) for name, value in points.items()} | {"extrapolation": ("point", beyond)}
    draws = chain_draw(fit, {"loss": loss}, "point", coords)
    return Prediction(group_label(fit, group), kind, draws)


def _points(fit: Fit, given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Check the inputs and bring them to one length."""
    needed = set(fit.law.inputs()) | {"params", "tokens"}
    for name in sorted(needed ^ set(given)):
        state = "needs" if name in needed else "does not take"
        raise SettingsError(
            f"The law {fit.law.name!r} {state} the input {name!r}; its inputs: {', '.join(sorted(needed))}."
        )
    arrays = {name: positive_numbers(name, value, "one number or a flat list") for name, value in given.items()}
    sizes = {array.size for array in arrays.values()} - {1}
    if len(sizes) > 1:
        lengths = ", ".join(f"{name} {array.size}" for name, array in arrays.items())
        raise SettingsError(f"The inputs must have one length, or be single numbers; got {lengths}.")
    length = max(sizes, default=1)
    return {name: np.broadcast_to(array, (length,)).copy() for name, array in arrays.items()}
