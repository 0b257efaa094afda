"""Who competes: the arms of one fit with families, or of several fits, with draws that belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.decisions.draws import group_label, seed_of
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.errors import SettingsError
from bayescale.laws import Law

# What the one cluster is called that all arms belong to unless something else is said.
TOGETHER = "all"


@dataclass(frozen=True, eq=False)
class Arm:
    """One of the things compared.

    Args:
        name: what tables call it.
        fit: whose law it is, or a law at parameter values.
        group: its family in the fit, or None for the only one.
        cluster: the arms whose errors beyond the data share a part.
        draws: which draws of the fit, in the order in which they belong to those of the other arms.
        seed: of the noise of its runs.
    """

    name: str
    fit: Fit | Law
    group: str | None
    cluster: str
    draws: np.ndarray
    seed: int


def arms_of(
    fit: Fit | Mapping[str, Fit | Law], names: Sequence[str] | None, clusters: Mapping[str, str] | None, seed: Any
) -> tuple[tuple[Arm, ...], int]:
    """Return the arms and the seed.

    Draws of one fit belong together as they are: its families are sampled jointly. Separate fits are independent, so
    their draws are paired at random; fits of one seed would else share random numbers.

    Args:
        fit: one fit with families, or fits and laws by the name of their arm.
        names: of the arms; None for all.
        clusters: of arms by name; None for one of all.
        seed: of the random part; None for that of the fit, or of the first one.

    Raises:
        SettingsError: fewer than two arms, an unknown one, clusters that miss one, or fits that do not go together.
    """
    known = _known(fit)
    chosen = _chosen(known, names)
    of = _clusters(chosen, clusters)
    if isinstance(fit, Fit):
        seed = seed_of(fit, seed)
        together = np.arange(_count(fit))
        return tuple(Arm(name, fit, name, of[name], together, seed) for name in chosen), seed
    fits = {name: fit[name] for name in chosen}
    own = [one for one in fits.values() if isinstance(one, Fit)]
    _check_together(own)
    seed = check_seed((own[0].seed if own else 0) if seed is None else seed)
    count = min((_count(one) for one in own), default=1)
    arms = []
    for name, one in fits.items():
        rng = np.random.default_rng(seed_for(seed, f"pairing/{name}"))
        index = rng.permutation(_count(one))[:count] if isinstance(one, Fit) else np.zeros(count, int)
        arms.append(Arm(name, one, None, of[name], index, seed_for(seed, f"arm/{name}")))
    return tuple(arms), seed


def _known(fit: Any) -> tuple[str, ...]:
    """The names there are to choose from."""
    if isinstance(fit, Fit):
        if len(fit.groups) < 2:
            raise SettingsError(
                f"Arms are the families of a fit, and this one has {group_label(fit, None)} only; read the runs with "
                "group=..., or give fits by name, compare_arms({'a': fit_a, 'b': fit_b}, ...)."
            )
        return tuple(fit.groups)
    if not isinstance(fit, Mapping):
        raise SettingsError(f"compare_arms takes a Fit with families, or fits by name, got {type(fit).__name__}.")
    for name, one in fit.items():
        if not isinstance(name, str) or not isinstance(one, (Fit, Law)):
            raise SettingsError(f"Arms are fits by name, got {name!r}: {type(one).__name__}.")
        if isinstance(one, Fit) and len(one.groups) > 1:
            raise SettingsError(
                f"The fit of arm {name!r} has {len(one.groups)} families, and an arm is one; fit "
                "runs.select(family), or compare the families of that fit."
            )
    return tuple(fit)


def _chosen(known: tuple[str, ...], names: Sequence[str] | None) -> tuple[str, ...]:
    if isinstance(names, str):
        raise SettingsError(f"arms must be a list of names, got {names!r}; there are {', '.join(known)}.")
    chosen = known if names is None else tuple(names)
    if unknown := [name for name in chosen if name not in known]:
        raise SettingsError(f"There is no arm {unknown[0]!r}; there are {', '.join(known)}.")
    if len(set(chosen)) != len(chosen) or len(chosen) < 2:
        raise SettingsError(f"A comparison needs two arms or more, each once, got {', '.join(chosen) or 'none'}.")
    return chosen


def _clusters(names: tuple[str, ...], clusters: Mapping[str, str] | None) -> dict[str, str]:
    if clusters is None:
        return dict.fromkeys(names, TOGETHER)
    if not isinstance(clusters, Mapping) or (missing := [name for name in names if name not in clusters]):
        lacks = missing[0] if isinstance(clusters, Mapping) else names[0]
        raise SettingsError(f"clusters must say for every arm which one it belongs to, and lacks {lacks!r}.")
    return {name: str(clusters[name]) for name in names}


def _check_together(fits: Sequence[Fit]) -> None:
    """Refuse fits whose sizes mean different things."""
    counted = list(dict.fromkeys(one.runs.params_convention for one in fits))
    if len(counted) > 1:
        raise SettingsError(
            f"The fits count parameters differently, as {' and as '.join(map(repr, counted))}; bring them to one count "
            "with bs.convert."
        )


def _count(fit: Fit) -> int:
    return int(next(iter(flat_sites(fit.unconstrained).values())).shape[0])
