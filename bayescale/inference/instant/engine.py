"""The instant engine: when it can be used, its draws, and whether they are to be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayescale.inference.convergence import Convergence, convergence
from bayescale.inference.importance import lacks_efficiency, lacks_shape, weight_quality
from bayescale.inference.instant.chains import Draws, run_chains
from bayescale.inference.instant.density import Density
from bayescale.inference.instant.mixture import match_mixture, match_modes, match_more
from bayescale.inference.instant.proposal import Match, match_proposal
from bayescale.inference.limits import EFFICIENCY, HOPEFUL, R_HAT
from bayescale.inference.settings import Settings
from bayescale.models.layout import Layout
from bayescale.models.model import Model

# Parameters at most, and of laws whose modes are searched for, which have more of them.
LARGEST, LARGEST_SEARCHED = 10, 12
MOST_DRAWS = 50_000
# Ways to a proposal, tried one after the other: a Student-t does for most posteriors.
MATCHES: tuple[Match, ...] = (match_proposal, match_mixture, match_more)


class NotInstant(Exception):
    """The engine cannot sample this posterior, or its draws are not to be believed; the message says why."""


@dataclass(frozen=True, eq=False)
class Instant:
    """Draws of the instant engine and what speaks for them.

    Args:
        sites: unconstrained value of each parameter by name, chain x draw.
        stats: ``lp`` and ``accepted``, chain x draw.
        quality: pareto_k, efficiency, acceptance and ess (smallest bulk ESS); of laws whose modes are searched for,
            their number and the share of those that no draw is in.
    """

    sites: dict[str, np.ndarray]
    stats: dict[str, np.ndarray]
    quality: dict[str, float]


def density_for(model: Model, layout: Layout) -> Density:
    """Return the density of a model that the engine can take.

    Raises:
        NotInstant: families with own parameters, effects, too many parameters, or no densities in NumPy.
    """
    if len(model.of_kind("complete")) < len(model.parameters):
        raise NotInstant("families have parameters of their own")
    if model.effects is not None:
        raise NotInstant("the model has run effects")
    if model.noise.of_value:
        raise NotInstant(f"its noise is of the {model.law.response.label} itself, not of the log")
    largest = LARGEST_SEARCHED if model.law.starts else LARGEST
    if len(model.parameters) > largest:
        raise NotInstant(f"the model has {len(model.parameters)} parameters, more than {largest}")
    density = Density.of(model, layout)
    _try_out(density)
    return density


def run_instant(
    density: Density, settings: Settings, seed: int, matches: tuple[Match, ...] = MATCHES, *, anyway: bool = False
) -> Instant:
    """Sample a posterior until the smallest bulk ESS reaches ``settings.ess``, or for ``settings.draws`` draws.

    Args:
        density: of the posterior.
        settings: chains, draws and ess.
        seed: of all draws.
        matches: ways to a proposal, tried one after the other.
        anyway: return ``settings.draws`` draws of the last proposal whether they are to be believed or not.

    Raises:
        NotInstant: the draws do not pass the engine's own checks.

    References:
        vehtari2024pareto
    """
    rng = np.random.default_rng(seed)
    last = match_modes if density.model.law.starts else matches[-1]
    if anyway:
        return _run(density, settings, last, rng, -np.inf, anyway=True)
    if density.model.law.starts:
        # A Student-t would stay in one mode, and its own checks would not see another.
        return _run(density, settings, last, rng, EFFICIENCY)
    for match in matches[:-1]:
        try:
            return _run(density, settings, match, rng, HOPEFUL)
        except NotInstant:
            continue
    return _run(density, settings, last, rng, EFFICIENCY)


def _run(
    density: Density, settings: Settings, match: Match, rng: np.random.Generator, least: float, *, anyway: bool = False
) -> Instant:
    """Sample with one proposal, if the efficiency of its importance weights is at least so much."""
    try:
        proposal, state, efficiency = match(density, rng, settings.chains)
    except (FloatingPointError, np.linalg.LinAlgError) as error:
        raise NotInstant(f"no proposal could be found ({error})") from None
    if not efficiency >= least:
        raise NotInstant(f"the importance efficiency of its proposal is {efficiency:.2g}, below {least:g}")
    if settings.draws is not None:
        # So many and no more: whether they are enough is for the checks of the fit to say.
        draws = run_chains(density, proposal, state, settings.draws, rng)
        return _believed(density, draws, _measured(density, draws), anyway=anyway)
    # Independence chains have somewhat more than half the efficiency of importance weights.
    draws = run_chains(density, proposal, state, _round_up(settings.ess / settings.chains / (0.55 * efficiency)), rng)
    while True:
        measured, done = _measured(density, draws), draws.log_density.shape[1]
        ess, r_hat = float(np.nanmin(measured.ess_bulk)), float(np.nanmax(measured.r_hat))
        if ess >= settings.ess and r_hat <= R_HAT:
            return _believed(density, draws, measured)
        more = _round_up(1.1 * done * max(settings.ess / max(ess, 1.0) - 1.0, 0.2))
        if done + more > MOST_DRAWS:
            short = f"an ESS of {ess:.0f}" if ess < settings.ess else f"an R-hat of {r_hat:.3f}"
            raise NotInstant(f"its chains have {short} after {done:,} draws each")
        draws = draws.join(run_chains(density, proposal, draws.last, more, rng))


def _round_up(draws: float) -> int:
    """A multiple of 250: fits of one law then have few shapes, and what is compiled for one serves others."""
    return 250 * max(1, int(np.ceil(draws / 250)))


def _believed(density: Density, draws: Draws, measured: Convergence, *, anyway: bool = False) -> Instant:
    """The draws, if the engine's own checks pass or they are wanted anyway."""
    pareto_k, efficiency = (float(value[0]) for value in weight_quality(draws.log_weight.reshape(1, -1)))
    if (lacking := lacks_shape(pareto_k) or lacks_efficiency(efficiency)) and not anyway:
        raise NotInstant(lacking)
    quality = {
        "pareto_k": pareto_k,
        "efficiency": efficiency,
        "acceptance": float(draws.accepted.mean()),
        "ess": float(np.nanmin(measured.ess_bulk)),
    }
    if density.model.law.starts:
        quality |= {"modes": len(density.modes.shares)}
        quality |= {"missed": density.modes.missed(draws.positions.reshape(-1, density.size))}
    values, _ = density.unconstrained(draws.positions.reshape(-1, density.size))
    values = values.reshape(*draws.log_density.shape, density.size)
    sites = {p.name: values[..., j] for j, p in enumerate(density.model.parameters)}
    return Instant(sites, {"lp": draws.log_density, "accepted": draws.accepted}, quality)


