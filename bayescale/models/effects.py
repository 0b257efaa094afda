"""Random effects shared by the runs of one budget, or by the checkpoints of one run."""

from __future__ import annotations

from dataclasses import dataclass

from bayescale.language.errors import SettingsError
from bayescale.language.priors import HalfNormal, Prior

COLUMNS = ("budget", "run")


@dataclass(frozen=True)
class RunEffects:
    """A common shift of log loss for all rows with the same value of ``column`` in the same family.

    Points of one IsoFLOP budget, or checkpoints of one run, err together; ignoring it makes intervals too narrow.

    Args:
        column: ``"budget"`` or ``"run"``.
        prior: prior of the sd of the shifts, in log loss.
    """

    column: str
    prior: Prior = HalfNormal(0.01)

    def __post_init__(self) -> None:
        if self.column not in COLUMNS:
            raise SettingsError(f"run effects are over 'budget' or 'run', got {self.column!r}.")
