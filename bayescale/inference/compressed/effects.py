"""Effects of whole curves beside a compressed likelihood: what the law misses of their levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayescale.inference.curves import curves_of
from bayescale.inference.pilot import Pilot
from bayescale.models import Model

# The law and the effects take turns so often.
TURNS = 4


def missed_levels(model: Model, arrays: Mapping[str, Any], pilot: Pilot) -> np.ndarray:
    """What the law misses of every level of the effects on average."""
    mean, _ = curves_of(model, arrays)(pilot.value)
    missed, counted = np.zeros(model.n_levels), np.zeros(model.n_levels)
    np.add.at(missed, arrays["level"], np.where(arrays["mask"], arrays["log_loss"] - mean, 0.0))
    np.add.at(counted, arrays["level"], arrays["mask"])
    return missed / np.maximum(counted, 1.0)


def without(arrays: Mapping[str, Any], shifts: np.ndarray) -> dict[str, Any]:
    """The arrays without effects. Forms stay as they are: nodes and rows of a curve move by one number."""
    return {**arrays, "log_loss": arrays["log_loss"] - shifts[arrays["level"]]}


def level_sums(model: Model, arrays: Mapping[str, Any], pilot: Pilot) -> tuple[np.ndarray, np.ndarray]:
    """Precision of every level as curves know it, and that times what the law misses of it.

    Args:
        model: with effects.
        arrays: of a compressed layout.
        pilot: from :func:`fit_curves`, which keeps both in the place of a curve's first node.
    """
    known, push = np.full(model.n_levels, 1e-300), np.zeros(model.n_levels)
    level = arrays["level"][:, 0]
    np.add.at(known, level, pilot.row_precision[:, 0])
    np.add.at(push, level, pilot.row_precision[:, 0] * pilot.row_residual[:, 0])
    return known, push
