"""A decision under every choice, and under their mixture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.costs import Cost
from bayescale.decisions.allocate import allocate
from bayescale.decisions.extrapolation import is_beyond
from bayescale.inference.summary import interval
from bayescale.language.errors import LawError
from bayescale.language.quantities import LOSS, PARAMS, TOKENS, TOKENS_PER_PARAM, Quantity
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.compare.fitting import Tried
from bayescale.validation.compare.weights import mixture_places
from bayescale.validation.thinned import thinned

STACKED = "(stacked)"
# The exponent of compute-optimal size at a budget: of N* between half and twice of it, draw by draw. Exact for laws
# whose N* is a power of compute, where it is their a.
EXPONENT = Quantity("a", "a", "", "exponent of compute-optimal size")
STEP = 2.0
# Draws of each choice and of the mixture: ends of a 90 % interval then stray by about a twentieth of a sd.
DRAWS = 2000
ORDER = (PARAMS, TOKENS, TOKENS_PER_PARAM, EXPONENT, LOSS)


@dataclass(frozen=True, eq=False)
class Decision:
    """Draws of the plan of one family under one choice.

    Args:
        draws: by the name of the quantity, draw x budget; empty where there is no plan.
        extrapolation: budgets over the largest cost of a run.
        discrepancy: what was added to the loss beyond the data.
        reason: why there is no plan; empty where there is one.
    """

    draws: Mapping[str, np.ndarray]
    extrapolation: np.ndarray
    discrepancy: str = "none"
    reason: str = ""


def decide(
    tried: Tried, family: str, budgets: np.ndarray, cost: Cost | None, discrepancy: str | Discrepancy | None, seed: int
) -> Decision:
    """Plan the budgets, and those around them that say how fast size grows."""
    around = np.concatenate([budgets, budgets / STEP, budgets * STEP])
    size = budgets.size
    try:
        plan = allocate(
            thinned(tried.fits[family], DRAWS),
            compute=around,
            cost=cost,
            group=tried.group(family),
            seed=seed,
            discrepancy=discrepancy,
        )
    except LawError as error:
        return Decision({}, np.full(size, np.nan), reason=str(error))
    flat = {q.name: plan.draws[q.name].to_numpy().reshape(-1, 3 * size) for q in ORDER if q is not EXPONENT}
    params = flat[PARAMS.name]
    flat = {name: values[:, :size] for name, values in flat.items()}
    flat[EXPONENT.name] = np.log(params[:, 2 * size :] / params[:, size : 2 * size]) / (2.0 * np.log(STEP))
    beyond = plan.draws["extrapolation"].to_numpy()[:size]
    return Decision(flat, beyond, str(plan.draws.attrs["discrepancy"]) if is_beyond(beyond).any() else "none")


def stacked(decisions: Sequence[Decision], weights: np.ndarray) -> Decision:
    """The mixture of decisions; those that could not be made give their weight to the others.

    Raises:
        LawError: no choice has a plan.
    """
    made = [i for i, one in enumerate(decisions) if one.draws]
    total = float(weights[made].sum()) if made else 0.0
    if not total > 0:
        raise LawError(f"No choice with a weight has a plan at these budgets: {decisions[0].reason}")
    parts = [decisions[i] for i in made]
    sizes = [len(one.draws[PARAMS.name]) for one in parts]
    places = mixture_places(weights[made] / total, sizes, DRAWS)
    draws = {
        q.name: np.concatenate([one.draws[q.name][rows] for one, rows in zip(parts, places, strict=True)])
        for q in ORDER
    }
    names = sorted({one.discrepancy for one in parts})
    # Where rules drop the largest runs, budgets are further from the data of some choices than from those of others.
    return Decision(draws, np.nanmax([one.extrapolation for one in parts], axis=0), ", ".join(names))


def decision_rows(
    label: str, weight: float, group: str, one: Decision, budgets: np.ndarray, prob: float
) -> list[dict[str, Any]]:
    """Rows of the table of decisions."""
    rows = []
    for place, compute in enumerate(budgets if one.draws else []):
        for quantity in ORDER:
            median, lower, upper = interval(one.draws[quantity.name][:, place], prob)
            shown = one.discrepancy if quantity is LOSS and is_beyond(one.extrapolation[place]) else "none"
            rows.append(
                {
                    "choice": label,
                    "weight": weight,
                    "group": group,
                    "compute": float(compute),
                    "quantity": quantity.name,
                    "unit": quantity.unit,
                    "prob": float(prob),
                    "median": float(median),
                    "lower": float(lower),
                    "upper": float(upper),
                    "extrapolation": float(one.extrapolation[place]),
                    "discrepancy": shown,
                }
            )
    return rows
