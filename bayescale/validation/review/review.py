"""The door of review: everything that can be asked of a fitted model's form."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bayescale.data.counted import counted
from bayescale.decisions.inputs import is_positive_number
from bayescale.inference.checks import Check, Checks
from bayescale.inference.fit import Fit
from bayescale.inference.settings import check_seed
from bayescale.language.errors import SettingsError
from bayescale.validation.review import drift, loo, residuals, seed_noise, sensitivity, valleys
from bayescale.validation.review.evidence import Evidence, gather
from bayescale.validation.review.result import Review

Found = tuple[pd.DataFrame, tuple[Check, ...]]


def review(fit: Fit, *, noise: float | None = None, refits: bool = True, seed: int | None = None) -> Review:
    """Say what speaks against a fitted model: the law's form, its noise, its priors.

    Looked at are trends of residuals along the law's inputs and compute; drift of parameters when the largest runs are
    left out; the curvature of IsoFLOP valleys where the table has budgets; leave-one-out scores by budget and family;
    sensitivity to the priors; and scatter against that of seeds. What a table cannot say is named in ``left_out``.

    Args:
        fit: the fit; it should pass its own checks, which say whether the sampler did its work.
        noise: sd of log loss between runs that differ in their seed alone, positive; by default what is known of
            healthy runs (0.03 to 0.07 %), or the table's ``loss_se``.
        refits: refit smaller tables and free valleys, some hundredths of a second each after compiling.
        seed: of replicates, permutations and refits; by default that of the fit.

    Returns:
        a :class:`Review`. The rate of false alarms of a check of a p-value is that p-value: 1 % for warnings.

    Raises:
        SettingsError: no fit, a noise that is not positive, no seed.

    References:
        gelman1996posterior, vehtari2017practical, kallioinen2024detecting, hausman1978specification

    Examples:
        >>> import numpy as np
        >>> import bayescale as bs
        >>> truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
        >>> sizes, ratios = np.meshgrid(np.geomspace(1e8, 1e10, 7), [5, 20, 80, 320])
        >>> design = pd.DataFrame({"params": sizes.ravel(), "tokens": (sizes * ratios).ravel()})
        >>> runs = bs.read_runs(bs.simulate(truth, design, sigma=0.001, seed=3))
        >>> review(bs.fit("chinchilla", runs), refits=False).checks.failed
        ()
    """
    if not isinstance(fit, Fit):
        raise SettingsError(f"review takes a fit, got {type(fit).__name__}; make one with fit(law, runs), or load it.")
    if noise is not None and not is_positive_number(noise):
        raise SettingsError(f"noise must be a positive sd of log loss such as 0.0005, got {noise!r}.")
    chosen = fit.seed if seed is None else check_seed(seed)
    evidence: Evidence = gather(fit, chosen)
    skipped = _no_refits(fit) if refits else "refits=False"
    steps: dict[str, tuple[list[str], str, Callable[[], Found]]] = {
        "residuals": (residuals.COLUMNS, "", lambda: residuals.residual_trends(fit, evidence)),
        "drift": (drift.COLUMNS, skipped, lambda: drift.drift(fit, chosen)),
        "valleys": (valleys.COLUMNS, skipped, lambda: valleys.valley_curvature(fit, chosen)),
        "scores": (loo.COLUMNS, "", lambda: loo.loo_scores(fit, chosen)),
        "sensitivity": (sensitivity.COLUMNS, "", lambda: sensitivity.prior_sensitivity(fit)),
        "noise": (seed_noise.COLUMNS, _no_scale(fit), lambda: seed_noise.seed_noise(fit, noise)),
    }
    tables: dict[str, pd.DataFrame] = {}
    checks: list[Check] = []
    left_out: list[str] = []
    for name, (columns, why, look) in steps.items():
        tables[name], found, why = _look(columns, why, look)
        checks += found
        if why or not found:
            left_out.append(f"{name} ({why or 'too few runs'})")
        elif name == "residuals":
            left_out += residuals.not_tested(fit, found)
    of = f"{fit.law.name}, {counted(fit.runs)}{f' in {len(fit.groups)} families' if len(fit.groups) > 1 else ''}"
    return Review(of, Checks(tuple(checks)), left_out=tuple(left_out), **tables)


def _look(columns: list[str], why: str, look: Callable[[], Found]) -> tuple[pd.DataFrame, tuple[Check, ...], str]:
    """Table and checks, or why there are none."""
    if not why:
        try:
            return *look(), ""
        except SettingsError as error:
            why = str(error)
    return pd.DataFrame(columns=columns), (), why


def _no_refits(fit: Fit) -> str:
    """Why tables cannot be refitted by the batch; empty where they can."""
    if fit.model.noise.of_value:
        return "batches of refits know noises of log loss only"
    if fit.model.effects is not None or fit.model.residuals is not None:
        return "batches of refits know neither effects nor residuals along runs"
    return ""


def _no_scale(fit: Fit) -> str:
    if fit.model.noise.of_value or fit.law.response.name != "loss":
        return "what seeds do is known of losses only"
    return ""
