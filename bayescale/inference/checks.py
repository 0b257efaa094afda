"""What a check is, and all checks of a fit: what was measured, against what, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescale.language.errors import CheckError

STATUSES = ("pass", "warn", "fail")


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        name: for scripts, such as ``"r-hat"``.
        status: ``"pass"``, ``"warn"`` (usable, read the advice) or ``"fail"``.
        value: what was measured.
        threshold: what it is held against.
        advice: what it means and what to change; empty when it passes.
    """

    name: str
    status: str
    value: float
    threshold: float
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The check as values that JSON knows; a number that is not finite as text."""
        return {name: _json_number(v) if isinstance(v, float) else v for name, v in asdict(self).items()}


@dataclass(frozen=True)
class Checks:
    """All checks of a fit."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if check.status == "fail")

    @property
    def warned(self) -> tuple[Check, ...]:
        """The checks that warn."""
        return tuple(check for check in self.checks if check.status == "warn")

    @property
    def verdict(self) -> str:
        """One line: all pass, or which do not."""
        if not self.failed and not self.warned:
            return f"all {len(self.checks)} checks pass"
        said = [
            f"{c.name} {'fails' if c.status == 'fail' else 'warns'} ({c.value:.3g})" for c in self.failed + self.warned
        ]
        return "; ".join(said)

    def require(self) -> tuple[Check, ...]:
        """Return the checks.

        Raises:
            CheckError: at least one fails.
        """
        if self.failed:
            lines = [f"{c.name}: {c.value:.4g} against {c.threshold:g}. {c.advice}" for c in self.failed]
            raise CheckError("The fit does not pass its checks. " + " ".join(lines), self.failed)
        return self.checks

    def table(self) -> pd.DataFrame:
        """One row per check: name, status, value, threshold, advice."""
        return pd.DataFrame([asdict(check) for check in self.checks])


def _json_number(value: float) -> float | str:
    return float(value) if np.isfinite(value) else str(float(value))


def judged(name: str, value: float, limit: float, good: Callable[..., Any], advice: str, bad: str = "fail") -> Check:
    """Return the check of a value that must be finite and ``good(value, limit)``; else it is ``bad``, with advice."""
    passes = bool(np.isfinite(value) and good(value, limit))
    return Check(name, "pass" if passes else bad, value, limit, "" if passes else advice)
