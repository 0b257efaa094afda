"""From a model and its data to draws: which engine runs, and what is tried when it does not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.inference.devices import Place, find_places
from bayescale.inference.evaluate import site_values
from bayescale.inference.geometry import find_geometry
from bayescale.inference.instant.density import Density
from bayescale.inference.instant.engine import NotInstant, density_for, run_instant
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.nuts import run_nuts
from bayescale.inference.precision import computing
from bayescale.inference.progress import chain_progress
from bayescale.inference.settings import LONG_WARMUP, SHORT_WARMUP, Settings, seed_for
from bayescale.inference.spread import everywhere, spread_rows
from bayescale.language.errors import FitError, SettingsError
from bayescale.models import Model
from bayescale.models.layout import Layout

# Below this many rows per parameter in the smallest family, NUTS takes smaller steps after a longer warm-up.
ROWS_PER_PARAMETER = 8


@dataclass(frozen=True, eq=False)
class Sample:
    """What an engine returns.

    Args:
        sites: unconstrained values of every sampled site, chain x draw x ...
        stats: sampler statistics, chain x draw.
        settings: as they were in the end.
        record: for the fit's record: ``engine`` (name, why, quality) and, of NUTS, its ``attempts``.
    """

    sites: Mapping[str, np.ndarray]
    stats: Mapping[str, np.ndarray]
    settings: Settings
    record: Mapping[str, Any]


def sample(model: Model, layout: Layout, settings: Settings, seed: int, progress: bool | None) -> Sample:
    """Draw from the posterior with the engine that the settings ask for.

    Raises:
        FitError: the instant engine was asked for and cannot do it, or draws are not finite.
    """
    drawn, why = None, "as asked for"
    if settings.warmup is None:
        settings = replace(settings, warmup=LONG_WARMUP if has_few_rows(model, layout) else SHORT_WARMUP)
    if settings.engine == "auto" and settings.target_accept is not None:
        why = "target_accept is given"
    elif settings.engine != "nuts":
        try:
            drawn = _instant(model, layout, settings, seed)
        except NotInstant as error:
            if settings.engine == "instant":
                raise FitError(
                    f"The instant engine cannot sample this posterior: {error}. Use engine='nuts'."
                ) from None
            why = f"not instant: {error}"
    if drawn is None:
        drawn = _nuts(model, layout, settings, seed, progress, why)
    if not all(np.isfinite(value).all() for value in drawn.sites.values()):
        raise FitError("The sampler produced values that are not finite; look at the table's units and the priors.")
    return drawn


def _instant(model: Model, layout: Layout, settings: Settings, seed: int) -> Sample:
    with computing():
        # Only a formula that calls JAX's own functions computes with it, and then it must be in float64.
        drawn = run_instant(density_for(model, layout), settings, seed_for(seed, "instant"))
    why = "as asked for" if settings.engine == "instant" else f"{len(model.parameters)} parameters, its checks pass"
    engine = {"name": "instant", "why": why, "quality": drawn.quality}
    return Sample(drawn.sites, drawn.stats, replace(settings, draws=drawn.stats["lp"].shape[1]), {"engine": engine})


def _nuts(model: Model, layout: Layout, settings: Settings, seed: int, progress: bool | None, why: str) -> Sample:
    """Run NUTS with smaller and smaller steps until no draw diverges."""
    coordinates, attempts = Coordinates(model), []
    settings = replace(settings, draws=settings.nuts_draws)
    planned = ((settings.target_accept, 1),) if settings.target_accept else planned_attempts(model, layout)
    with computing():
        density = searched_density(model, layout)
        start = None if density is None else _best(density)
        geometry, data, places = _placed(coordinates, sampled_arrays(layout), start, settings)
        for target, thin in planned:
            settings = replace(settings, target_accept=target)
            stream = seed_for(seed, f"nuts/{target}")
            with chain_progress(settings, thin, progress) as report:
                positions, stats = run_nuts(
                    coordinates,
                    geometry,
                    data,
                    settings=settings,
                    seed=stream,
                    thin=thin,
                    progress=report,
                    places=places,
                )
            attempts.append({"target_accept": target, "thin": thin, "divergences": int(stats["diverging"].sum())})
            if not attempts[-1]["divergences"]:
                break
        flat = site_values(coordinates, geometry, positions.reshape(-1, positions.shape[-1]))
    values = {name: np.asarray(value) for name, value in flat.items()}
    sites = {name: value.reshape(*positions.shape[:2], *value.shape[1:]) for name, value in values.items()}
    engine: dict[str, Any] = {"name": "nuts", "why": why}
    if density is not None:
        unconstrained = np.column_stack([sites[p.name].ravel() for p in model.parameters])
        missed = density.modes.missed(density.positions(unconstrained))
        engine["quality"] = {"modes": len(density.modes.shares), "missed": missed}
    return Sample(sites, stats, settings, {"engine": engine, "attempts": attempts})


def _placed(
    coordinates: Coordinates, arrays: Mapping[str, Any], start: np.ndarray | None, settings: Settings
) -> tuple[Geometry, Any, Sequence[Place]]:
    """Geometry, data and the places of chains, by what the settings spread."""
    by_rows = settings.spread == "rows"
    devices = find_places(settings.devices, hosts=by_rows)
    if jax.process_count() > 1 and settings.devices is not None and not by_rows:
        raise SettingsError(
            f"{jax.process_count()} processes were joined, and chains are spread over the devices of one; share the "
            "table with spread='rows', or leave devices out, and every process makes the whole fit."
        )
    if by_rows and devices[0] is not None:
        places: Sequence[Place] = (everywhere(devices),)
        data = spread_rows(arrays, devices)
        # What searches for the mode holds the whole table, in the memory of its host.
        geometry = find_geometry(coordinates, arrays, start, placed=(data, places[0]))
        return jax.device_put(geometry, places[0]), data, places
    data = jax.device_put(arrays, devices[0])
    geometry = find_geometry(coordinates, data, start, placed=(data, devices[0]))
    return jax.device_put(geometry, devices[0]), data, devices


def searched_density(model: Model, layout: Layout) -> Density | None:
    """The density in which modes are searched for; None where the law does not ask for it, or it cannot be had."""
    if not model.law.starts:
        return None
    try:
        density = density_for(model, layout)
        return density if density.modes.shares.size else None
    except (NotInstant, FloatingPointError):
        return None


def _best(density: Density) -> np.ndarray:
    """The law parameters at the mode with the most mass, on the unconstrained scale."""
    values, _ = density.unconstrained(density.modes.positions[:1])
    return values[0, : len(density.model.law.parameters)]


def planned_attempts(model: Model, layout: Layout) -> tuple[tuple[float, int], ...]:
    """Mean acceptance to aim at and thinning, one attempt after the other until no draw diverges.

    Few runs leave parameters to the prior, or to a population whose spread may be next to nothing or large: such
    posteriors have sharp corners, which only small steps enter, and small steps need more of them.
    """
    steps = (0.98, 0.99, 0.995, 0.998) if has_few_rows(model, layout) else (0.9, 0.98, 0.995, 0.998)
    return tuple((target, attempt) for attempt, target in enumerate(steps, 1))


def has_few_rows(model: Model, layout: Layout) -> bool:
    """Whether the smallest family has so few rows that the posterior may have sharp corners."""
    smallest = min(np.bincount(layout.arrays["family"], layout.arrays["mask"].sum(axis=1)))
    return bool(smallest < ROWS_PER_PARAMETER * len(model.parameters))
