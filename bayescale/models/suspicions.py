"""Arguments of a fit that are accepted and look like a mistake."""

from __future__ import annotations

from bayescale.data import Runs
from bayescale.data.checkpoints import has_checkpoints
from bayescale.language.errors import SettingsWarning
from bayescale.models.model import Model
from bayescale.models.noise import Normal

# Declared priors at anchors are right to a factor of a few for any table; textbook coefficients are off by hundreds.
FACTOR = 20.0


def prior_suspicions(model: Model) -> tuple[SettingsWarning, ...]:
    """Return a warning for each replaced prior at an anchor that lies far from the declared one.

    Papers print coefficients at one parameter and one token, hundreds of times those at the anchors.
    """
    found, priors = [], dict(model.priors)
    other = "; it is not the coefficient with anchors at 1 that papers print and fits show" * model.law.has_textbook()
    for p in model.law.parameters:
        if not p.at or p.name not in priors or set(p.at) <= set(dict(model.anchors)):
            continue
        given, usual = priors[p.name].typical(), p.prior.typical()
        if usual > 0 and not usual / FACTOR <= given <= usual * FACTOR:
            found.append(
                SettingsWarning(
                    "prior-at-anchor",
                    f"the prior {priors[p.name]} of {p.name} has its centre at {given:.3g}, the declared {p.prior} at "
                    f"{usual:.3g}. Priors hold at the anchors: {p.name} is the {p.meaning}, where "
                    f"{' and '.join(p.at)} is the geometric mean of the table{other}.",
                )
            )
    return tuple(found)


def checkpoint_suspicions(model: Model, runs: Runs) -> tuple[SettingsWarning, ...]:
    """Return a warning where checkpoints of a run are taken for independent runs."""
    of_runs = model.effects is not None and model.effects.column == "run"
    if model.residuals is not None or of_runs or not has_checkpoints(runs):
        return ()
    return (
        SettingsWarning(
            "independent-checkpoints",
            "runs have several rows, and the model takes their errors for independent: intervals are too narrow. "
            "Declare residuals='ou' (or effects='run'), or keep one row per run with runs.subset(mask).",
        ),
    )


def residual_suspicions(model: Model) -> tuple[SettingsWarning, ...]:
    """Return a warning where residuals along runs have a noise whose sums are of another distribution."""
    if model.residuals is None or model.noise is Normal:
        return ()
    return (
        SettingsWarning(
            "residuals-not-normal",
            f"residuals along runs with {model.noise.name} noise: the first checkpoint of a run has that distribution, "
            "later ones are sums of such errors, which predictions of new runs do not know and which depends on the "
            "checkpoints that are asked for. Their intervals can be too narrow; noise='normal' has neither fault.",
        ),
    )
