"""Fits come in as they are done, and go to their place in the arrays of the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayescale.inference.convergence import Convergence
from bayescale.inference.engine_checks import instant_checks, mode_checks, nuts_checks
from bayescale.inference.fit import Fit
from bayescale.inference.limits import OFF_LINE
from bayescale.inference.many.alone import Alone
from bayescale.inference.many.engine import Drawn
from bayescale.inference.many.result import ATTRIBUTES, Fits
from bayescale.inference.many.tables import Given
from bayescale.inference.separable import distance_from_line, inseparable
from bayescale.inference.settings import Settings
from bayescale.models import Model


class Collected:
    """What has come in so far.

    Args:
        model: of every fit.
        given: the tables, those without runs have failed already.
        settings: with the draws that are kept.
        seed: of the batch.
    """

    def __init__(self, model: Model, given: Sequence[Given], settings: Settings, seed: int):
        self.model, self.given, self.settings, self.seed = model, given, settings, seed
        shape = (len(given), settings.chains, settings.nuts_draws)
        self.unconstrained = np.full((len(given), len(model.parameters), *shape[1:]), np.nan)
        self.lp = np.full(shape, np.nan)
        self.accepted = np.zeros(shape, bool)
        self.measures = {name: np.full(len(given), np.nan) for name in ATTRIBUTES}
        self.status = np.array(["failed"] * len(given), dtype=object)
        self.engine = np.array([""] * len(given), dtype=object)
        self.reason = np.array([one.reason for one in given], dtype=object)
        self.alone: dict[int, Fit] = {}
        self.count = sum(one.runs is None for one in given)

    @property
    def note(self) -> str:
        """For the progress bar: fits that were made alone, and failures."""
        parts = {"alone": len(self.alone), "failed": int((self.reason != "").sum())}
        return ", ".join(f"{number} {what}" for what, number in parts.items() if number)

    def add(self, found: Drawn | Alone) -> None:
        """Take in some fits."""
        if isinstance(found, Alone):
            self._add_alone(found)
        else:
            self._add_drawn(found)

    def _add_drawn(self, drawn: Drawn) -> None:
        at, thin = drawn.position, drawn.lp.shape[-1] // self.settings.nuts_draws
        self.unconstrained[at] = drawn.unconstrained[..., thin - 1 :: thin]
        self.lp[at] = drawn.lp[:, :, thin - 1 :: thin]
        self.accepted[at] = drawn.accepted[:, :, thin - 1 :: thin]
        weights = {"pareto_k": drawn.pareto_k, "efficiency": drawn.efficiency}
        self._measure(at, drawn.convergence, **weights, divergences=0.0, steps=drawn.steps)
        good = drawn.good
        self.status[at] = np.where(good, "ok", "flagged")
        self.reason[at] = ["" if ok else drawn.lacks(i) for i, ok in enumerate(good)]
        self.engine[at] = "instant"
        self.count += len(at)

    def _add_alone(self, alone: Alone) -> None:
        at = alone.table.position
        self.count += 1
        if alone.fit is None or alone.convergence is None:
            self.reason[at] = alone.reason
            return
        fit, engine = alone.fit, alone.fit.record["engine"]
        thin = fit.settings.nuts_draws // self.settings.nuts_draws
        draws = [fit.unconstrained[p.name].to_numpy() for p in self.model.parameters]
        self.unconstrained[at] = np.stack(draws)[..., thin - 1 :: thin]
        lp, accepted = fit.sample_stats["lp"].to_numpy(), fit.sample_stats.get("accepted")
        self.lp[at] = lp[:, thin - 1 :: thin]
        # NUTS does not say so, but where it stays its log density does too.
        moved = np.diff(lp, axis=1, prepend=np.inf) != 0.0 if accepted is None else accepted.to_numpy()
        self.accepted[at] = moved[:, thin - 1 :: thin]
        diverging = fit.sample_stats.get("diverging")
        quality = {name: engine.get("quality", {}).get(name, np.nan) for name in ("pareto_k", "efficiency")}
        divergences = 0.0 if diverging is None else float(diverging.sum())
        steps = engine.get("quality", {}).get("steps", fit.settings.nuts_draws)
        self._measure(np.array([at]), alone.convergence, **quality, divergences=divergences, steps=steps)
        checks = nuts_checks(fit) if engine["name"] == "nuts" else instant_checks(fit)
        failed = [check for check in (*checks, *mode_checks(fit)) if check.status == "fail"]
        words = [f"{check.name} is {check.value:.3g}, limit {check.threshold:g}" for check in failed]
        self.reason[at] = "; ".join(filter(None, (*words, alone.convergence.lacks(0))))
        self.status[at] = "flagged" if self.reason[at] else "ok"
        self.engine[at] = engine["name"]
        self.alone[at] = fit

    def _measure(self, at: np.ndarray, convergence: Convergence, **measures: Any) -> None:
        for name, value in (convergence.worst()._asdict() | measures).items():
            self.measures[name][at] = value

    def _flag_inseparable(self) -> None:
        """Flag fits whose posterior may have a mode that no check of their chains can miss."""
        for at, one in enumerate(self.given):
            if one.runs is None or self.status[at] == "failed":
                continue
            distance = distance_from_line(self.model.law, one.runs)
            if distance < OFF_LINE:
                self.status[at] = "flagged"
                self.reason[at] = inseparable(self.model.law, distance)

    def result(self, *, seconds: float) -> Fits:
        """All fits, labelled."""
        self._flag_inseparable()
        dims = ("fit", "chain", "draw")
        coords = {
            "fit": [one.label for one in self.given],
            **{d: np.arange(n) for d, n in zip(dims[1:], self.lp.shape[1:], strict=True)},
        }
        names = [p.name for p in self.model.parameters]
        checks: dict[str, Any] = {name: ("fit", value, ATTRIBUTES[name]) for name, value in self.measures.items()}
        words = {"status": self.status, "engine": self.engine, "reason": self.reason}
        rows = [0 if one.runs is None else len(one.runs) for one in self.given]
        checks |= {name: ("fit", value.astype(str)) for name, value in words.items()} | {"rows": ("fit", rows)}
        return Fits(
            self.model,
            tuple(one.runs for one in self.given),
            self.settings,
            self.seed,
            xr.Dataset({n: (dims, self.unconstrained[:, j]) for j, n in enumerate(names)}, coords),
            xr.Dataset({"lp": (dims, self.lp), "accepted": (dims, self.accepted)}, coords),
            xr.Dataset(checks, {"fit": coords["fit"]}),
            self.alone,
            seconds,
        )
