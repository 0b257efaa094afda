"""The highest point of a posterior density and the curvature there: a robust fit of the curve, then Newton's method."""

from __future__ import annotations

import numpy as np

from bayescale.inference.instant.density import Density

# Weights of the robust fit are those of a Student-t with these degrees of freedom, whatever the model's noise is.
DEGREES = 4.0
FIT_STEPS, NEWTON_STEPS = 60, 30
# The gain in log density that is near enough: a proposal is matched to the posterior's moments next. It is looked at
# when Newton's method has had so many steps to find its scale.
NEAR, SETTLED = 1e-2, 2
# Directions with less curvature than this, in units of the robust fit's, are held to be flat.
FLATTEST = 1e-3
# Step of differences, in standard deviations: a proposal needs to know how the density falls off over one of them. With
# corners, as Laplace noise has, that is another curvature than at the mode.
H = 1.0


def find_mode(density: Density) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode and a factor C with C C^T the inverse curvature there, in the density's coordinates."""
    return climb(density, *fit_curve(density, prior_moments(density)[:, 0]))


def prior_moments(density: Density) -> np.ndarray:
    """Center and sd of the prior of each law parameter on the unconstrained scale, parameter x 2."""
    return np.array([density.model.prior(p.name).unconstrained_moments() for p in density.model.law.parameters])


def climb(density: Density, law: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The mode that a fit of the curve leads to, and the factor there, as :func:`find_mode` returns them."""
    return _newton(density, start_at(density, law, scale))


def start_at(density: Density, law: np.ndarray, scale: float) -> np.ndarray:
    """The position of a fit of the curve, with the noise's other parameters where their priors have them."""
    noise = [density.model.prior(p.name).unconstrained_moments()[0] for p in density.model.noise_parameters]
    names = [p.name for p in density.model.noise_parameters]
    noise[names.index(density.model.noise.scale)] = np.log(scale)
    return density.positions(np.concatenate([law, noise])[None])[0]


def fit_curve(density: Density, start: np.ndarray) -> tuple[np.ndarray, float]:
    """Law parameters on the unconstrained scale from a robust Levenberg-Marquardt fit, and the residuals' scale.

    Args:
        density: of the posterior.
        start: law parameters on the unconstrained scale.
    """
    parameters = density.model.law.parameters
    moments = prior_moments(density)
    value, precision, damping = start.copy(), moments[:, 1] ** -2.0, 1e-2
    rows, steps = density.log_loss.size, np.eye(len(parameters)) * 1e-5

    def curve(values: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            natural = {
                p.name: density.model.prior(p.name).natural(values[:, j : j + 1]) for j, p in enumerate(parameters)
            }
            return density.log_curve(natural)

    def objective(residual: np.ndarray, value: np.ndarray, scale: float) -> float:
        fit = 0.5 * (DEGREES + 1.0) * np.log1p((residual / scale) ** 2 / DEGREES).sum()
        total = fit + 0.5 * (precision * (value - moments[:, 0]) ** 2).sum()
        return float(total) if np.isfinite(total) else np.inf

    residual = density.log_loss - curve(value[None])[0]
    # Half the residuals are smaller than the scale that the first weights trust.
    scale = max(1.5 * float(np.median(np.abs(residual))), 1e-4)
    for _ in range(FIT_STEPS):
        around = curve(np.concatenate([value + steps, value - steps]))
        slopes = (around[: len(parameters)] - around[len(parameters) :]) / 2e-5
        weight = (DEGREES + 1.0) / (DEGREES + (residual / scale) ** 2) / scale**2
        normal = (slopes * weight) @ slopes.T + np.diag(precision)
        gradient = slopes @ (weight * residual) - precision * (value - moments[:, 0])
        before = objective(residual, value, scale)
        while damping < 1e8:
            step = np.clip(np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient), -1.0, 1.0)
            tried = density.log_loss - curve((value + step)[None])[0]
            if objective(tried, value + step, scale) <= before:
                break
            damping *= 4.0
        else:
            break
        value, residual, damping = value + step, tried, max(damping / 5.0, 1e-9)
        # The Student-t's own maximum-likelihood update of its scale; a tenth per step at least, to forget the start.
        weight = (DEGREES + 1.0) / (DEGREES + (residual / scale) ** 2)
        updated = np.sqrt(((weight * residual**2).sum() + 1e-4) / (rows + 1.0))
        settled = abs(np.log(updated / scale)) < 0.05 and gradient @ step < 0.05
        scale = float(np.clip(updated, 1e-4, 0.5))
        if settled:
            break
    return value, scale


def _newton(density: Density, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Damped Newton's method on the log density, in coordinates that its own curvature keeps of order one."""
    size = density.size
    position, factor = start, np.diag(np.full(size, 0.02))
    value = float(density(position[None])[0])
    for done in range(NEWTON_STEPS):
        gradient, curvature = _derivatives(density, position, factor)
        eigenvalues, vectors = np.linalg.eigh(curvature)
        # Towards the mode also where the density is not concave; never farther than a few standard deviations.
        kept = np.maximum(np.abs(eigenvalues), FLATTEST)
        step = vectors @ ((vectors.T @ gradient) / kept)
        factor_next = factor @ (vectors / np.sqrt(kept)) @ vectors.T
        expected = float(gradient @ step)
        lengths = 0.5 ** np.arange(12)
        tries = position + lengths[:, None] * (factor @ step)
        values = density(tries)
        best = int(np.argmax(values))
        gain = float(values[best]) - value
        if gain > 0.0:
            position, value = tries[best], float(values[best])
        factor = factor_next
        # Differences over a standard deviation see no gradient of zero at a mode that leans to one side: near enough is
        # then where no step gains anything.
        if expected < NEAR or (gain < NEAR and done >= SETTLED):
            break
    return position, factor


def _derivatives(density: Density, position: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and minus the Hessian along the columns of ``factor``, by central differences in one call."""
    size = position.size
    pairs = [(i, j) for i in range(size) for j in range(i)]
    unit = np.eye(size)
    moves = [*unit, *-unit, *(unit[i] + unit[j] for i, j in pairs), *(-unit[i] - unit[j] for i, j in pairs)]
    values = density(position + H * np.array([np.zeros(size), *moves]) @ factor.T)
    middle, plus, minus = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    both = values[2 * size + 1 :].reshape(2, -1)
    first, other = np.array(pairs).T
    with np.errstate(invalid="ignore"):  # outside the support both ends of a difference are infinite
        gradient = (plus - minus) / (2.0 * H)
        second = np.diag((plus + minus - 2.0 * middle) / H**2)
        mixed = both.sum(axis=0) + 2.0 * middle - plus[first] - minus[first] - plus[other] - minus[other]
    second[first, other] = second[other, first] = mixed / (2.0 * H**2)
    # Where a difference reaches outside the support, nothing is known: a standard deviation of the factor's.
    second = np.where(np.isfinite(second), second, -np.eye(size))
    return np.nan_to_num(gradient, posinf=0.0, neginf=0.0), -second
