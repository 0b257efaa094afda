"""Numbers kept as logarithms: a power of many inputs then costs one exponential."""

from __future__ import annotations

from typing import Any

import numpy as np


class Powers:
    """Positive inputs of a law; quotients, products and powers stay logarithms, all else gets plain numbers.

    >>> ((Powers(np.log(np.array([8.0]))) / 2.0) ** 0.5).round(12)
    array([2.])
    """

    def __init__(self, log: np.ndarray):
        self.log = log

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(np.exp(self.log), dtype=dtype)

    def __truediv__(self, other: Any) -> Any:
        return Powers(self.log - np.log(other)) if _is_positive_number(other) else np.asarray(self) / other

    def __mul__(self, other: Any) -> Any:
        return Powers(self.log + np.log(other)) if _is_positive_number(other) else np.asarray(self) * other

    def __pow__(self, power: Any) -> np.ndarray:
        return np.exp(self.log * power)

    def __rtruediv__(self, other: Any) -> Any:
        return other / np.asarray(self)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __add__(self, other: Any) -> Any:
        return np.asarray(self) + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return np.asarray(self) - other

    def __rsub__(self, other: Any) -> Any:
        return other - np.asarray(self)

    def __neg__(self) -> Any:
        return -np.asarray(self)


def _is_positive_number(value: Any) -> bool:
    return np.ndim(value) == 0 and not isinstance(value, Powers) and bool(value > 0)
