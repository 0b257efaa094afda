"""Loops over tables as users write them by hand: a session fits one table after the other in one process."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from methods import CHAINS, Session, Stats, open_session
from padding import pad, padded
from small_tables import ROWS
from tables import columns
from textbook import Draws, textbook

import bayescale as bs

WARMUP = DRAWS = 1000


def open_loop(method: str) -> Session:
    """``"fresh:MODEL"``: a new NumPyro MCMC for every table; ``"padded:MODEL"``: one MCMC, compiled once, for tables
    that are padded to one length; ``"nutpie:MODEL"``: compiled once, then given the data of other tables.
    """
    library, model = method.split(":")
    return open_session(f"{method}:{WARMUP}:{DRAWS}") if library == "nutpie" else _numpyro(model, library == "padded")


def _numpyro(model: str, once: bool) -> Session:
    import jax
    import numpyro
    import numpyro_models
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    sampler = partial(MCMC, num_chains=CHAINS, chain_method="sequential", progress_bar=False, jit_model_args=once)
    sampler(NUTS(numpyro_models.toy), num_warmup=10, num_samples=10).run(jax.random.key(0))
    declared = getattr(numpyro_models, model)

    def new() -> Any:
        return sampler(NUTS(padded(declared) if once else declared), num_warmup=WARMUP, num_samples=DRAWS)

    kept = new()

    def fit(runs: bs.Runs, seed: int) -> tuple[Draws, Stats]:
        data, mcmc = columns(runs), kept if once else new()
        given = pad(data, ROWS[1]) if once else data
        mcmc.run(jax.random.key(seed), given, extra_fields=("diverging", "num_steps"))
        extra = mcmc.get_extra_fields()
        stats = {"steps": float(np.mean(extra["num_steps"])), "divergences": int(np.sum(extra["diverging"]))}
        return textbook(model, mcmc.get_samples(group_by_chain=True), data), stats

    return fit
