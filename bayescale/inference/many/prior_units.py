"""Posteriors of many fits in units of their priors: where the data say nothing, and where the prior was surprised."""

from __future__ import annotations

import numpy as np

from bayescale.inference.limits import CONFLICT, CONTRACTION
from bayescale.models.model import Model


def prior_codes(model: Model, unconstrained: np.ndarray) -> list[tuple[str, ...]]:
    """Which of the checks ``identified`` and ``prior-conflict`` of a single fit warn, by fit.

    Args:
        model: of one family.
        unconstrained: fit x draw x parameter; NaN where a fit failed, which has no codes.
    """
    law = [j for j, p in enumerate(model.parameters) if p in model.law.parameters]
    checked = [*law, *(j for j, p in enumerate(model.parameters) if p.name == model.noise.scale)]
    standard = np.stack([model.prior(p.name).scores(unconstrained[..., j]) for j, p in enumerate(model.parameters)], -1)
    found: list[tuple[str, ...]] = []
    for fit in standard:
        if not np.isfinite(fit).all():
            found.append(())
            continue
        # Along the direction that the data narrowed least, as in a single fit.
        loosest = float(np.sqrt(np.linalg.eigvalsh(np.cov(fit[:, law], rowvar=False)).max()))
        farthest = float(np.abs(np.median(fit[:, checked], axis=0)).max())
        codes = {"identified": loosest > CONTRACTION, "prior-conflict": farthest > CONFLICT}
        found.append(tuple(code for code, warns in codes.items() if warns))
    return found
