"""Predicted loss, or another response, of runs that were not trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import jax
import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import ComputeError, Cost, SixND
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import check_error, family_draws, group_label, labelled, law_of, seed_of, with_error
from bayescale.decisions.extrapolation import largest_compute
from bayescale.decisions.inputs import check_mixtures, numbers_of, one_length
from bayescale.inference.evaluate import by_points, curve, new_runs, response
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, PARAMS, TOKENS, Quantity
from bayescale.laws import Law

if TYPE_CHECKING:
    from bayescale.decisions.stages import ChainPrediction

KINDS = ("run", "law")
# What compute follows from.
DESIGN: dict[str, Quantity] = {q.name: q for q in (PARAMS, TOKENS)}


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Draws of the predicted loss, or of whatever the law's response is.

    Args:
        group: the family (also where the data have only one), ``"(new family)"``, ``"(all)"`` for a fit without
            families, or the name of a law for a law instance.
        kind: ``"law"`` for the law's curve, ``"run"`` for a new run, which scatters around it.
        draws: the response by its name, such as ``loss`` in nats/token, over chain, draw, point, with the inputs
            (params, tokens, ...) and extrapolation over point; each with ``long_name`` and ``units``. Attributes:
            group, kind, cost (of extrapolation), and params_convention, the way in which the fit's table counts
            parameters and this prediction must.
    """

    group: str
    kind: str
    draws: xr.Dataset

    @property
    def response(self) -> str:
        """The name of what is predicted, which is that of its column in tables of runs."""
        return str(next(iter(self.draws.data_vars)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(str(n) for n in self.draws.coords if n not in ("chain", "draw", "extrapolation"))

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per point.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns group, params, tokens (or what the law's inputs are), kind, unit (of the response), prob, median,
            lower, upper, extrapolation: the point's compute (6ND) over the largest compute in the data, missing where
            either is not known; above 1 the interval is known to be too narrow. Its ``attrs["response"]`` is the name
            of the response.

        Raises:
            SettingsError: no such probability.
        """
        draws = self.draws[self.response]
        median, lower, upper = interval(draws, check_prob(prob), axis=(0, 1))
        columns = {name: self.draws[name].to_numpy() for name in self.inputs}
        table = pd.DataFrame(
            {
                "group": self.group,
                **columns,
                "kind": self.kind,
                "unit": draws.attrs["units"],
                "prob": float(prob),
                "median": median,
                "lower": lower,
                "upper": upper,
                "extrapolation": self.draws["extrapolation"].to_numpy(),
            }
        )
        table.attrs["response"] = self.response
        return table

    def __repr__(self) -> str:
        return f"Prediction of {self.response}, {self.kind}, {self.group}\n{self.table().to_string(index=False)}"


@overload
def predict(
    fit: Fit | Law,
    *,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    compute_error: ComputeError | None = None,
    **inputs: Any,
) -> Prediction: ...


@overload
def predict(
    fit: Chain, *, group: str | None = None, kind: str = "run", seed: int | None = None, **inputs: Any
) -> ChainPrediction: ...


def predict(
    fit: Fit | Law | Chain,
    *,
    group: str | None = None,
    kind: str = "run",
    seed: int | None = None,
    compute_error: ComputeError | None = None,
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
        inputs: the inputs of the law by canonical name, one number or a flat list each: ``params``, in parameters,
            counted as in the fit's table, ``tokens``, and whatever else it takes. ``params`` and ``tokens`` may be
            given to a law without them: the table then says how far beyond the data that is. A new run needs what the
            noise takes too, such as the ``items`` of a test.

    Returns:
        a :class:`Prediction`, its draws over chain, draw, point; intervals hold for runs like those of the table, at
        compute like theirs. For a chain a :class:`ChainPrediction`, which has one per stage.

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
        from bayescale.decisions.stages import predict_stages  # here, since it predicts by what is below

        if compute_error is not None:
            raise SettingsError("compute_error is of one fit; predict its stage by itself, or leave it out.")
        return predict_stages(fit, group=group, kind=kind, seed=seed, inputs=inputs)
    check_error(compute_error, fit)
    law = fit if isinstance(fit, Law) else fit.law
    noise = None if isinstance(fit, Law) or kind == "law" else fit.model.noise
    quantities = {q.name: q for q in (*law.arguments.values(), *(noise.columns.values() if noise else ()))}
    points, cost = points_of(law.name, quantities, inputs), SixND()
    if compute_error is not None and TOKENS.name not in points:
        raise SettingsError(f"compute_error is of tokens found from compute, and no tokens are given to {law.name!r}.")
    compute = compute_of(points, cost)
    about = {"kind": kind, "cost": cost.name}
    if isinstance(fit, Law):
        values, label, beyond = _of_law(fit, points, group, kind), fit.name, np.full(compute.size, np.nan)
    else:
        values = draws_at(fit, points, group, kind, seed_of(fit, seed), compute_error)
        label, beyond = group_label(fit, group), compute / largest_compute(fit, group, cost)
        about["params_convention"] = fit.runs.params_convention
        about |= {} if compute_error is None else {"compute_error": f"sd {compute_error.relative_sd:g}"}
    coords = {(quantities | DESIGN)[name]: value for name, value in points.items()}
    owner, attrs = None if isinstance(fit, Law) else fit, {"group": label, **about}
    return Prediction(label, kind, labelled({law.response: values}, "point", coords, beyond, fit=owner, attrs=attrs))


def _of_law(law: Law, points: dict[str, np.ndarray], group: str | None, kind: str) -> np.ndarray:
    """The curve of a law at parameter values."""
    if group is not None:
        raise SettingsError("A law at parameter values has no families; leave the group out.")
    if kind != "law":
        raise SettingsError("A law at parameter values has no noise; ask for its curve with kind='law'.")
    with computing():
        return curve(law, points)


def draws_at(
    fit: Fit, points: dict[str, np.ndarray], group: str | None, kind: str, seed: int, error: ComputeError | None
) -> np.ndarray:
    """Curves or new runs of all draws, draw x point; points are over point, or over draw x point."""
    with computing():
        values, effect_sd = family_draws(fit, group, seed)
        law = law_of(fit, values)
        if error is not None:
            points = points | {TOKENS.name: with_error(error, points[TOKENS.name], effect_sd.size, seed)}
        if kind == "law":
            return curve(law, points)
        key = jax.random.key(seed_for(seed, f"new runs/{group}"))
        keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))

        def runs(part: dict[str, np.ndarray]) -> Any:
            own = {name: part[name] for name in fit.law.inputs()}
            columns = {argument: part[quantity.name] for argument, quantity in fit.model.noise.columns.items()}
            return new_runs(fit.model, response(law, own), values, effect_sd, keys(key, part["point"]), columns)

        return by_points(runs, points | {"point": np.arange(_length(points))})


def points_of(law: str, quantities: dict[str, Quantity], given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Check the inputs and bring them to one length; size and tokens may be given beside those that are needed."""
    needed = set(quantities)
    for name in sorted((needed ^ set(given)) - (set(given) & set(DESIGN))):
        state = "needs" if name in needed else "does not take"
        raise SettingsError(f"The law {law!r} {state} the input {name!r}; its inputs: {', '.join(sorted(needed))}.")
    every = quantities | DESIGN
    # Size and tokens first, then in the order of the law's arguments.
    order = [name for name in (*DESIGN, *quantities) if name in given]
    points = one_length({name: numbers_of(every[name], given[name]) for name in dict.fromkeys(order)})
    check_mixtures(points)
    return points


def compute_of(points: dict[str, np.ndarray], cost: Cost) -> np.ndarray:
    """Training compute of every point, NaN where the inputs do not say."""
    if set(DESIGN) <= set(points):
        return cost(points[PARAMS.name], points[TOKENS.name])
    return points[COMPUTE.name] if COMPUTE.name in points else np.full(_length(points), np.nan)


def _length(points: dict[str, np.ndarray]) -> int:
    return next(iter(points.values())).size
