"""NUTS on a model and its data: smaller and smaller steps until no draw diverges, and chains as long as checks need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np

from bayescale.inference.chain_length import MOST_TIMES, times_longer
from bayescale.inference.checkpoint import Trail
from bayescale.inference.compressed.choice import Likelihood, check_at_draws
from bayescale.inference.coordinates import Coordinates, Geometry
from bayescale.inference.devices import Place, find_places
from bayescale.inference.evaluate import site_values
from bayescale.inference.geometry import find_geometry
from bayescale.inference.hosts import first_hosts
from bayescale.inference.instant.density import Density
from bayescale.inference.instant.engine import NotInstant, density_for
from bayescale.inference.nuts import run_nuts
from bayescale.inference.precision import computing
from bayescale.inference.progress import chain_progress
from bayescale.inference.sample import Sample
from bayescale.inference.settings import Settings, seed_for
from bayescale.inference.spread import everywhere, spread_rows
from bayescale.language.errors import SettingsError
from bayescale.models import Model
from bayescale.models.layout import Layout

# Below this many rows per parameter in the smallest family, NUTS takes smaller steps after a longer warm-up.
ROWS_PER_PARAMETER = 8
Run = Callable[..., tuple[np.ndarray, dict[str, np.ndarray]]]
# From positions, and how many times as long chains may be, to how many times as long they have to be.
Longer = Callable[[np.ndarray, int], int]


def draw_nuts(
    model: Model,
    layout: Layout,
    likelihood: Likelihood,
    settings: Settings,
    seed: int,
    progress: bool | Callable[[str], None] | None,
    trail: Trail,
) -> Sample:
    """Run NUTS, or go on with a run that was ended, and say by which engine the draws are.

    Args:
        model, layout, settings, seed, progress: of the fit.
        likelihood: of all rows, or compressed.
        trail: what is done of the run.

    Raises:
        CannotCompress: the compressed likelihood is not near enough at the draws.
    """
    coordinates = Coordinates(model)
    open_ended, settings = settings.draws is None, replace(settings, draws=settings.nuts_draws)
    planned = ((settings.target_accept, 1),) if settings.target_accept else planned_attempts(model, layout)
    with computing():
        density = searched_density(model, layout)
        start = None if density is None else _best(density)
        geometry, data, places = _placed(coordinates, likelihood, start, settings, trail)
        run = partial(run_nuts, coordinates, geometry, data, places=places)
        sites_at = partial(_sites, coordinates, geometry)

        def longer(positions: np.ndarray, most: int) -> int:
            times = times_longer(model, layout, sites_at(positions), most) if open_ended else 1
            # Hosts that share the rows go on together, or wait for each other for ever.
            return first_hosts(times) if settings.spread == "rows" else times

        try:
            positions, stats, attempts = _attempts(run, longer, planned, settings, seed, progress, trail)
        finally:
            # Whatever ended the run, what is done is kept; and where it is done, the fit is not there yet.
            trail.write()
        sites = sites_at(positions)
        off = None if likelihood.compressed is None else check_at_draws(model, likelihood, layout, sites)
    engine: dict[str, Any] = {"name": "nuts", "why": trail.why}
    if density is not None:
        unconstrained = np.column_stack([sites[p.name].ravel() for p in model.parameters])
        missed = density.modes.missed(density.positions(unconstrained))
        engine["quality"] = {"modes": len(density.modes.shares), "missed": missed}
    settings = replace(settings, target_accept=attempts[-1]["target_accept"])
    record: dict[str, Any] = {"engine": engine, "attempts": attempts, "likelihood": likelihood.record(off)}
    record |= {"resumed": trail.resumed} if trail.resumed else {}
    return Sample(sites, stats, settings, record, trail.seconds_before)


def _sites(coordinates: Coordinates, geometry: Geometry, positions: np.ndarray) -> dict[str, np.ndarray]:
    """Unconstrained values of every sampled site, chain x draw x ..., at positions of the sampler."""
    flat = site_values(coordinates, geometry, positions.reshape(-1, positions.shape[-1]))
    values = {name: np.asarray(value) for name, value in flat.items()}
    return {name: value.reshape(*positions.shape[:2], *value.shape[1:]) for name, value in values.items()}


def _placed(
    coordinates: Coordinates, likelihood: Likelihood, start: np.ndarray | None, settings: Settings, trail: Trail
) -> tuple[Geometry, Any, Sequence[Place]]:
    """Geometry, data and the places of chains, by what the settings spread."""
    by_rows = settings.spread == "rows"
    devices = find_places(settings.devices, hosts=by_rows)
    if jax.process_count() > 1 and settings.devices is not None and not by_rows:
        raise SettingsError(
            f"{jax.process_count()} processes were joined, and chains are spread over the devices of one; share the "
            "table with spread='rows', or leave devices out, and every process makes the whole fit."
        )
    if by_rows:
        places: Sequence[Place] = (everywhere(devices),)
        data = spread_rows(likelihood.arrays, devices)
        where = places[0]
    else:
        places, where = devices, devices[0]
        data = jax.device_put(likelihood.arrays, where)
    # What searches for the mode takes rows that are spread from the memory of the host, which holds the whole table.
    rows = likelihood.arrays if by_rows else data
    geometry = trail.geometry(find_geometry(coordinates, rows, start, likelihood.pilot, placed=(data, where)))
    return jax.device_put(geometry, where), data, places


def _attempts(
    run: Run,
    longer: Longer,
    planned: Sequence[tuple[float, int]],
    settings: Settings,
    seed: int,
    progress: bool | Callable[[str], None] | None,
    trail: Trail,
) -> tuple[np.ndarray, dict[str, np.ndarray], list[dict[str, Any]]]:
    """Run NUTS with smaller and smaller steps until no draw diverges; return positions, statistics and attempts."""
    for target, thin in planned[len(trail.attempts) :]:
        settings, stream = replace(settings, target_accept=target), seed_for(seed, f"nuts/{target}")
        one = partial(run, settings=settings, seed=stream, trail=trail)
        positions, stats, attempt = _one_attempt(one, longer, thin, settings, progress, trail)
        if not attempt["divergences"] or (target, thin) == planned[-1]:
            break
        trail.next_attempt(attempt)
    return positions, stats, [*trail.attempts, attempt]


def _one_attempt(
    run: Run,
    longer: Longer,
    thin: int,
    settings: Settings,
    progress: bool | Callable[[str], None] | None,
    trail: Trail,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Any]]:
    """Run NUTS, and go on with its chains until they are long enough or a draw diverges.

    As many draws of longer chains are kept, evenly spaced.
    """
    most, why = MOST_TIMES * thin, _why_again(trail.attempts)
    while True:
        with chain_progress(settings, thin, progress, len(trail.attempts) + 1, why) as report:
            positions, stats = run(thin=thin, progress=report)
        attempt = {"target_accept": settings.target_accept, "thin": thin, "divergences": int(stats["diverging"].sum())}
        times = 1 if attempt["divergences"] or 2 * thin > most else longer(positions, most // thin)
        if times == 1:
            return positions, stats, attempt
        thin, why = times * thin, "since checks ask for more draws"


def _why_again(before: Sequence[dict[str, Any]]) -> str:
    """Why another attempt begins, in words; empty for the first."""
    return f"since draws of attempt {len(before)} diverged ({before[-1]['divergences']:,})" if before else ""


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
