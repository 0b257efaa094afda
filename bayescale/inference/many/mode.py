"""The highest point of a posterior density and the curvature there, for tables side by side.

The same two steps as in the instant engine: a robust fit of the curve, then Newton's method on the density.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.instant.mode import DEGREES, FIT_STEPS, FLATTEST, NEAR, NEWTON_STEPS, SETTLED, H
from bayescale.inference.many.density import Density

# Lengths that are tried along a Newton step.
LENGTHS = 0.5 ** np.arange(6)


def find_mode(density: Density) -> tuple[Any, Any]:
    """Return the mode and a factor C with C C^T the inverse curvature there, in the density's coordinates."""
    law, scale = _fit_curve(density)
    model = density.model
    noise: dict[str, Any] = {p.name: model.prior(p.name).unconstrained_moments()[0] for p in model.noise.parameters}
    noise[model.noise.scale] = jnp.log(scale)
    start = jnp.concatenate([law, jnp.stack([jnp.asarray(value) for value in noise.values()])])
    return _newton(density, density.positions(start[None])[0])


class _Curve(NamedTuple):
    """State of the robust fit: parameters and what is known there."""

    value: Any
    residual: Any
    slopes: Any
    scale: Any
    damping: Any
    step: Any
    done: Any


def _fit_curve(density: Density) -> tuple[Any, Any]:
    """Law parameters on the unconstrained scale from a robust Levenberg-Marquardt fit, and the residuals' scale."""
    model, rows = density.model, density.rows
    moments = np.array([model.prior(p.name).unconstrained_moments() for p in model.law.parameters])
    center, precision = moments[:, 0], moments[:, 1] ** -2.0

    def look(value: Any) -> tuple[Any, Any]:
        """Residuals, and slopes of the curve (parameter x row)."""

        def curve(value: Any) -> Any:
            return density.log_curve(value[:, None], density.fixed, rows.log_loss.size)[0]

        mean, slopes = jax.vmap(lambda d: jax.jvp(curve, (value,), (d,)), out_axes=(None, 0))(np.eye(len(center)))
        return rows.mask * (rows.log_loss - mean), rows.mask * slopes

    def objective(residual: Any, value: Any, scale: Any) -> Any:
        fit = 0.5 * (DEGREES + 1.0) * jnp.log1p((residual / scale) ** 2 / DEGREES).sum()
        total = fit + 0.5 * (precision * (value - center) ** 2).sum()
        return jnp.where(jnp.isfinite(total), total, jnp.inf)

    def advance(state: _Curve) -> _Curve:
        weight = (DEGREES + 1.0) / (DEGREES + (state.residual / state.scale) ** 2) / state.scale**2
        normal = (state.slopes * weight) @ state.slopes.T + np.diag(precision)
        gradient = state.slopes @ (weight * state.residual) - precision * (state.value - center)
        damped = normal + state.damping * jnp.diag(jnp.diag(normal))
        step = jnp.clip(jnp.linalg.solve(damped, gradient), -1.0, 1.0)
        residual, slopes = look(state.value + step)
        before = objective(state.residual, state.value, state.scale)
        better = objective(residual, state.value + step, state.scale) <= before
        # The Student-t's own maximum-likelihood update of its scale.
        weight = (DEGREES + 1.0) / (DEGREES + (residual / state.scale) ** 2)
        scale = jnp.sqrt(((weight * residual**2).sum() + 1e-4) / (rows.count + 1.0))
        settled = (jnp.abs(jnp.log(scale / state.scale)) < 0.05) & (gradient @ step < 0.05)
        moved = _Curve(
            state.value + step,
            residual,
            slopes,
            jnp.clip(scale, 1e-4, 0.5),
            jnp.maximum(state.damping / 5.0, 1e-9),
            state.step + 1,
            settled,
        )
        stuck = state.damping > 1e8
        stayed = state._replace(damping=4.0 * state.damping, step=state.step + 1, done=stuck)
        return jax.tree.map(lambda new, old: jnp.where(better, new, old), moved, stayed)

    residual, slopes = look(jnp.asarray(center))
    # Half the residuals are smaller than the scale that the first weights trust.
    half = jnp.nanmedian(jnp.where(rows.mask > 0, jnp.abs(residual), jnp.nan))
    begin = _Curve(center, residual, slopes, jnp.maximum(1.5 * half, 1e-4), 1e-2, 0, False)
    begin = jax.tree.map(jnp.asarray, begin)
    end = jax.lax.while_loop(lambda s: ~s.done & (s.step < FIT_STEPS), advance, begin)
    return end.value, end.scale


class _Newton(NamedTuple):
    """State of Newton's method; the columns of ``factor`` are directions of about one standard deviation."""

    position: Any
    factor: Any
    step: Any
    done: Any


def _newton(density: Density, start: Any) -> tuple[Any, Any]:
    """Damped Newton's method on the log density, in coordinates that its own curvature keeps of order one."""

    def advance(state: _Newton) -> _Newton:
        gradient, curvature = _derivatives(density, state.position, state.factor)
        eigenvalues, vectors = jnp.linalg.eigh(curvature)
        # Towards the mode also where the density is not concave.
        kept = jnp.maximum(jnp.abs(eigenvalues), FLATTEST)
        step = vectors @ ((vectors.T @ gradient) / kept)
        tries = state.position + LENGTHS[:, None] * (state.factor @ step)
        # Also where it is: minus infinity there, if that has no density.
        values, _ = density.differences(jnp.concatenate([tries, state.position[None]]), state.position)
        best = jnp.argmax(values[:-1])
        gain = values[best] - values[-1]
        better = gain > 0.0
        # Differences over a standard deviation see no gradient of zero at a mode that leans to one side: near enough is
        # then where no step gains anything.
        near = (gradient @ step < NEAR) | ((gain < NEAR) & (state.step >= SETTLED))
        return _Newton(
            jnp.where(better, tries[best], state.position),
            state.factor @ (vectors / jnp.sqrt(kept)) @ vectors.T,
            state.step + 1,
            near,
        )

    begin = _Newton(start, 0.02 * jnp.eye(density.size), jnp.asarray(0), jnp.asarray(False))
    end = jax.lax.while_loop(lambda s: ~s.done & (s.step < NEWTON_STEPS), advance, begin)
    return end.position, end.factor


def _derivatives(density: Density, position: Any, factor: Any) -> tuple[Any, Any]:
    """Gradient and minus the Hessian along the columns of ``factor``, by central differences in one call."""
    size = density.size
    first, second = np.tril_indices(size, -1)
    unit = np.eye(size)
    moves = np.concatenate([np.zeros((1, size)), unit, -unit, unit[first] + unit[second], -unit[first] - unit[second]])
    values, _ = density.differences(position + H * moves @ factor.T, position)
    middle, plus, minus = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    up, down = values[2 * size + 1 :].reshape(2, -1)
    gradient = (plus - minus) / (2.0 * H)
    mixed = (up + down + 2.0 * middle - plus[first] - minus[first] - plus[second] - minus[second]) / (2.0 * H**2)
    hessian = jnp.diag((plus + minus - 2.0 * middle) / H**2).at[first, second].set(mixed).at[second, first].set(mixed)
    # Where a difference reaches outside the support, nothing is known: a standard deviation of the factor's.
    hessian = jnp.where(jnp.isfinite(hessian), hessian, -np.eye(size))
    return jnp.nan_to_num(gradient, posinf=0.0, neginf=0.0), -hessian
