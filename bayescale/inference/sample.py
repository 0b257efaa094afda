"""What an engine returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.inference.settings import Settings


@dataclass(frozen=True, eq=False)
class Sample:
    """Draws, and how they were made.

    Args:
        sites: unconstrained values of every sampled site, chain x draw x ...
        stats: sampler statistics, chain x draw.
        settings: as they were in the end.
        record: for the fit's record: ``engine`` (name, why, quality), ``likelihood`` and, of NUTS, its ``attempts`` and
            how often it was ``resumed``.
        seconds_before: that processes took which were ended before this one.
    """

    sites: Mapping[str, np.ndarray]
    stats: Mapping[str, np.ndarray]
    settings: Settings
    record: Mapping[str, Any]
    seconds_before: float = 0.0