def _measured(density: Density, draws: Draws) -> Convergence:
    """R-hat and effective sample sizes of what a posterior reports: the textbook form of the law, and the noise."""
    values, _ = density.unconstrained(draws.positions.reshape(-1, density.size))
    natural = density.natural(values)
    law = density.model.law_at(natural, density.anchors).textbook().values
    noise = [natural[p.name] for p in density.model.noise_parameters]
    shape = draws.log_density.shape
    return convergence(np.stack([np.asarray(value).reshape(shape) for value in (*law.values(), *noise)])[None])


def _try_out(density: Density) -> None:
    """Evaluate at the prior's centre, once for many and once for single runs: a formula must not mix its inputs."""
    center = np.array([[density.model.prior(p.name).unconstrained_moments()[0] for p in density.model.parameters]])
    try:
        with np.errstate(all="ignore"):
            natural = density.natural(np.repeat(center, 2, axis=0))
            curve = density.log_curve(natural)
            density.log_prior(center)
            alone = density.log_curve_alone({name: float(value[0, 0]) for name, value in natural.items()}, count=3)
            value = density(density.positions(center))
    except NotImplementedError:
        raise NotInstant("its priors or its noise have no density in NumPy") from None
    except Exception as error:  # whatever a formula written for JAX makes of NumPy arrays
        raise NotInstant(f"its formula does not take NumPy arrays ({type(error).__name__})") from None
    if curve.shape != (2, density.log_loss.size) or not np.allclose(curve[0, :3], alone, rtol=1e-9, equal_nan=True):
        raise NotInstant("its formula gives other values for many runs at once than for one")
    if value.shape != (1,):
        raise NotInstant("its noise gives no single number per draw")
