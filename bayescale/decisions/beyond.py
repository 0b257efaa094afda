"""The discrepancy that a question beyond the data is answered with."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.data.model_error import model_error_of
from bayescale.decisions.draws import group_label
from bayescale.decisions.extrapolation import decades_beyond, is_beyond
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.language.quantities import COMPUTE, LOSS, PARAMS, STEP, TOKENS
from bayescale.models.discrepancy import Discrepancy
from bayescale.models.learnt import learnt_discrepancy

LEARNT = "learnt"


def find_discrepancy(fit: Fit, choice: str | Discrepancy | None) -> Discrepancy | None:
    """The discrepancy of an answer.

    Args:
        fit: the fit that is asked.
        choice: ``"learnt"`` for the one that comes with the package, which is of the loss; None for none; or one.

    Returns:
        a discrepancy; None where there is none, also where the law predicts something else than the loss.

    Raises:
        SettingsError: it is none of these.
    """
    check_discrepancy(choice)
    if choice is None or isinstance(choice, Discrepancy):
        return choice
    # Of the loss by compute: a law from one loss to another has no compute of its own.
    by_compute = {PARAMS.name, TOKENS.name, COMPUTE.name, STEP.name} & set(fit.law.inputs())
    if fit.law.response.name != LOSS.name or not by_compute:
        return None
    return learnt_discrepancy(fit.law.name, model_error_of(fit.runs))


def check_discrepancy(choice: Any) -> None:
    """Refuse what no discrepancy can be found by.

    Raises:
        SettingsError: it is not ``"learnt"``, None or a discrepancy.
    """
    if not (choice is None or isinstance(choice, Discrepancy) or (isinstance(choice, str) and choice == LEARNT)):
        raise SettingsError(f"discrepancy must be 'learnt', None or a Discrepancy, got {choice!r}.")


def shift_of(
    fit: Fit, group: str | None, seed: int, extrapolation: np.ndarray, discrepancy: Discrepancy | None
) -> np.ndarray | None:
    """What a discrepancy adds to the log of the response, draw x point; None where nothing lies beyond the data.

    It is the same in every answer about a family at a seed, point by point, and families of one table share a part.
    """
    distance = decades_beyond(extrapolation)
    if discrepancy is None or not distance.any():
        return None
    seeds = {
        "cluster": seed_for(seed, "discrepancy"),
        "family": seed_for(seed, f"discrepancy/{group_label(fit, group)}"),
    }
    return discrepancy.shifts(distance, noise_scale(fit, group), **seeds)


def noise_scale(fit: Fit, group: str | None) -> np.ndarray:
    """The scale of the noise of log response in a family, one per draw; NaN where the noise has none."""
    count = next(iter(flat_sites(fit.unconstrained).values())).shape[0]
    name = fit.model.noise.scale
    if not name or fit.model.noise.of_value:
        return np.full(count, np.nan)
    values = fit.posterior[name]
    if "family" in values.dims:
        # Of a new family the scale is not known before it has runs: those of the families, draw by draw.
        values = values.sel(family=group) if group is not None else values.median("family")
    return values.to_numpy().reshape(-1)


def words_of(discrepancy: Discrepancy | None, shift: Any, extrapolation: np.ndarray) -> dict[str, Any]:
    """What tables and figures say of an answer beyond the data: the discrepancy, and how well its intervals held.

    Returns:
        ``discrepancy``, its name or ``"none"``; ``note``, a sentence, empty where no question lies beyond the data;
        ``notes``, that of each question by itself.
    """
    notes = notes_of(discrepancy, shift, extrapolation)
    return {**_words(discrepancy, shift, extrapolation), "notes": notes}


def notes_of(discrepancy: Discrepancy | None, shift: Any, extrapolation: np.ndarray) -> tuple[str, ...]:
    """The note of each question by itself, empty for those inside the data."""
    each = np.asarray(extrapolation, float).reshape(-1, 1)
    return tuple(_words(discrepancy, shift, one)["note"] for one in each)


def _words(discrepancy: Discrepancy | None, shift: Any, extrapolation: np.ndarray) -> dict[str, str]:
    """The discrepancy, and one note of all questions."""
    beyond = extrapolation[is_beyond(extrapolation)]
    if not beyond.size:
        return {"discrepancy": "none", "note": ""}
    far = f"Extrapolated {'up to ' if beyond.size > 1 else ''}{beyond.max():.3g}x in compute"
    if discrepancy is None or shift is None:
        return {"discrepancy": "none", "note": f"{far} without a discrepancy: intervals there are too narrow."}
    return {"discrepancy": discrepancy.name, "note": f"{far}; {_held(discrepancy, float(beyond.max()))}"}


def _held(discrepancy: Discrepancy, far: float) -> str:
    """How well intervals with this discrepancy held at a distance, or that nobody knows."""
    rows = sorted(discrepancy.record.get("coverage", ()), key=lambda row: row["ratio"])
    if not rows:
        return f"the discrepancy is {discrepancy.name}, untried on held-out runs."
    row = next((row for row in rows if row["ratio"] >= far), rows[-1])
    text = (
        f"{100 * row['prob']:.0f} % intervals covered {100 * row['coverage']:.0f} % of {row['runs']:,} held-out runs "
        f"up to {row['ratio']:g}x beyond the data, in {row['families']} other families."
    )
    return text if row["ratio"] >= far else f"nothing was tried as far out as this. Nearer, {text}"
