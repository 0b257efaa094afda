"""The checked model that a law, a noise, a pooling, effects and residuals make."""

from __future__ import annotations

from collections.abc import Mapping

from bayescale.language.errors import SettingsError
from bayescale.language.prior_set import Priors
from bayescale.language.priors import Prior
from bayescale.laws import Law
from bayescale.laws.pooled import check_pooled
from bayescale.models.effects import RunEffects
from bayescale.models.model import Model
from bayescale.models.names import check_names
from bayescale.models.noise import Noise
from bayescale.models.noise_check import check_log_likelihood, check_scaling
from bayescale.models.pooling import Pooling
from bayescale.models.residuals import Residuals


def build_model(
    law: type[Law],
    *,
    noise: type[Noise],
    pooling: Pooling,
    effects: RunEffects | None = None,
    priors: Mapping[str, Prior] | None = None,
    n_families: int = 1,
    n_levels: int = 0,
    residuals: type[Residuals] | None = None,
) -> Model:
    """Return a checked :class:`Model`.

    Raises:
        SettingsError: a prior or a pooling for a parameter that the law and the noise do not have, or one they share;
            priors at an anchor that the law does not have, or without a parameter that is a value there; residuals
            along runs with a noise that is not a scale times one distribution of log loss.
        LawError: a law with a name that the model uses or with pooled coordinates that break their rules, or a noise
            whose two densities differ.
    """
    check_names(law, noise, residuals)
    if residuals is not None:
        check_scaling(noise, residuals.name)
    declared = {p.name for one in (law, noise, *([residuals] if residuals else [])) for p in one.parameters}
    for what, names in (("prior", set(priors or {})), ("pooling", {name for name, _ in pooling.overrides})):
        if unknown := sorted(names - declared):
            raise SettingsError(
                f"There is no parameter {unknown[0]!r} to set the {what} of; "
                f"{law.name} with {noise.name} noise has {', '.join(sorted(declared))}."
            )
    for name, prior in (priors or {}).items():
        if not isinstance(prior, Prior):
            raise SettingsError(f"The prior of {name!r} must be a Prior such as LogNormal(0.4, 0.4), got {prior!r}.")
    replaced = tuple(sorted((priors or {}).items()))
    anchors = prior_anchors(law, priors)
    model = Model(law, noise, pooling, effects, replaced, n_families, n_levels, residuals, anchors)
    if model.uses_pooled:
        check_pooled(law)
    check_log_likelihood(noise)
    return model


def prior_anchors(law: type[Law], priors: Mapping[str, Prior] | None) -> tuple[tuple[str, float], ...]:
    """Pairs of an anchor and where priors hold, as far as these say so.

    Raises:
        SettingsError: the law has no such anchor.
    """
    given = dict(priors.anchors) if isinstance(priors, Priors) else {}
    names = [anchor.name for anchor in law.anchors]
    if unknown := sorted(set(given) - set(names)):
        has = f"has {', '.join(names)}" if names else "has none"
        raise SettingsError(f"The priors hold at {unknown[0]!r}, and there is no such anchor; {law.name} {has}.")
    # A declared prior holds at the middle of a table, and would say something else at another place.
    lacking = [p.name for p in law.parameters if set(p.at) & set(given) and p.name not in (priors or {})]
    if lacking:
        raise SettingsError(
            f"The priors hold at {', '.join(f'{name} = {value:g}' for name, value in given.items())} and have none of "
            f"{lacking[0]!r}, which is a value there; give its prior too."
        )
    return tuple(sorted((name, float(value)) for name, value in given.items()))
