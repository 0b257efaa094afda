"""The noises of the package and how to find one by name."""

from __future__ import annotations

from bayescale.language.errors import SettingsError
from bayescale.models.censored import Censored
from bayescale.models.noise import NOISES, Noise
from bayescale.models.value_noise import VALUE_NOISES

_NOISES: tuple[type[Noise], ...] = (*NOISES, *VALUE_NOISES, Censored)
KNOWN: dict[str, type[Noise]] = {noise.name: noise for noise in _NOISES}


def find_noise(noise: str | type[Noise]) -> type[Noise]:
    """Return the noise class that a name or a class means.

    Raises:
        SettingsError: an unknown name, or something else.
    """
    if isinstance(noise, type) and issubclass(noise, Noise):
        return noise
    if noise not in KNOWN:
        raise SettingsError(f"noise must be one of {', '.join(KNOWN)} or a Noise class, got {noise!r}.")
    return KNOWN[noise]
