"""What says the best settings of a run: fits, laws at parameter values, and the laws of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.draws import EXTRAPOLATION, described, family_draws, group_label, law_of, seed_of
from bayescale.decisions.inputs import DESIGN, numbers_of, one_length
from bayescale.inference.fit import Fit
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import BATCH, COMPUTE, LEARNING_RATE
from bayescale.laws import CATALOGUE, Law
from bayescale.laws.bowl import SETTINGS, Bowl

RESPONSES = (LEARNING_RATE.name, BATCH.name)


@dataclass(frozen=True, eq=False)
class Source:
    """One law that says settings.

    Args:
        law: its class.
        kind: ``"posterior"``, ``"published KEY"``, ``"given values"`` or ``"given draws"``.
        label: what tables call the family.
        fit: the fit, or None.
        group: a family of the fit, or None.
        given: the law at parameter values, where there is no fit.
        seed: of a new family's draws.
    """

    law: type[Law]
    kind: str
    label: str
    fit: Fit | None = None
    group: str | None = None
    given: Law | None = None
    seed: int | None = None

    @property
    def has_bowl(self) -> bool:
        """Whether the law is one of the loss over both settings."""
        return issubclass(self.law, Bowl)

    @cached_property
    def draws(self) -> Any:
        """The law with parameters of shape draws x 1; made inside ``computing()``."""
        with computing():
            if self.fit is not None:
                return law_of(self.fit, family_draws(self.fit, self.group, seed_of(self.fit, self.seed))[0])
            return jax.tree.map(lambda leaf: np.reshape(np.asarray(leaf, float), (-1, 1)), self.given)


def sources_of(asked: Any, group: str | None, seed: int | None) -> list[Source]:
    """Return what says the settings; arguments as of :func:`bayescale.hyperparameters`.

    Raises:
        LawError: a law of something else, or a paper without laws of settings.
        SettingsError: nothing to ask, an unknown group, or a group of a law at parameter values.
    """
    found: list[Source] = []
    for one in asked if isinstance(asked, (list, tuple)) else [asked]:
        found += _published(one, group) if isinstance(one, str) else [_source(one, group, seed)]
    if not found:
        raise SettingsError("Give a fit, a law or the key of a paper that says settings; got none.")
    return found


def bowl_of(asked: Any, group: str | None, seed: int | None) -> Source:
    """Return the one source that has a bowl over both settings.

    Raises:
        LawError: a law without one.
        SettingsError: as :func:`sources_of`, or several sources.
    """
    found = sources_of(asked, group, seed)
    if len(found) > 1 or not found[0].has_bowl:
        names = ", ".join(one.law.name for one in found)
        raise LawError(
            f"What settings lose is known from one law with a bowl over both of them, such as step-law; got {names}."
        )
    return found[0]


def points_of_plan(law: type[Law], plan: Mapping[str, Any], cost: Cost) -> dict[str, np.ndarray]:
    """Check a plan and bring it to one length, with compute where the law takes it and the plan has size and tokens.

    Raises:
        SettingsError: inputs that the law lacks or does not take, or that are not positive or of two lengths.
    """
    needed = {q.name: q for q in law.arguments.values() if q.name not in SETTINGS}
    derived = COMPUTE.name in needed and COMPUTE.name not in plan and set(DESIGN) <= set(plan)
    asked = {name for name in needed if not (derived and name == COMPUTE.name)}
    for name in sorted((asked ^ set(plan)) - (set(plan) & set(DESIGN))):
        state = "needs" if name in needed else "does not take"
        raise SettingsError(f"A plan by the law {law.name!r} {state} {name!r}; it has {', '.join(needed)}.")
    every = DESIGN | needed
    points = one_length({name: numbers_of(every[name], plan[name]) for name in every if name in plan})
    if derived:
        points[COMPUTE.name] = np.asarray(cost(points["params"], points["tokens"]), float)
    return points


def plan_coords(law: type[Law], points: Mapping[str, np.ndarray], extrapolation: np.ndarray) -> dict[str, Any]:
    """Coordinates of datasets over plans: what was asked, and how far beyond the data it is."""
    every = DESIGN | {q.name: q for q in law.arguments.values()}
    coords = {name: ("point", values, described(every[name])) for name, values in points.items()}
    return {**coords, "extrapolation": ("point", extrapolation, EXTRAPOLATION)}


def _source(one: Any, group: str | None, seed: int | None) -> Source:
    """A fit or a law at parameter values."""
    if not isinstance(one, (Fit, Law)):
        raise SettingsError(f"Settings come from a Fit, a law at parameter values or a paper's key, got {one!r}.")
    law = one.law if isinstance(one, Fit) else type(one)
    _check_law(law)
    if isinstance(one, Fit):
        return Source(law, "posterior", group_label(one, group), fit=one, group=group, seed=seed)
    if group is not None:
        raise SettingsError("A law at parameter values has no families; leave the group out.")
    key = next((key for key, known in law.published.items() if known is one), None)
    many = any(np.ndim(leaf) for leaf in jax.tree.leaves(one))
    kind = f"published {key}" if key else "given draws" if many else "given values"
    return Source(law, kind, law.name, given=one)


def _published(key: str, group: str | None) -> list[Source]:
    """The laws of settings that a paper published."""
    known: dict[str, list[Law]] = {}
    for law in CATALOGUE:
        if law.response.name in RESPONSES:
            for name, values in law.published.items():
                known.setdefault(name, []).append(values)
    if key not in known:
        raise LawError(f"No paper {key!r} has laws of learning rate or batch size here; there are {', '.join(known)}.")
    return [_source(values, group, None) for values in known[key]]


def _check_law(law: type[Law]) -> None:
    if law.response.name not in RESPONSES and not issubclass(law, Bowl):
        raise LawError(
            f"The law {law.name!r} says {law.response.label} and has no bowl over learning rate and batch size; take "
            "one that has, such as step-law, or one of a setting, such as step-law-lr."
        )
