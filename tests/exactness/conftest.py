"""A reference that shares no coordinates with the engines, and how draws are held against it.

The reference is NumPyro's own NUTS on the generic model, on NumPyro's own unconstrained scale with a dense mass
matrix; families scatter around their population in NumPyro's non-centred form. Nothing of the package's coordinates,
pilots, proposals or chains is in it.

Each parameter is compared on its unconstrained scale in mean, sd, and the probability below the 5 % and the 95 %
quantile of both together. Each comparison is a difference over its Monte-Carlo standard error, about normal: of n of
them in a case one exceeds the limit by chance in 1 of 10,000 repeats. With fewer than a hundred cases the whole fails
by chance in one of 100 repeats, or a few: standard errors are themselves estimated, to some 5 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpyro.distributions import biject_to
from numpyro.handlers import reparam
from numpyro.infer import MCMC, NUTS
from numpyro.infer.reparam import LocScaleReparam
from scipy.stats import norm

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.limits import R_HAT
from bayescale.inference.precision import computing
from bayescale.laws import Law
from bayescale.models import Model, Pooling, build_model, find_noise, lay_out
from bayescale.models.layout import design_anchors
from bayescale.models.model import FAMILY

FALSE_ALARM = 1e-4
# Mean acceptance that the reference aims at, and its warm-up, where families share all parameters and where they have
# some of their own. A family of eight runs has corners, where its noise is
# small and its curve all but meets some runs: at 0.98 one chain of eight stayed there for long (231 effective draws
# of 12,000; 5,600 of 24,000 at 0.995).
COMMON, OWN = (0.98, 1000), (0.995, 1500)
# Effective draws that a reference must have of every number.
LEAST = 1000
AXES = {"chain_axis": 0, "draw_axis": 1}
Draws = Mapping[str, np.ndarray]


@pytest.fixture(scope="session")
def simulated() -> Callable[..., bs.Runs]:
    """Runs of a law at values typical of its priors; families differ by 15 % in each of them."""

    def simulate(law: type[Law], rows: int, sigma: float, families: int = 0, errors: bool = False) -> bs.Runs:
        rng, parts = np.random.default_rng([rows, families]), []
        for k in range(max(1, families)):
            design = {"params": rng.lognormal(19, 1.3, rows), "tokens": rng.lognormal(23, 1.3, rows)}
            anchors = {a.name: 3e8 if law.arguments[a.argument].name == "params" else 1e10 for a in law.anchors}
            scatter = 0.15 * bool(families)
            values = {p.name: p.prior.typical() * np.exp(scatter * rng.standard_normal()) for p in law.parameters}
            part = bs.simulate(law(**values, **anchors), pd.DataFrame(design), sigma=sigma, nu=4.0, seed=k)
            part = part.assign(family=f"family {k}") if families else part
            parts.append(part.assign(loss_se=part["loss"] * rng.uniform(0.003, 0.03, rows)) if errors else part)
        return read_quietly(pd.concat(parts, ignore_index=True))

    return simulate


def _posed(law: type[Law], noise: Any, runs: bs.Runs, pooling: Any) -> tuple[Model, Any]:
    layout = lay_out(law, runs, None, design_anchors(law, runs))
    families = len(layout.families)
    chosen = Pooling.of(pooling, grouped=families > 1)
    return build_model(law, noise=find_noise(noise), pooling=chosen, n_families=families), layout


def _unconstrained(model: Model, name: str, value: np.ndarray) -> np.ndarray:
    """A site's values on the scale that fits keep their draws on."""
    if name.endswith("_between"):
        return np.log(value)
    owner = name.removesuffix("_population")
    if owner in [p.name for p in model.parameters]:
        return np.asarray(biject_to(model.prior(owner).numpyro().support).inv(value))
    return value


@pytest.fixture(scope="session")
def reference(simulated) -> Callable[..., Draws]:
    """Long NUTS by NumPyro alone; made once for a model and a table, with eight chains."""
    made: dict[Any, Draws] = {}

    def run(law: type[Law], noise: Any, runs: bs.Runs, pooling: Any = None, draws: int = 4000) -> Draws:
        key = (law, str(noise), id(runs), str(pooling))
        if key not in made:
            model, layout = _posed(law, noise, runs, pooling)
            around = [FAMILY] * bool(model.partial_law) + [f"{p.name}_family" for p in model.partial_noise]
            loose = reparam(model, config={name: LocScaleReparam(0.0) for name in around})
            own = len(model.of_kind("complete")) < len(model.parameters)
            steps, warmup = OWN if own else COMMON
            kernel = NUTS(loose if around else model, dense_mass=True, target_accept_prob=steps)
            size = {"num_warmup": warmup, "num_samples": draws, "num_chains": 8}
            with computing():
                mcmc = MCMC(kernel, **size, chain_method="vectorized", progress_bar=False)
                mcmc.run(jax.random.PRNGKey(20), layout.arrays)
                sites = {name: np.asarray(value) for name, value in mcmc.get_samples(group_by_chain=True).items()}
                sites = {n: _unconstrained(model, n, v) for n, v in sites.items() if not n.endswith("_decentered")}
                made[key] = _by_number(xr.Dataset({n: (_dims(n, v), v) for n, v in sites.items()}))
            _require_mixing(made[key])
        return made[key]

    return run


