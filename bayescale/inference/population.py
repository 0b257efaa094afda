"""The population of a hierarchical fit as priors for the next family."""

from __future__ import annotations

import jax
import numpy as np

from bayescale.inference.evaluate import new_family_draws
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import flat_sites
from bayescale.inference.precision import computing
from bayescale.inference.settings import seed_for
from bayescale.language.errors import SettingsError
from bayescale.language.priors import LogNormal, Prior
from bayescale.laws import Law


def population_priors(fit: Fit) -> dict[str, Prior]:
    """Log-normal priors of a new family's parameters, as a hierarchical fit predicts them.

    Args:
        fit: of several families, pooled partially.

    Returns:
        prior by parameter, of those parameters of law and noise that families have of their own and that no anchor
        moves: the irreducible loss and exponents, not coefficients. For ``fit(..., priors=...)``.

    Raises:
        SettingsError: a fit without partially pooled families.

    Examples:
        >>> import bayescale as bs
        >>> runs = bs.datasets.load("pile-families").select(["Cerebras-GPT", "Pythia", "Pythia deduped"])
        >>> sorted(population_priors(bs.fit("chinchilla", runs, warmup=200, draws=200)))
        ['E', 'alpha', 'beta', 'sigma']
    """
    own = [p.name for p in (*fit.model.partial_law, *fit.model.partial_noise)]
    if not own:
        raise SettingsError("Priors of a population need a fit of several families with pooling='partial'.")
    with computing():
        key = jax.random.key(seed_for(fit.seed, "population priors"))
        values = new_family_draws(fit.model, flat_sites(fit.unconstrained), key)
    found: dict[str, Prior] = {}
    for name in own:
        if name in _moved(fit.law) or not fit.model.prior(name).positive:
            continue
        found[name] = log_normal(np.log(np.asarray(values[name], float)))
    return found


def log_normal(logs: np.ndarray) -> LogNormal:
    """The log-normal of draws on the log scale: tails are those of few families, quantiles say more than moments."""
    low, middle, high = np.quantile(logs, [0.1587, 0.5, 0.8413])
    return LogNormal(float(np.exp(middle)), float((high - low) / 2.0))


def _moved(law: type[Law]) -> set[str]:
    """The parameters whose textbook value is another than that at anchors."""
    middle = {p.name: float(p.prior.typical()) for p in law.parameters}
    one = law(**middle, **{anchor.name: 10.0 for anchor in law.anchors})
    return {
        name for name, value in one.textbook().values.items() if not np.isclose(float(value), middle.get(name, np.nan))
    }
