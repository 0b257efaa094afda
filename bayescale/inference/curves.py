"""The law's curve and its slopes for all runs of a table, without compiling where the formula takes NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.inference.instant.powers import Powers
from bayescale.models.model import Model

# Half the distance of central differences, on the unconstrained scale: ten digits of the slopes are left.
STEP = 1e-5
# Values of the law parameters, family x p, to log loss (block x row) and slopes (block x row x p).
Curves = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def curves_of(model: Model, data: Mapping[str, Any]) -> Curves:
    """Return the curves of a model for the arrays of a layout: in NumPy if that gives what single runs give.

    Args:
        model: the model.
        data: arrays of a layout.
    """
    in_numpy = _InNumpy(model, data)
    return in_numpy if in_numpy.is_right() else _in_jax(model, data)


class _InNumpy:
    """Many runs at once by the law's own formula, slopes by central differences."""

    def __init__(self, model: Model, data: Mapping[str, Any]):
        self.model, self.family = model, np.asarray(data["family"])
        self.anchors = {name: float(value) for name, value in data["anchors"].items()}
        with np.errstate(divide="ignore"):  # an input may be zero, and a power of it then is
            self.inputs = {name: np.log(np.asarray(value)) for name, value in data["inputs"].items()}

    def __call__(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            mean = self._log_loss(value)
            slopes = np.empty((*mean.shape, value.shape[1]))
            for j, step in enumerate(STEP * np.eye(value.shape[1])):
                slopes[..., j] = (self._log_loss(value + step) - self._log_loss(value - step)) / (2.0 * STEP)
        return mean, slopes

    def _log_loss(self, value: np.ndarray) -> np.ndarray:
        natural = {
            p.name: self.model.prior(p.name).natural(value[self.family, j])[:, None]
            for j, p in enumerate(self.model.law.parameters)
        }
        law = self.model.law_at(natural, self.anchors)
        return np.log(np.asarray(law(**{name: Powers(log) for name, log in self.inputs.items()})))

    def is_right(self) -> bool:
        """Whether the formula takes arrays and does not mix their entries: tried at the priors' centre."""
        moments = [self.model.prior(p.name).unconstrained_moments() for p in self.model.law.parameters]
        center = np.array([mean for mean, _ in moments])
        try:
            with np.errstate(all="ignore"):
                together = self._log_loss(np.tile(center, (self.model.n_families, 1)))
                natural = {
                    p.name: float(self.model.prior(p.name).natural(center[j : j + 1])[0])
                    for j, p in enumerate(self.model.law.parameters)
                }
                law = self.model.law_at(natural, self.anchors)
                rows = [{name: float(np.exp(log[0, i])) for name, log in self.inputs.items()} for i in range(3)]
                alone = np.array([np.log(float(law(**row))) for row in rows])
        except Exception:  # whatever a formula or a prior written for JAX makes of NumPy arrays
            return False
        shape = next(iter(self.inputs.values())).shape if self.inputs else None
        return together.shape == shape and np.allclose(together[0, :3], alone, rtol=1e-9, equal_nan=True)


def _in_jax(model: Model, data: Mapping[str, Any]) -> Curves:
    def curves(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, slopes = _log_loss_and_slopes(model, value, data)
        return np.asarray(mean), np.asarray(slopes)

    return curves


@partial(jax.jit, static_argnames="model")
def _log_loss_and_slopes(model: Model, value: Any, data: Any) -> tuple[Any, Any]:
    def log_loss(value: Any) -> Any:
        names = [p.name for p in model.law.parameters]
        return model.log_loss({name: model.constrain(name, value[:, j]) for j, name in enumerate(names)}, data)

    directions = jnp.eye(value.shape[1])[:, None, :] * jnp.ones_like(value)
    return jax.vmap(lambda d: jax.jvp(log_loss, (value,), (d,)), out_axes=(None, -1))(directions)