def _require_mixing(draws: Draws) -> None:
    """Fail where the reference is no measure: its errors would hide a difference, or be taken for one."""
    effective = {name: _effective(values) for name, values in draws.items()}
    worst = min(effective, key=effective.__getitem__)
    assert effective[worst] >= LEAST, f"the reference has only {effective[worst]:.0f} effective draws of {worst}"


def _dims(name: str, value: np.ndarray) -> tuple[str, ...]:
    return ("chain", "draw", *(f"{name}_{axis}" for axis in range(value.ndim - 2)))


def _by_number(sites: xr.Dataset) -> dict[str, np.ndarray]:
    """Chain x draw of every single number: ``{"sigma_family 2": ...}``."""
    numbers = {}
    for name, site in sites.data_vars.items():
        values = site.transpose("chain", "draw", ...).to_numpy()
        flat = values.reshape(*values.shape[:2], -1)
        several = values.ndim > 2
        numbers |= {f"{name} {i}" if several else str(name): flat[..., i] for i in range(flat.shape[-1])}
    return numbers


def _effective(draws: np.ndarray) -> float:
    """Effective sample size of the mean."""
    # Here, not above: once ArviZ is there, "from numpyro.distributions" makes a NumPyro that lacks a module.
    from arviz_stats.base import array_stats

    return float(array_stats.ess(draws, method="mean", **AXES))


def _errors(draws: np.ndarray) -> tuple[float, float]:
    """Monte-Carlo standard errors of mean and sd.

    The sd s is a function of the mean square deviation v = s^2, whose draws (x - mean)^2 have the variance m4 - s^4 (m4
    the fourth central moment) and an effective sample size of their own; to first order s errs by 1 / (2 s) times v.
    """
    square = (draws - draws.mean()) ** 2
    effective = [_effective(values) for values in (draws, square)]
    sd = np.sqrt(square.mean())
    return sd / np.sqrt(effective[0]), square.std() / np.sqrt(effective[1]) / (2.0 * sd)


def _distances(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Differences of two sets of draws (chain x draw) of a number, in standard errors.

    Tails are compared as probabilities below a common point, since the standard error of a quantile would need the
    density there; the one follows from the other to first order.
    """
    (mean, sd), (its_mean, its_sd) = _errors(one), _errors(other)
    found = {
        "mean": (one.mean() - other.mean()) / np.hypot(mean, its_mean),
        "sd": (one.std() - other.std()) / np.hypot(sd, its_sd),
    }
    for p in (0.05, 0.95):
        # The mean of the two quantiles: where both are right, so is it.
        point = 0.5 * (np.quantile(one, p) + np.quantile(other, p))
        below = [(draws <= point).astype(float) for draws in (one, other)]
        errors = [b.std() / np.sqrt(_effective(b)) for b in below]
        found[f"below {p:.0%}"] = (below[0].mean() - below[1].mean()) / np.hypot(*errors)
    return found


def _union_r_hat(one: np.ndarray, other: np.ndarray) -> float:
    """R-hat of all chains together, each cut to the same number of evenly spaced draws."""
    from arviz_stats.base import array_stats

    count = min(one.shape[1], other.shape[1])
    cut = [draws[:, np.linspace(0, draws.shape[1] - 1, count).astype(int)] for draws in (one, other)]
    return float(array_stats.rhat(np.concatenate(cut), method="rank", **AXES))


def _disagreements(draws: xr.Dataset | Draws, against: Draws) -> list[str]:
    numbers = _by_number(draws) if isinstance(draws, xr.Dataset) else draws
    assert set(numbers) == set(against), set(numbers) ^ set(against)
    found = {(name, kind): z for name in against for kind, z in _distances(numbers[name], against[name]).items()}
    limit = norm.isf(FALSE_ALARM / 2.0 / len(found))
    wrong = [f"{kind} of {name}: {z:+.1f} standard errors" for (name, kind), z in found.items() if not abs(z) <= limit]
    r_hats = {name: _union_r_hat(numbers[name], against[name]) for name in against}
    wrong += [f"R-hat of {name}: {value:.3f}" for name, value in r_hats.items() if not value <= R_HAT]
    worst = max(found, key=lambda key: abs(found[key]))
    root = np.sqrt(np.mean(np.square(list(found.values()))))
    smallest = [min(_effective(draws) for draws in one.values()) for one in (numbers, against)]
    print(
        f"\neffective draws {smallest[0]:.0f} and {smallest[1]:.0f}; {len(found)} comparisons, limit {limit:.1f}: "
        f"largest {found[worst]:+.1f} ({worst[1]} of {worst[0]}), root mean square {root:.2f}, "
        f"largest R-hat {max(r_hats.values()):.4f}"
    )
    return wrong


@pytest.fixture(scope="session")
def disagreements() -> Callable[..., list[str]]:
    """What differs between draws (a dataset over chain and draw, or arrays by number) and a reference."""
    return _disagreements


@pytest.fixture(scope="session")
def by_number() -> Callable[[xr.Dataset], dict[str, np.ndarray]]:
    """Chain x draw of every single number of a dataset."""
    return _by_number
