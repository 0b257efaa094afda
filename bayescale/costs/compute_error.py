"""Compute that is known up to an error only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescale.language.errors import SettingsError

# Beyond this the normal error would come near to no compute at all.
LARGEST_SD = 0.2
# Errors are cut here, which concerns one draw in sixteen thousand.
CUT = 4.0


@dataclass(frozen=True)
class ComputeError:
    """How far a count of compute such as 6ND is from what hardware does: counted = exact (1 + e), e ~ N(0, sd).

    The error is one of accounting, embeddings or attention left out, so all budgets of a draw share it. Where only 6ND
    is known, 0.05 to 0.15 is usual: the larger, the smaller the models.

    Args:
        relative_sd: in (0, 0.2].

    Raises:
        SettingsError: no such sd.

    Examples:
        >>> error = ComputeError(0.1)
        >>> counted = error.counted(1e21, draws=2000, rng=np.random.default_rng(0))
        >>> counted.shape, round(float(counted.std() / 1e21), 2)
        ((2000, 1), 0.1)
    """

    relative_sd: float = 0.1

    def __post_init__(self) -> None:
        value = self.relative_sd
        if not (isinstance(value, int | float | np.number) and 0 < value <= LARGEST_SD):
            raise SettingsError(
                f"ComputeError: relative_sd must be in (0, {LARGEST_SD}], 0.05 to 0.15 is usual, got {value!r}."
            )

    def ratios(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return counted over exact compute, one per draw."""
        return 1.0 + self.relative_sd * np.clip(rng.standard_normal(draws), -CUT, CUT)

    def counted(self, exact: Any, *, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return what the count may say of exact compute, draws x budgets."""
        return self.ratios(draws, rng)[:, None] * np.atleast_1d(np.asarray(exact, float))

    def exact(self, counted: Any, *, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return what exact compute may be that was counted so, draws x budgets; the inverse at the same numbers."""
        return np.atleast_1d(np.asarray(counted, float)) / self.ratios(draws, rng)[:, None]
