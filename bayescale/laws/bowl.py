"""The loss around the best learning rate and batch size: a bowl whose centre moves with the plan."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from bayescale.laws.base import Law
from bayescale.laws.namespace import namespace

# What the bowl is over; all other inputs are the plan.
SETTINGS = ("lr", "batch_tokens")


class Bowl(Law, abstract=True):
    """Base of laws of loss with a best learning rate and batch size: the floor of a plan, times one plus a bowl.

    The bowl is zero at :meth:`centre` and positive elsewhere.
    """

    @abstractmethod
    def centre(self, **plan: Any) -> tuple[Any, Any]:
        """The best learning rate and batch size, in tokens, of a plan.

        Args:
            plan: the canonical inputs of the law other than the settings.
        """

    @classmethod
    def plan(cls) -> tuple[str, ...]:
        """The canonical inputs that the centre depends on."""
        return tuple(name for name in cls.inputs() if name not in SETTINGS)


def bowl(rate: Any, batch: Any, *, k_eta: Any, k_B: Any, tilt: Any, skew: Any, twist: Any) -> Any:
    """Return the share by which the loss is above its floor.

    To second order it is (k_eta (u - tilt w)^2 + k_B w^2) / 2 in the logs u and w. Learning rates above the best cost
    more than those below (``skew``), and at high ones a wrong batch size costs more (``twist``).

    Args:
        rate: u, log of the learning rate over the best one.
        batch: w, log of the batch size over the best one.
        k_eta: curvature along the learning rate.
        k_B: curvature along the batch size, at the learning rate that is best for it.
        tilt: exponent of the best learning rate in the batch size; one half is the rule of the square root.
        skew: relative growth of the slope per e-fold above the best learning rate, positive.
        twist: exponent of the curvature along the batch size in the learning rate.
    """
    xp = namespace(rate, batch, tilt, skew)
    along = skew * (rate - tilt * batch)
    return k_eta * (xp.expm1(along) - along) / skew**2 + 0.5 * k_B * xp.exp(twist * rate) * batch**2
