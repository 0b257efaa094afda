"""What to tell when a search has no answer."""

from __future__ import annotations

import numpy as np

from bayescale.inference.point.curve import Rows, local
from bayescale.inference.point.search import Found
from bayescale.inference.point.settings import PointSettings
from bayescale.inference.point.starts import prior_moments
from bayescale.language.errors import FitError
from bayescale.laws import Law

# Along a flat direction the objective has less than this part of the curvature that it has along its parameters.
FLAT = 1e-10
WHAT_TO_DO = (
    "If that is far, the data want it at its limit: drop the term, or use fit, which has priors; if it is near, give "
    "more starts or iterations, or a larger delta."
)


def not_converged(law: type[Law], settings: PointSettings, rows: Rows, found: Found, where: str) -> FitError:
    """The error when no start converged: it names parameters that the design does not tell apart."""
    if not np.isfinite(found.objective).any():
        return FitError(f"No start{where} has a finite objective; look at the table's units and at the law's formula.")
    if names := flat_parameters(law, settings, rows):
        return FitError(
            f"No start{where} converged: this design says nothing of {', '.join(names)}, or does not tell them apart, "
            "so that no point is the best. Add runs that vary size and tokens separately, or use fit, which has priors."
        )
    least = int(np.where(np.isfinite(found.objective), found.objective, np.inf).argmin())
    return FitError(
        f"None of {len(found.objective):,} starts{where} converged; the best of them stopped with "
        f"{_farthest(law, found.position[least])}. {WHAT_TO_DO}"
    )


def flat_parameters(law: type[Law], settings: PointSettings, rows: Rows) -> list[str]:
    """The parameters that can move, alone or together, without changing the curve at any row.

    They are looked for near the priors' centers, where every term of the law counts, but not at the centers, where
    parameters with equal priors may look alike that are not.
    """
    center, scale = prior_moments(law)
    position = center + scale * np.linspace(-0.5, 0.5, center.size)
    at = local(law, settings.loss, position, rows.mask, settings.delta, rows)
    curvature = np.asarray(at.near + at.far)
    own = np.sqrt(np.diag(curvature))
    moving = own > FLAT * own.max()
    values, vectors = np.linalg.eigh(curvature[np.ix_(moving, moving)] / np.outer(own[moving], own[moving]))
    flat = ~moving
    flat[moving] = (np.abs(vectors[:, values < FLAT]) > 0.1).any(axis=1)
    return [p.name for p, found in zip(law.parameters, flat, strict=True) if found]


def runs_off(law: type[Law], position: np.ndarray, lower: float, best: float, where: str) -> FitError:
    """The error when a start that did not converge got below the best optimum: it names the parameter farthest out."""
    return FitError(
        f"The least objective{where} is not at an optimum: a start that did not converge reached {lower:.6g}, below "
        f"the best optimum's {best:.6g}, with {_farthest(law, position)}. {WHAT_TO_DO}"
    )


def _farthest(law: type[Law], position: np.ndarray) -> str:
    """The parameter that is farthest from its prior, in words."""
    center, scale = prior_moments(law)
    away = (position - center) / scale
    farthest = int(np.abs(away).argmax())
    side = "below" if away[farthest] < 0 else "above"
    return f"{law.parameters[farthest].name} {abs(away[farthest]):.0f} prior standard deviations {side} its prior"
