"""Priors of several parameters that hold together, at sizes of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bayescale.language.errors import SettingsError
from bayescale.language.prior import Prior, is_number


@dataclass(frozen=True, eq=False)
class Priors(Mapping[str, Prior]):
    """Priors by parameter, and the anchors at which they hold, for ``fit(..., priors=...)``.

    A coefficient such as Chinchilla's A is the loss from finite size at the anchor N0. Usually anchors are the
    geometric means of the table that is fitted, and priors hold there. These hold at the given ones, and so are the
    same statement for every table: at 1 for priors of the coefficients that papers print.

    Args:
        priors: by parameter of law and noise.
        anchors: by anchor of the law, positive; those that are not given stay where the table puts them.
        record: where they are from, for whoever asks.

    Raises:
        SettingsError: something that is no prior, or an anchor that is no positive number.

    Examples:
        >>> from bayescale.language.priors import LogNormal
        >>> papers = Priors({"A": LogNormal(480.0, 0.5)}, anchors={"N0": 1.0})
        >>> sorted(papers), dict(papers.anchors)
        (['A'], {'N0': 1.0})
    """

    priors: Mapping[str, Prior]
    anchors: Mapping[str, float] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, prior in self.priors.items():
            if not isinstance(prior, Prior):
                raise SettingsError(
                    f"The prior of {name!r} must be a Prior such as LogNormal(0.4, 0.4), got {prior!r}."
                )
        for name, value in self.anchors.items():
            if not (is_number(value) and math.isfinite(value) and value > 0):
                raise SettingsError(f"The anchor {name!r} must be a positive finite number, got {value!r}.")
        for name in ("priors", "anchors", "record"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __getitem__(self, name: str) -> Prior:
        return self.priors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.priors)

    def __len__(self) -> int:
        return len(self.priors)

    def __repr__(self) -> str:
        priors = ", ".join(f"{name}: {prior}" for name, prior in self.priors.items())
        anchors = ", ".join(f"{name} = {value:.4g}" for name, value in self.anchors.items())
        return f"Priors({priors}{f'; at {anchors}' if anchors else ''})"
