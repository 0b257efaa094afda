"""Names of sampled sites and posterior variables, and which of them a law's own names would collide with."""

from __future__ import annotations

from bayescale.language.errors import LawError, SettingsError
from bayescale.laws import Law
from bayescale.models.noise import Noise
from bayescale.models.residuals import Residuals

EFFECTS = "run_effects"
OMEGA = "run_effects_sd"
FAMILY = "family_parameters"
CORRELATION = "family_correlation"
OBSERVED = "log_loss"

ENDINGS = ("_population", "_between", "_family")
SITES = (EFFECTS, OMEGA, FAMILY, CORRELATION, OBSERVED)
# Dimensions of the posterior, and variables of its other groups.
DIMENSIONS = ("chain", "draw", "family", "level", "coordinate", "coordinate_other", "correlation_coordinate", "run")
# "default" is the key of a mapping of poolings that means all others.
RESERVED = frozenset((*SITES, *DIMENSIONS, "loss", "default"))


def check_names(law: type[Law], noise: type[Noise], residuals: type[Residuals] | None = None) -> None:
    """Refuse names that two variables of the model would share.

    Raises:
        LawError: a law or a noise that uses a name of the model's own.
        SettingsError: a law, a noise and residuals that do not go together.
    """
    coordinates = [c.name for c in law.pooled]
    of_law, of_noise = _names(law), _names(noise)
    # A coordinate is seen only as {coordinate}_between, so it may be called level.
    reserved = RESERVED | {law.response.name}
    checked: list[tuple[type[Law] | type[Noise] | type[Residuals], list[str], frozenset[str]]] = [
        (law, of_law, reserved),
        (noise, of_noise, reserved),
        (law, coordinates, frozenset()),
    ]
    if residuals is not None:
        checked.append((residuals, _names(residuals), reserved))
    for owner, names, taken in checked:
        if wrong := sorted(name for name in names if name.endswith(ENDINGS) or name in taken):
            raise LawError(
                f"{owner.__name__} declares {wrong[0]!r}; names that end in {', '.join(ENDINGS)} and the names "
                f"{', '.join(sorted(reserved))} belong to the variables of a fit, so rename it."
            )
    if shared := sorted({*of_law, *coordinates} & set(of_noise)):
        raise SettingsError(
            f"The law {law.name} and the noise {noise.name} both have a {shared[0]!r}; rename the law's."
        )
    if residuals is not None and (shared := sorted({*of_law, *coordinates, *of_noise} & set(_names(residuals)))):
        other = f"noise {noise.name}" if shared[0] in of_noise else f"law {law.name}"
        raise SettingsError(
            f"The {other} and the residuals {residuals.name!r} both have a {shared[0]!r}; take other residuals, or "
            "rename it."
        )


def _names(one: type[Law] | type[Noise] | type[Residuals]) -> list[str]:
    return [*(p.name for p in one.parameters), *(d.name for d in one.derived_quantities)]
