"""Simulated experiments from known truths."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from bayescale.inference.evaluate import curve
from bayescale.inference.precision import computing
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.errors import SettingsError
from bayescale.laws import Law
from bayescale.models import Noise


def simulate(
    laws: Law | dict[str, Law],
    design: pd.DataFrame,
    *,
    sigma: float = 0.005,
    nu: float = 5.0,
    noise: Noise | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Draw losses for a design from laws at known parameter values, with Student-t noise on log loss.

    Laws of another response give that response.

    Args:
        laws: one law at parameter values, or one per family by name.
        design: one row per run, with columns params (parameters) and tokens (or whatever the law takes), and
            ``family`` if there are several laws.
        sigma: scale of the noise on log loss, at least 0; 0 gives the law itself.
        nu: its degrees of freedom, positive; ``inf`` is normal noise.
        noise: another noise at parameter values instead, such as ``models.BetaBinomial(rho=0.001)`` for an accuracy;
            the design then has the columns that it takes, here ``items``.
        seed: of the noise.

    Returns:
        the design with a column of the response, ``loss`` in nats/token, ready for ``read_runs``.

    Raises:
        SettingsError: a design that lacks a column or names an unknown family, noise of no size, or no seed.

    Examples:
        >>> from bayescale.laws import Chinchilla
        >>> design = pd.DataFrame({"params": [1e8, 1e9], "tokens": [2e9, 2e10]})
        >>> simulate(Chinchilla.published["hoffmann2022training"], design, sigma=0.0)["loss"].round(3).tolist()
        [3.486, 2.58]
    """
    if not (sigma >= 0 and nu > 0):
        raise SettingsError(f"sigma must be at least 0 and nu positive, got sigma={sigma!r} and nu={nu!r}.")
    seed = seed_for(check_seed(seed), "simulate")
    by_name = {"": laws} if isinstance(laws, Law) else dict(laws)
    responses = {law.response for law in by_name.values()}
    if len(responses) != 1:
        raise SettingsError(f"The laws must have one response, got {', '.join(sorted(q.name for q in responses))}.")
    families = pd.Series("", index=design.index) if isinstance(laws, Law) else design.get("family")
    if families is None or not set(families) <= set(by_name):
        raise SettingsError(f"The design needs a family column with only these names: {', '.join(by_name)}.")
    out, mean = design.copy(), np.empty(len(design))
    for name, law in by_name.items():
        rows = (families == name).to_numpy()
        if missing := [column for column in law.inputs() if column not in design]:
            raise SettingsError(f"The design lacks {missing[0]!r}, which the law {law.name!r} takes.")
        columns = {column: design.loc[rows, column].to_numpy(float) for column in law.inputs()}
        with computing():
            mean[rows] = np.log(curve(law, columns))
    (response,) = responses
    out[response.name] = _scattered(mean, sigma, nu, seed) if noise is None else _observed(mean, noise, design, seed)
    if not out[response.name].between(response.lower, response.upper).all():
        raise SettingsError(
            f"The noise carries {response.name} outside of {response.lower:g} to {response.upper:g}; make its scale "
            "smaller, or give one that knows its bounds, such as noise=models.BetaBinomial(rho=0.001)."
        )
    return out


def _scattered(mean: np.ndarray, sigma: float, nu: float, seed: int) -> np.ndarray:
    """Responses with Student-t noise on their log."""
    rng = np.random.default_rng(seed)
    scatter = rng.standard_normal(mean.size) if np.isinf(nu) else rng.standard_t(nu, mean.size)
    return np.exp(mean + sigma * scatter)


def _observed(mean: np.ndarray, noise: Noise, design: pd.DataFrame, seed: int) -> np.ndarray:
    """Responses with a noise of any kind."""
    if missing := [q.name for q in noise.columns.values() if q.name not in design]:
        raise SettingsError(f"The design lacks {missing[0]!r}, which the noise {noise.name!r} takes.")
    columns = {argument: design[quantity.name].to_numpy(float) for argument, quantity in noise.columns.items()}
    with computing():
        around = noise.around(jnp.asarray(mean), jnp.zeros(mean.size), columns)
        return np.asarray(noise.to_response(around.sample(jax.random.key(seed))))
