"""From a loss to a score, draw by draw: the later stages of a chain as one function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import numpy as np

from bayescale.decisions.allocation.objectives import Objective
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import family_draws, law_of
from bayescale.decisions.inputs import DESIGN
from bayescale.decisions.stages import own_group, paired, seed_of_stage
from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing
from bayescale.language.errors import LawError
from bayescale.language.quantities import ACCURACY, ERROR, LOSS, Quantity
from bayescale.laws import Law

# Of which more is better.
RISING = (ACCURACY.name,)
KNOWN = (ACCURACY, ERROR, LOSS)


@dataclass(frozen=True, eq=False)
class Link:
    """The curves of all stages but the first, under each draw of the first.

    Args:
        laws: one per stage, parameters of shape draws x 1.
        names: of the input that each takes from the stage before.
        inputs: what else they take, one number each.
        response: of the last stage.
    """

    laws: tuple[Law, ...]
    names: tuple[str, ...]
    inputs: Mapping[str, float]
    response: Quantity

    @property
    def rises(self) -> bool:
        """Whether more of the response is better."""
        return self.response.name in RISING

    def scores(self, losses: np.ndarray) -> np.ndarray:
        """Return the response at losses of the first stage, draw x plan.

        Fewer rows than draws are those of every so many draws, as :meth:`Problem.thinned` takes them.
        """
        given = np.asarray(losses, float)
        with computing():
            for law, name in zip(self.laws, self.names, strict=True):
                others = {q: np.full(given.shape[-1], self.inputs[q]) for q in law.inputs() if q != name}
                given = curve(_every(law, given.shape[0]), {name: given} | others)
        return given

    def badness(self, losses: np.ndarray) -> np.ndarray:
        """Return what is to be least: an error or a loss as it is, and one less an accuracy."""
        found = self.scores(losses)
        return 1.0 - found if self.rises else found


def _every(law: Law, rows: int) -> Law:
    """Every so many draws of a law, so that there are as many as rows."""
    count = max(np.shape(leaf)[0] for leaf in jax.tree.leaves(law) if np.ndim(leaf))
    step = -(-count // rows)
    return jax.tree.map(lambda leaf: leaf[::step] if np.ndim(leaf) else leaf, law)


@dataclass(frozen=True, eq=False)
class OfScore(Objective):
    """An objective of the score that follows from the loss: of errors, or of one less an accuracy.

    Where a stage falls with its loss as a law of the catalogue does, it does not fall where all losses rise.

    Args:
        base: the objective of errors.
        link: from losses to scores.
    """

    base: Objective
    link: Link

    @property
    def name(self) -> str:
        what = f"1 - {self.link.response.name}" if self.link.rises else self.link.response.name
        return self.base.name.replace("the loss", what).replace("loss", what)

    @property
    def is_loss(self) -> bool:
        return False

    def value(self, losses: np.ndarray) -> np.ndarray:
        return self.base.value(self.link.badness(losses))

    def rank(self, losses: np.ndarray) -> np.ndarray:
        return self.base.rank(self.link.badness(losses))


def link_of(chain: Chain, group: str | None, seed: int, inputs: Mapping[str, float]) -> Link:
    """Return the later stages of a chain with draws that are paired as :func:`bayescale.predict` pairs them.

    Raises:
        LawError: a last stage that predicts no accuracy, error or loss, or inputs that are missing.
    """
    last = chain.fits[-1].law
    response = next((q for q in KNOWN if q.name == last.response.name), None)
    if response is None:
        raise LawError(
            f"A plan for a score needs a last stage of accuracy, error or loss, and {last.name!r} predicts "
            f"{last.response.label}."
        )
    laws = []
    with computing():
        for stage, fit in enumerate(paired(chain, seed)[1:], start=1):
            values, _ = family_draws(fit, own_group(chain, fit, group), seed_of_stage(seed, stage))
            laws.append(law_of(fit, values))
    for law, name in zip(laws, chain.links, strict=True):
        missing = [one for one in law.inputs() if one not in inputs and one != name]
        if own := [one for one in missing if one in DESIGN]:
            raise LawError(
                f"In a plan for a score later stages know a run by its {name} alone, and {law.name!r} takes {own[0]}."
            )
        if missing:
            raise LawError(
                f"The law {law.name!r} also takes {missing[0]}; give a number for it, allocate_score(..., "
                f"{missing[0]}=...)."
            )
    return Link(tuple(laws), chain.links, inputs, response)
