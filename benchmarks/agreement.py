"""Effective draws of a sample, and whether two samples are of one posterior."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import arviz as az
import numpy as np
from scipy.stats import norm

FALSE_ALARM = 0.001
SD_TOLERANCE = 0.1
# A mean is then known to 0.07 posterior sds, an sd to some 5 %: small enough for a wrong prior or formula to show.
LEAST_ESS = 200
LARGEST_R_HAT = 1.05


def scalars(draws: Mapping[str, np.ndarray], names: Iterable[str]) -> dict[str, np.ndarray]:
    """Chain x draw per scalar parameter."""
    flat = {}
    for name in names:
        value = draws[name].reshape(*draws[name].shape[:2], -1)
        size = value.shape[-1]
        flat.update({name if size == 1 else f"{name}[{j}]": value[..., j] for j in range(size)})
    return flat


def smallest_ess(flat: Mapping[str, np.ndarray]) -> tuple[float, str]:
    """The smallest rank-normalised bulk ESS, and the parameter that has it."""
    return min((float(az.ess(value, method="bulk")), name) for name, value in flat.items())


def largest_r_hat(flat: Mapping[str, np.ndarray]) -> float:
    """The largest rank-normalised R-hat."""
    return max(float(az.rhat(value)) for value in flat.values())


def agreement(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> tuple[bool, str]:
    """Whether two samples of positive parameters are of one posterior, as far as Monte-Carlo error lets one see.

    On logs, since moments of A and B are those of heavy tails. Means: |z| of their difference, below the 99.9 % point
    of the largest of that many normals. Sds: within 10 % plus three standard errors of their ratio. Both rest on errors
    that a sample with few effective draws, or with chains that have not met, does not give: then there is no verdict,
    which counts as no agreement.

    Args:
        ours, theirs: chain x draw by scalar parameter; the same names.

    Returns:
        the verdict, and the numbers it rests on.
    """
    for sample in (ours, theirs):
        (ess, name), r_hat = smallest_ess(sample), largest_r_hat(sample)
        if ess < LEAST_ESS or r_hat > LARGEST_R_HAT:
            return False, f"too few effective draws to tell (ESS {ess:.0f} of {name}, largest R-hat {r_hat:.3f})"
    z, ratios, allowed = [], [], []
    for name, value in ours.items():
        a, b = np.log(value), np.log(theirs[name])
        z.append((a.mean() - b.mean()) / np.hypot(float(az.mcse(a)), float(az.mcse(b))))
        ratios.append(a.std() / b.std())
        errors = [float(az.mcse(x, method="sd")) / x.std() for x in (a, b)]
        allowed.append(SD_TOLERANCE + 3 * float(np.hypot(*errors)))
    limit, names = float(norm.isf(FALSE_ALARM / 2 / len(z))), list(ours)
    agree = max(map(abs, z)) < limit and all(abs(r - 1) < t for r, t in zip(ratios, allowed, strict=True))
    worst_mean, worst_sd = names[int(np.argmax(np.abs(z)))], names[int(np.argmax(np.abs(np.log(ratios))))]
    words = (
        f"{len(z)} parameters, largest |z| of means {max(map(abs, z)):.2f} ({worst_mean}; limit {limit:.2f}), "
        f"ratio of sds {min(ratios):.2f}-{max(ratios):.2f} (farthest from 1: {worst_sd})"
    )
    return bool(agree), words
