"""The critical batch size of a planned run: measured, from a fit, or from Kaplan's law of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.decisions.inputs import positive_numbers
from bayescale.decisions.predict import predict
from bayescale.inference.fit import Fit
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import BATCH, LOSS, Quantity
from bayescale.laws import Law, critical_batch

KAPLAN = "kaplan2020scaling"
# What is to be said of Kaplan's constants wherever they decide.
PUBLISHED = (
    "The critical batch is Kaplan et al.'s function of the loss, whose constants come without intervals and are of "
    "their tokenizer and data: its interval is that of the loss alone."
)


@dataclass(frozen=True, eq=False)
class Critical:
    """Draws of a critical batch size.

    Args:
        values: in tokens, over draw; one where it is known exactly.
        source: what tables call where it comes from.
        notes: what there is to know of it.
    """

    values: np.ndarray
    source: str
    notes: tuple[str, ...] = ()


def critical_of(
    asked: Any, plan: Mapping[str, float], loss: Any, *, group: str | None, seed: int | None, discrepancy: Any
) -> Critical:
    """Return the critical batch of a plan.

    Args:
        asked: a number of tokens or draws of it, a fit or a law of batch sizes, or ``"kaplan2020scaling"``.
        plan: params and tokens.
        loss: that the run reaches, a number, draws, or a fit or law of the loss; for what takes a loss.
        group, seed: of fits.
        discrepancy: of a fit of the loss beyond its data, as of :func:`bayescale.predict`.

    Raises:
        LawError: a law of something else than batch sizes, or of something else than the loss.
        SettingsError: no loss where one is needed, one where none is, or something else.
    """
    about = {"group": group, "seed": seed, "discrepancy": discrepancy}
    if isinstance(asked, str):
        if asked != KAPLAN:
            raise SettingsError(f"critical takes {KAPLAN!r}, tokens, a fit or a law of batch sizes, got {asked!r}.")
        reached, notes = _reached(loss, plan, about)
        return Critical(critical_batch(reached), f"published {KAPLAN}", (*notes, PUBLISHED))
    if isinstance(asked, (Fit, Law)):
        law = asked.law if isinstance(asked, Fit) else type(asked)
        _check_response(law, BATCH)
        if LOSS.name in law.inputs():
            raise LawError(f"The law {law.name!r} takes a loss; give the critical batch itself, critical=draws.")
        _refuse_loss(loss)
        values, note = _curve(asked, {name: plan[name] for name in law.inputs() if name in plan}, about)
        kind = f"posterior of {law.name}" if isinstance(asked, Fit) else f"given values of {law.name}"
        return Critical(values, kind, (note,) if note else ())
    _refuse_loss(loss)
    return Critical(positive_numbers("critical", asked, "tokens, or draws of them"), "given")


def _reached(loss: Any, plan: Mapping[str, float], about: Mapping[str, Any]) -> tuple[np.ndarray, tuple[Any, ...]]:
    """The loss that the run reaches, over draw."""
    if loss is None:
        raise SettingsError(
            "Kaplan's critical batch follows from the loss that the run reaches; give loss=2.1, or a fit of the loss."
        )
    if not isinstance(loss, (Fit, Law)):
        return positive_numbers("loss", loss, "nats/token, or draws of it"), ()
    law = loss.law if isinstance(loss, Fit) else type(loss)
    _check_response(law, LOSS)
    values, note = _curve(loss, {name: plan[name] for name in law.inputs() if name in plan}, about)
    return values, (note,) if note else ()


def _curve(fit: Fit | Law, inputs: Mapping[str, Any], about: Mapping[str, Any]) -> tuple[np.ndarray, str]:
    """The curve of a fit or law at a plan, over draw, and what there is to know of it."""
    made = predict(fit, kind="law", **about, **inputs)
    return made.draws[made.response].to_numpy().ravel(), made.note


def _check_response(law: type[Law], wanted: Quantity) -> None:
    if law.response.name != wanted.name:
        raise LawError(f"A law of the {wanted.label} is needed here, and {law.name!r} says {law.response.label}.")


def _refuse_loss(loss: Any) -> None:
    if loss is not None:
        raise SettingsError(f"loss is for critical={KAPLAN!r}, which follows from it; leave it out.")
