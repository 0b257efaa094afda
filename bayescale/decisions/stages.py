"""Predictions of a chain of fits: what one stage predicts, draw by draw, is what the next is asked about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import SixND
from bayescale.decisions.asked import Asked
from bayescale.decisions.beyond import find_discrepancy, shift_of, words_of
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import group_label, labelled, seed_of
from bayescale.decisions.extrapolation import largest_compute, noted, notes_of_points
from bayescale.decisions.inputs import DESIGN, compute_of, points_of
from bayescale.decisions.prediction import Prediction
from bayescale.decisions.run_rows import rows_of_group
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites, sites_dataset
from bayescale.inference.settings import seed_for
from bayescale.language.quantities import Quantity
from bayescale.models.discrepancy import Discrepancy


@dataclass(frozen=True, eq=False, repr=False)
class ChainPrediction:
    """What every stage of a chain predicts, with paired draws: a draw is one run, from its loss to its score.

    Args:
        laws: the names of the laws, by stage.
        stages: the predictions, by stage, all over the same chain, draw and point.
        outside: by stage and point, the share of draws in which what the stage before gave lies outside the range that
            this stage's table has; NaN for the first.
    """

    laws: tuple[str, ...]
    stages: tuple[Prediction, ...]
    outside: tuple[np.ndarray, ...]

    @property
    def last(self) -> Prediction:
        """The prediction of the last stage."""
        return self.stages[-1]

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """Median and equal-tailed interval per stage and point.

        Args:
            prob: probability of the interval, in (0, 1).

        Returns:
            columns stage (1, 2, ...), law, response, then those of :meth:`Prediction.table` and ``outside``;
            ``attrs["note"]`` is the note, ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability.
        """
        parts = []
        for number, (law, made, outside) in enumerate(zip(self.laws, self.stages, self.outside, strict=True), start=1):
            part = made.table(prob=prob)
            part = part.assign(outside=outside, note=_staged(number, part.attrs["notes"]))
            for place, (name, value) in enumerate((("stage", number), ("law", law), ("response", made.response))):
                part.insert(place, name, value)
            parts.append(part)
        for part in parts:
            part.attrs.clear()  # those of one stage
        return noted(pd.concat(parts, ignore_index=True), self.note)

    @property
    def note(self) -> str:
        """What there is to know of points beyond the data, stage by stage; empty where there are none."""
        return " ".join(f"Stage {i}: {made.note}" for i, made in enumerate(self.stages, start=1) if made.note)

    @property
    def notes(self) -> tuple[str, ...]:
        """The same of each point by itself."""
        stages = [_staged(i, notes_of_points(made.draws)) for i, made in enumerate(self.stages, start=1)]
        return tuple(" ".join(filter(None, notes)) for notes in zip(*stages, strict=True))

    def __repr__(self) -> str:
        return f"Prediction of {' then '.join(self.laws)}\n{self.table().to_string(index=False)}" + (
            f"\n{self.note}" if self.note else ""
        )


def _staged(number: int, notes: tuple[str, ...]) -> list[str]:
    """Notes with the stage that they are of."""
    return [f"Stage {number}: {note}" if note else "" for note in notes]


def predict_stages(
    chain: Chain,
    *,
    group: str | None,
    kind: str,
    seed: int | None,
    discrepancy: str | Discrepancy | None,
    inputs: dict[str, Any],
) -> ChainPrediction:
    """Predict every stage of a chain; see :func:`bayescale.predict` for the arguments."""
    first, quantities = chain.fits[0], _asked(chain, kind)
    points, seed = points_of(chain.name, quantities, inputs), seed_of(first, seed)
    coords = {(quantities | DESIGN)[name]: value for name, value in points.items()}
    compute = compute_of(points, SixND())
    made: list[Prediction] = []
    outside: list[np.ndarray] = []
    given: dict[str, np.ndarray] = {}
    for stage, fit in enumerate(paired(chain, seed)):
        own = own_group(chain, fit, group)
        label = group_label(fit, own)
        beyond, own_seed = compute / largest_compute(fit, own, SixND()), seed_of_stage(seed, stage)
        chosen = find_discrepancy(fit, discrepancy if stage == 0 else None)
        shift = shift_of(fit, own, own_seed, beyond, chosen)
        # A stage that is common to families has a run of each.
        asked = Asked(fit, points | given, own, own_seed, shift=shift, run=group)
        values = asked.runs() if kind == "run" else asked.curves()
        outside.append(share_outside(fit, own, given) if given else np.full(compute.size, np.nan))
        about: dict[str, Any] = {"group": label, "kind": kind, "cost": SixND().name}
        about |= words_of(chosen, shift, beyond)
        about["params_convention"] = first.runs.params_convention
        draws = labelled({fit.law.response: values}, "point", coords, beyond, fit=first, attrs=about)
        made.append(Prediction(about["group"], kind, draws))
        given = {chain.links[stage]: values} if stage < len(chain.links) else {}
    return ChainPrediction(tuple(fit.law.name for fit in chain.fits), tuple(made), tuple(outside))


def _asked(chain: Chain, kind: str) -> dict[str, Quantity]:
    """The inputs of all stages that no stage before them gives, and for new runs those of their noises."""
    asked: dict[str, Quantity] = {}
    for fit, link in zip(chain.fits, ("", *chain.links), strict=True):
        noise = fit.model.noise.columns.values() if kind == "run" else ()
        asked |= {q.name: q for q in (*fit.law.arguments.values(), *noise) if q.name != link}
    return asked


def own_group(chain: Chain, fit: Fit, group: str | None) -> str | None:
    """The group that a stage is asked about: one without families is common to all, if another has them."""
    return group if fit.groups or not any(one.groups for one in chain.fits) else None


def seed_of_stage(seed: int, stage: int) -> int:
    """A seed per stage, so that one's noise is not the other's; the first has the one that ``predict`` would use."""
    return seed if stage == 0 else seed_for(seed, f"stage {stage + 1}")


def paired(chain: Chain, seed: int) -> list[Fit]:
    """The fits with as many draws as the first, in the order in which they are paired.

    Fits of one seed have draws made of the same random numbers, and in the order in which they come these depend on
    each other. So the later stages' are shuffled; where they are fewer than the first's they are used again.
    """
    count = _count(chain.fits[0])
    found = [chain.fits[0]]
    for stage, fit in enumerate(chain.fits[1:], start=1):
        rng, own = np.random.default_rng(seed_for(seed, f"pairs of stage {stage + 1}")), _count(fit)
        index = np.concatenate([rng.permutation(own) for _ in range(-(-count // own))])[:count]
        sites = {name: value[index][None] for name, value in flat_sites(fit.unconstrained).items()}
        layout = fit.layout
        found.append(replace(fit, unconstrained=sites_dataset(fit.model, sites, layout.families, layout.levels)))
    return found


def _count(fit: Fit) -> int:
    return fit.unconstrained.sizes["chain"] * fit.unconstrained.sizes["draw"]


def share_outside(fit: Fit, group: str | None, given: dict[str, np.ndarray]) -> np.ndarray:
    """The share of draws whose given input lies outside the range of the group's rows, over points."""
    ((name, values),) = given.items()
    table = rows_of_group(fit.runs, group)
    return np.mean((values < table[name].min()) | (values > table[name].max()), axis=0)
