"""What additive laws share in which embeddings count for a part: coordinates in which data see the weight alone."""

from __future__ import annotations

from typing import Any

from bayescale.laws.additive import Additive

# A design in which the weight matters, as coordinates suppose it: embeddings are 30 % of the model at its centre, and
# 60 % where they decide how loss falls with size; they grow with size to the power 0.4. Which numbers these are changes
# no posterior, only how straight it is.
AT_CENTRE, WHERE_IT_MATTERS, GROWTH = 0.3, 0.6, 0.4


class WeighsEmbeddings(Additive, abstract=True):
    """Base of additive laws with a parameter w, the weight of embedding parameters in the size.

    Data determine the loss at the centre of the design and how fast it falls with total size. A small weight makes
    models smaller there and their size grow faster, so A falls and alpha falls with w, along a bent ridge that no
    Student-t follows.
    """

    @classmethod
    def straighten(cls, logs: tuple[Any, ...]) -> tuple[Any, ...]:
        changed = list(logs)
        alpha, w = cls._places()
        size, steepness = _centre(logs[w])
        changed[1] = logs[1] - logs[0].__array_namespace__().exp(logs[alpha]) * size
        changed[alpha] = logs[alpha] + steepness
        return super().straighten(tuple(changed))

    @classmethod
    def unstraighten(cls, coordinates: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        # The change is of A by alpha and w, and of alpha by w: its determinant is 1.
        changed, log_determinant = super().unstraighten(coordinates)
        logs = list(changed)
        alpha, w = cls._places()
        size, steepness = _centre(logs[w])
        logs[alpha] = logs[alpha] - steepness
        logs[1] = logs[1] + logs[0].__array_namespace__().exp(logs[alpha]) * size
        return tuple(logs), log_determinant

    @classmethod
    def _places(cls) -> tuple[int, int]:
        names = [p.name for p in cls.parameters]
        return names.index("alpha"), names.index("w")


def _centre(log_weight: Any) -> tuple[Any, Any]:
    """Log of the size at the centre over total size, and of its slope in log total size, at the log of a weight."""
    xp = log_weight.__array_namespace__()
    missing = 1 - xp.exp(log_weight)
    slope = xp.log(1 - WHERE_IT_MATTERS * GROWTH * missing) - xp.log(1 - WHERE_IT_MATTERS * missing)
    return xp.log(1 - AT_CENTRE * missing), slope
