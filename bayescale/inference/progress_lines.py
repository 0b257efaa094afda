"""Progress of chains in plain lines, for where there is no terminal: logs of schedulers, files, pipes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bayescale.inference.settings import Settings

# Seconds between lines.
SECONDS = 60.0


class ChainLines:
    """What the sampler calls with (chain, draws done, divergences); says a line at its start and some in between.

    Args:
        settings, thin: of the attempt.
        attempt: its number.
        why: it is made, or goes on, where it is not the first.
        say: takes one line.
        clock: gives seconds.
    """

    def __init__(
        self,
        settings: Settings,
        thin: int,
        attempt: int,
        why: str,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._length, self._say, self._clock = settings.nuts_warmup + thin * settings.nuts_draws, say, clock
        self._total = settings.chains * self._length
        self._attempt = f"attempt {attempt}"
        # Per chain, draws done at its first report, with those of an earlier process, and at its last.
        self._first: dict[int, int] = {}
        self._done: dict[int, int] = {}
        self._diverged: dict[int, int] = {}
        self._began: float | None = None
        self._said, self._lock = clock(), threading.Lock()
        because = f" {why}," if why else ""
        say(
            f"sampling, {self._attempt}:{because} {settings.chains} chains of {self._length:,} draws, "
            f"warm-up included, aiming at acceptance {settings.target_accept:g}"
        )

    def __call__(self, chain: int, draws: int, divergences: int) -> None:
        """Note how far a chain is."""
        with self._lock:
            now = self._clock()
            # The first reports come after compiling, which says nothing of the time that draws take.
            self._began = now if self._began is None else self._began
            self._done[chain], self._diverged[chain] = min(draws, self._length), divergences
            self._first.setdefault(chain, self._done[chain])
            if now >= self._said + SECONDS:
                self._said = now
                self._say(self._line(now - self._began))

    def _line(self, seconds: float) -> str:
        done, diverged = sum(self._done.values()), sum(self._diverged.values())
        made = done - sum(self._first.values())
        words = [f"sampling, {self._attempt}: {done:,} of {self._total:,} draws"]
        if made and seconds > 0.0:
            rate = made / seconds
            words += [f"{rate:.3g} draws/s", f"{in_words((self._total - done) / rate)} left at this rate"]
        if diverged:
            words.append(f"divergences: {diverged:,}")
        return ", ".join(words)


def in_words(seconds: float) -> str:
    """Return a time as people say it, such as "50 s", "7 min" or "3.2 h"."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
