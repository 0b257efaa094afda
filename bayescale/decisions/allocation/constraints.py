"""What a plan must keep to: each constraint is a limit or two on the model size of a budget."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayescale.costs import Cost, ShapeFamily, WithInference
from bayescale.decisions.allocation.limits import Limit, check_ends, ends_of, falls_to, size_at, size_of_ratio
from bayescale.decisions.inputs import positive_numbers
from bayescale.language.errors import SettingsError


class Constraint(ABC):
    """Limits of the model size at a budget; a plan spends its budget, so that limits of tokens are limits of size."""

    @abstractmethod
    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        """Return the limits of size under this constraint.

        Args:
            cost: what a run costs.
            budgets: in FLOP, over budget.
        """


@dataclass(frozen=True)
class ParamsBetween(Constraint):
    """No fewer and no more parameters than these.

    Args:
        least, most: in parameters, as the fit's table counts them; None for no such limit.

    Raises:
        SettingsError: neither, or numbers that are not positive and in order.
    """

    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        check_ends(self, "in parameters")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        return [
            Limit(is_upper, np.full(budgets.size, float(end)), f"at {word} {end:.4g} parameters")
            for is_upper, end, word in ends_of(self)
        ]


@dataclass(frozen=True)
class TokensBetween(Constraint):
    """No fewer and no more training tokens than these.

    Args:
        least, most: in tokens; None for no such limit.

    Raises:
        SettingsError: neither, or numbers that are not positive and in order.
    """

    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        check_ends(self, "in tokens")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        return [
            Limit(not is_upper, size_at(cost, float(end), budgets), f"at {word} {end:.4g} tokens")
            for is_upper, end, word in ends_of(self)
        ]


@dataclass(frozen=True)
class TokensPerParam(Constraint):
    """No fewer and no more training tokens per parameter than these.

    Args:
        least, most: in tokens per parameter; None for no such limit.

    Raises:
        SettingsError: neither, or numbers that are not positive and in order.

    Examples:
        >>> from bayescale.costs import SixND
        >>> (limit,) = TokensPerParam(least=20).limits(SixND(), np.array([6 * 20 * 1e18]))
        >>> limit.is_upper, round(float(limit.params[0]) / 1e9, 6), limit.words
        (True, 1.0, 'at least 20 tokens per parameter')
    """

    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        check_ends(self, "in tokens per parameter")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        return [
            Limit(not is_upper, size_of_ratio(cost, float(end), budgets), f"at {word} {end:.4g} tokens per parameter")
            for is_upper, end, word in ends_of(self)
        ]


@dataclass(frozen=True)
class UniqueTokens(Constraint):
    """No more passes over the data than these. A law with ``unique_tokens`` among its inputs also gets their number.

    Args:
        unique: tokens that there are.
        epochs: passes over them at most; None for no limit, which is for laws that know what repeats are worth.

    Raises:
        SettingsError: numbers that are not positive.

    References:
        muennighoff2023scaling
    """

    unique: float
    epochs: float | None = 1.0

    def __post_init__(self) -> None:
        positive_numbers("UniqueTokens: unique", self.unique, "in tokens")
        if self.epochs is not None:
            positive_numbers("UniqueTokens: epochs", self.epochs, "a number of passes, or None")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        if self.epochs is None:
            return []
        words = f"at most {self.epochs:.4g} epochs of {self.unique:.4g} unique tokens"
        return [Limit(False, size_at(cost, self.unique * self.epochs, budgets), words)]


@dataclass(frozen=True)
class Memory(Constraint):
    """A model whose parameters fit in memory.

    Args:
        most: bytes.
        bytes_per_param: of each parameter, optimiser state included where it is to fit, too: 2 for serving in 16 bits.
        shapes: where a table counts active or non-embedding parameters, the shapes from which all parameters follow;
            they must count as the table does. None where the table counts all.

    Raises:
        SettingsError: numbers that are not positive, or shapes that are none.
    """

    most: float
    bytes_per_param: float = 2.0
    shapes: ShapeFamily | None = None

    def __post_init__(self) -> None:
        positive_numbers("Memory: most", self.most, "in bytes")
        positive_numbers("Memory: bytes_per_param", self.bytes_per_param, "in bytes")
        if self.shapes is not None and not isinstance(self.shapes, ShapeFamily):
            raise SettingsError(f"Memory: shapes must be a costs.ShapeFamily or None, got {self.shapes!r}.")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        params = self.most / self.bytes_per_param
        if self.shapes is not None:
            params = self.shapes.convert(params, source="total", target=self.shapes.params_convention)
        words = f"at most {self.most:.4g} bytes of memory"
        return [Limit(True, np.full(budgets.size, float(params)), words)]


@dataclass(frozen=True)
class ServingAtMost(Constraint):
    """Serving that costs no more than this.

    Args:
        most: FLOP, times their price where the cost has one.
        serving: the tokens to serve, and what that costs.

    Raises:
        SettingsError: a number that is not positive, or a cost without serving.
    """

    most: float
    serving: WithInference

    def __post_init__(self) -> None:
        positive_numbers("ServingAtMost: most", self.most, "in FLOP")
        if not isinstance(self.serving, WithInference):
            raise SettingsError(f"ServingAtMost: serving must be a costs.WithInference, got {self.serving!r}.")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        served = falls_to(lambda params: -np.asarray(self.serving.inference(params)), -self.most, 1)
        words = f"at most {self.most:.4g} FLOP of serving"
        return [Limit(True, np.full(budgets.size, float(served[0])), words)]


@dataclass(frozen=True)
class Sizes(Constraint):
    """One of the sizes of a list, such as those of real model shapes.

    Args:
        params: the sizes, in parameters, as the fit's table counts them.

    Raises:
        SettingsError: sizes that are not positive.
    """

    params: Sequence[float]

    def __post_init__(self) -> None:
        positive_numbers("Sizes: params", self.params, "the sizes that are allowed")

    def limits(self, cost: Cost, budgets: np.ndarray) -> list[Limit]:
        sizes = np.asarray(self.params, float)
        ends = (False, float(sizes.min()), "the smallest"), (True, float(sizes.max()), "the largest")
        return [
            Limit(is_upper, np.full(budgets.size, end), f"{word} of the sizes, {end:.4g} parameters")
            for is_upper, end, word in ends
        ]
