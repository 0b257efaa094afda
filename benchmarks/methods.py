"""The methods that are compared: each becomes a session, which fits one table after the other in one process.

The first fit of a session compiles whatever the method compiles; a later one uses what the session has kept, in the way
that its authors provide for other data. A session imports when it is opened. The libraries of the hand-written models
sample a toy then, so that what they import late, or compile once in an installation, is not counted against them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from tables import columns
from textbook import Draws, textbook

import bayescale as bs

CHAINS = 4
Stats = dict[str, float]
Session = Callable[[bs.Runs, int], tuple[Draws, Stats]]


def open_session(method: str) -> Session:
    """``"bayescale"``, or ``"library:model:warm-up:draws"`` with library numpyro, pymc or nutpie."""
    library, *of = method.split(":")
    if library == "bayescale":
        return _bayescale()
    model, warmup, draws = of
    return {"numpyro": _numpyro, "pymc": _pymc, "nutpie": _nutpie}[library](model, int(warmup), int(draws))


def _bayescale() -> Session:
    for lazy in ("inference.fit", "inference.instant.engine", "laws.catalogue"):
        import_module(f"bayescale.{lazy}")
    for lazy in ("arviz_stats.base", "scipy.optimize"):
        import_module(lazy)

    def fit(runs: bs.Runs, seed: int) -> tuple[Draws, Stats]:
        with _watching_sampler() as seen:
            fitted = bs.fit("chinchilla", runs, seed=seed)
        draws = {str(name): value.to_numpy() for name, value in fitted.posterior.data_vars.items()}
        nuts = "n_steps" in fitted.sample_stats
        stats = {"warmup": fitted.settings.warmup * nuts, "draws": fitted.settings.draws, **seen}
        if nuts:
            stats["steps"] = float(fitted.sample_stats["n_steps"].mean())
            stats["divergences"] = int(fitted.sample_stats["diverging"].sum())
        return draws, stats

    return fit


@contextmanager
def _watching_sampler() -> Iterator[Stats]:
    """Seconds from here until NUTS is called, and until a chain has made its first draws, filled in as they come."""
    from bayescale.inference import nuts_attempts

    began, run_nuts = time.perf_counter(), nuts_attempts.run_nuts
    seen: Stats = {}

    def note(what: str) -> None:
        seen.setdefault(what, time.perf_counter() - began)

    def watched(*args: Any, **settings: Any) -> Any:
        note("sampler_s")
        return run_nuts(*args, **{**settings, "progress": lambda *_: note("first_draws_s")})

    nuts_attempts.run_nuts = watched
    try:
        yield seen
    finally:
        nuts_attempts.run_nuts = run_nuts


def _numpyro(model: str, warmup: int, n_draws: int) -> Session:
    import jax
    import numpyro
    import numpyro_models
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    numpyro.set_host_device_count(CHAINS)

    sampler = partial(MCMC, num_chains=CHAINS, progress_bar=False)
    sampler(NUTS(numpyro_models.toy), num_warmup=10, num_samples=10).run(jax.random.key(0))
    mcmc = sampler(NUTS(getattr(numpyro_models, model)), num_warmup=warmup, num_samples=n_draws)

    def fit(runs: bs.Runs, seed: int) -> tuple[Draws, Stats]:
        data = columns(runs)
        mcmc.run(jax.random.key(seed), data, extra_fields=("diverging", "num_steps"))
        extra = mcmc.get_extra_fields()
        stats = {"steps": float(np.mean(extra["num_steps"])), "divergences": int(np.sum(extra["diverging"]))}
        drawn = textbook(model, mcmc.get_samples(group_by_chain=True), data)
        return drawn, {"warmup": warmup, "draws": n_draws, **stats}

    return fit


def _pymc(model: str, warmup: int, n_draws: int) -> Session:
    import pymc as pm
    import pymc_models
    import scipy.special  # noqa: F401

    # PyMC's own sampler: where nutpie is installed it would hand over to that, which is measured by itself.
    sample = partial(pm.sample, nuts_sampler="pymc", chains=CHAINS, progressbar=False, quiet=True)
    sample = partial(sample, compute_convergence_checks=False)
    sample(10, tune=10, model=pymc_models.toy(), random_seed=0)

    def fit(runs: bs.Runs, seed: int) -> tuple[Draws, Stats]:
        data = columns(runs)
        tree = sample(n_draws, tune=warmup, model=getattr(pymc_models, model)(data), random_seed=seed)
        return _from_tree(tree, model, data, warmup)

    return fit


def _nutpie(model: str, warmup: int, n_draws: int) -> Session:
    import nutpie
    import pymc_models

    sample = partial(nutpie.sample, chains=CHAINS, progress_bar=False, save_warmup=False)
    sample(nutpie.compile_pymc_model(pymc_models.toy()), draws=10, tune=10, seed=0)
    compiled = None

    def fit(runs: bs.Runs, seed: int) -> tuple[Draws, Stats]:
        nonlocal compiled
        data = columns(runs)
        if compiled is None:
            compiled = nutpie.compile_pymc_model(getattr(pymc_models, model)(data))
        else:
            used = {variable.name for variable in compiled.shared_var_keys}
            compiled = compiled.with_data(**{name: value for name, value in data.items() if name in used})
        tree = sample(compiled, draws=n_draws, tune=warmup, seed=seed)
        return _from_tree(tree, model, data, warmup)

    return fit


def _from_tree(tree: Any, model: str, data: dict[str, Any], warmup: int) -> tuple[Draws, Stats]:
    """Draws and statistics of a DataTree."""
    sampled = {str(n): v.transpose("chain", "draw", ...).to_numpy() for n, v in tree["posterior"].data_vars.items()}
    of = tree["sample_stats"]
    stats = {"steps": float(of["n_steps"].mean()), "divergences": int(of["diverging"].sum())}
    return textbook(model, sampled, data), {"warmup": warmup, "draws": of.sizes["draw"], **stats}
