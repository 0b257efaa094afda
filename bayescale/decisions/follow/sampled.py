"""Parameters that are sampled by their logs, many draws at once."""

from __future__ import annotations

from typing import Self

import numpy as np

from bayescale.language.declared import Declared


class Sampled(Declared, abstract=True):
    """Positive parameters over draw."""

    @classmethod
    def at(cls, logs: np.ndarray) -> Self:
        """Return the parameters at their logs, draw x parameter."""
        return cls(**{p.name: np.exp(logs[:, i]) for i, p in enumerate(cls.parameters)})

    @classmethod
    def log_prior(cls, logs: np.ndarray) -> np.ndarray:
        """Return the log density of logs of parameters, draw x parameter, over draw."""
        return np.sum([p.prior.log_density(logs[:, i]) for i, p in enumerate(cls.parameters)], axis=0)
