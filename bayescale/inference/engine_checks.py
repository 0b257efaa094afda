"""What engines say of their own draws: whether a proposal resembled the posterior, and what NUTS met on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayescale.inference.checks import Check, judged
from bayescale.inference.limits import EFFICIENCY, MISSED, PARETO_K

if TYPE_CHECKING:
    import xarray as xr

    from bayescale.inference.fit import Fit

# As in common use.
E_BFMI = 0.3
# Share of trajectories that may be cut short without a word.
DEEP = 0.01


def sample_more(fit: Fit) -> str:
    """Return the advice to sample more, in the settings of the engine that ran."""
    more = f"Sample more: draws={2 * thinning(fit) * fit.sample_stats.sizes['draw']}"
    # The instant engine has no warm-up.
    return (
        f"{more}." if fit.record["engine"]["name"] == "instant" else f"{more}, warmup={2 * fit.settings.nuts_warmup}."
    )


def thinning(fit: Fit) -> int:
    """Return how many draws were made for each one that is kept; the instant engine keeps all of them."""
    attempts = fit.record.get("attempts")
    return int(attempts[-1]["thin"]) if attempts else 1


def instant_checks(fit: Fit) -> list[Check]:
    """Whether the proposal resembled the posterior: where it does not, chains stick or miss tails."""
    quality = fit.record["engine"]["quality"]
    remedy = "Fit again with engine='nuts'."
    return [
        judged(
            "proposal-k",
            quality["pareto_k"],
            PARETO_K,
            np.less_equal,
            f"The posterior has heavier tails than what the instant engine proposes. {remedy}",
        ),
        judged(
            "efficiency",
            quality["efficiency"],
            EFFICIENCY,
            np.greater_equal,
            f"The instant engine's proposal is unlike the posterior. {remedy}",
        ),
    ]


def mode_checks(fit: Fit) -> list[Check]:
    """Whether the draws have been in all modes that were found; of laws whose modes are searched for."""
    quality = fit.record["engine"].get("quality", {})
    if "missed" not in quality:
        return []
    return [
        judged(
            "modes",
            quality["missed"],
            MISSED,
            np.less_equal,
            f"No draw is in modes with about this share of the posterior, of {quality['modes']} that were found: "
            "chains do not pass between them. Give priors that decide, such as of the place of a break, or take a law "
            "with fewer breaks.",
        )
    ]


def nuts_checks(fit: Fit) -> list[Check]:
    """What NUTS says of its own draws: divergences, trajectories that were cut short, energies."""
    stats, more = fit.sample_stats, sample_more(fit)
    divergences = float(stats["diverging"].sum())
    deep = float((stats["tree_depth"] >= fit.settings.max_tree_depth).mean())
    e_bfmi = float((_energy_changes(stats).mean(axis=1) / stats["energy"].to_numpy().var(axis=1)).min())
    target = fit.settings.target_accept
    closer = f"Raise target_accept{f' (now {target:g})' if target else ''} or give narrower priors."
    return [
        judged(
            "divergences",
            divergences,
            0.0,
            np.less_equal,
            f"The sampler missed sharp corners of the posterior, so intervals may be too narrow. {closer}",
        ),
        judged(
            "tree-depth",
            deep,
            DEEP,
            np.less_equal,
            f"{100 * deep:.2g} % of trajectories were cut short, which costs effective draws but no truth: r-hat and "
            f"ess say whether there are enough. For more, raise max_tree_depth (now {fit.settings.max_tree_depth}).",
            bad="warn",
        ),
        judged("e-bfmi", e_bfmi, E_BFMI, np.greater_equal, f"The tails are explored slowly. {more}"),
    ]


def _energy_changes(stats: xr.Dataset) -> np.ndarray:
    """Squares of the changes of energy from draw to draw, those that are not kept included; chain x draw."""
    if "energy_change_squared" in stats:
        return stats["energy_change_squared"].to_numpy()
    return np.square(np.diff(stats["energy"].to_numpy(), axis=1))  # a fit of an earlier version, saved
