"""What a prediction is: draws of the response at points, and their table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from bayescale.decisions.extrapolation import added_to, note_of, noted, notes_of_points, with_note
from bayescale.inference.monte_carlo import monte_carlo_errors
from bayescale.inference.summary import check_prob, interval


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
            parameters and this prediction must; ``discrepancy``, the name of what was added beyond the data or
            ``"none"``, ``note``, how well intervals with it held, and ``notes``, the same of each point.
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

    @property
    def note(self) -> str:
        """What there is to know of points beyond the data, a sentence; empty where there are none."""
        return note_of(self.draws)

    def table(self, *, prob: float = 0.9, mcse: bool = False) -> pd.DataFrame:
        """Median and equal-tailed interval per point.

        Args:
            prob: probability of the interval, in (0, 1).
            mcse: add the Monte-Carlo standard errors median_mcse, lower_mcse and upper_mcse after upper.

        Returns:
            columns group, params, tokens (or what the law's inputs are), kind, unit (of the response), prob, median,
            lower, upper, extrapolation: the point's compute (6ND) over the largest compute in the data, missing where
            either is not known; discrepancy: what was added to the law beyond the data, ``"none"`` inside them and
            where there is none; with none, intervals beyond the data are too narrow. Its ``attrs["response"]`` is the
            name of the response, ``attrs["note"]`` the note, ``attrs["notes"]`` that of each row.

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
                **(monte_carlo_errors(draws, prob) if mcse else {}),
                "extrapolation": self.draws["extrapolation"].to_numpy(),
                "discrepancy": added_to(self.draws),
                "note": notes_of_points(self.draws),
            }
        )
        table.attrs["response"] = self.response
        return noted(table, self.note)

    def __repr__(self) -> str:
        head = f"Prediction of {self.response}, {self.kind}, {self.group}"
        return with_note(f"{head}\n{self.table().to_string(index=False)}", self.note)
