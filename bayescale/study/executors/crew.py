"""What the loop of a study asks of those who make its fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bayescale.study.chunks import Chunk
    from bayescale.study.work import Order, Part

# Seconds that a chunk has beyond those of its fits: to start, and to compile.
STARTUP = 120.0


@dataclass(frozen=True, eq=False)
class Ended:
    """A chunk that is no longer at work.

    Args:
        chunk: which.
        how: ``"done"``; ``"failed"`` by an error; ``"worker died"``; ``"timed out"``; ``"lost"`` with the connection.
        part: its results if it is done.
        reason: why it is not.
        settled: whether another try would end in the same way.
        deaths: workers that it has cost if one died.
    """

    chunk: Chunk
    how: str
    part: Part | None = None
    reason: str = ""
    settled: bool = False
    deaths: int = 1


class Crew(Protocol):
    """Workers."""

    def free(self) -> int:
        """How many chunks can be started now."""

    def start(self, order: Order) -> None:
        """Start a chunk."""

    def wait(self, seconds: float) -> Sequence[Ended]:
        """Chunks that have ended, after at most so many seconds."""

    def stop(self) -> None:
        """Let the workers go, whatever they do."""


def attempt(order: Order) -> Ended:
    """Fit a chunk where the caller is, and say how it ended."""
    from bayescale.language.errors import BayescaleError
    from bayescale.study.work import fit_chunk

    try:
        return Ended(order.chunk, "done", fit_chunk(order))
    except Exception as error:
        if _lacks_memory(error):
            return Ended(order.chunk, "worker died", reason="there was not enough memory")
        if isinstance(error, BayescaleError):  # of law, noise or settings: the same for every table
            return Ended(order.chunk, "failed", reason=str(error), settled=True)
        words = f"{type(error).__name__}: {error} (a bug of bayescale or of the law)"
        return Ended(order.chunk, "failed", reason=words)


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether an error comes from a lack of memory, by Python or by XLA."""
    while error is not None:
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def time_limit(order: Order, seconds: float | None) -> float | None:
    """Seconds that a chunk may take."""
    return None if seconds is None else STARTUP + seconds * len(order.chunk.tasks)
