"""What to tell when a search has no answer."""

from __future__ import annotations

import numpy as np

from bayescale.inference.point.curve import Rows, local
from bayescale.inference.point.search import Found
from bayescale.inference.point.settings import PointSettings
from bayescale.inference.point.starts import prior_moments
from bayescale.language.errors import FitError
from bayescale.laws import Law

# A direction in which the objective is this much flatter than along its parameters alone.
FLAT = 1e-8


def not_converged(law: type[Law], settings: PointSettings, rows: Rows, found: Found, where: str) -> FitError:
    """The error when no start converged: it names parameters that the design does not tell apart."""
    finite = np.where(np.isfinite(found.objective), found.objective, np.inf)
    if not np.isfinite(finite).any():
        return FitError(f"No start{where} has a finite objective; look at the table's units and at the law's formula.")
    names = flat_parameters(law, settings, rows, found.position[int(finite.argmin())])
    if names:
        return FitError(
            f"No start converged{where}: this design does not tell {' and '.join(names)} apart, so that no point is "
            "the best. Add runs that differ in size and tokens separately, or use fit, whose priors settle it."
        )
    return FitError(
        f"None of {len(found.objective):,} starts converged{where}. Give more starts or iterations, a larger delta, or "
        "use fit, whose priors keep parameters that the data leave open in their place."
    )


def flat_parameters(law: type[Law], settings: PointSettings, rows: Rows, position: np.ndarray) -> list[str]:
    """The parameters that can move together without changing the curve at any row."""
    at = local(law, settings.loss, position, rows.mask, settings.delta, rows)
    curvature = np.asarray(at.near + at.far)
    scale = np.sqrt(np.diag(curvature))
    names = [p.name for p in law.parameters]
    if (still := scale <= FLAT * scale.max()).any():
        return [name for name, flat in zip(names, still, strict=True) if flat]
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    if values[0] > FLAT**2 * len(names):
        return []
    return [name for name, part in zip(names, np.abs(vectors[:, 0]), strict=True) if part > 0.1]


def runs_off(law: type[Law], position: np.ndarray, lower: float, best: float, where: str) -> FitError:
    """The error when a start without an end got below the best optimum: it names the parameter farthest out."""
    center, scale = prior_moments(law)
    away = (position - center) / scale
    farthest = int(np.abs(away).argmax())
    name, side = law.parameters[farthest].name, "low" if away[farthest] < 0 else "high"
    return FitError(
        f"The least objective{where} is not at an optimum: a start that did not converge reached {lower:.6g}, below the "
        f"best optimum's {best:.6g}, with {name} {abs(away[farthest]):.0f} prior standard deviations too {side}. The "
        "data want it at its limit; drop that term from the law, or use fit, or give more iterations."
    )
