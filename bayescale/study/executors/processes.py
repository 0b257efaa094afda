"""Fits of a study by processes of this machine, which may die or hang without harm to the others."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from bayescale.study.executors.crew import Ended, time_limit
from bayescale.study.executors.worker import work
from bayescale.study.work import Order


@dataclass(eq=False)
class _Worker:
    """A process, what it does and until when."""

    process: BaseProcess
    pipe: Connection
    order: Order | None = None
    until: float | None = None


class Processes:
    """Processes that are started anew (spawn), so that none inherits threads or locks of this one.

    Args:
        count: how many.
        seconds: most seconds of a fit; None for no limit.
    """

    def __init__(self, count: int, seconds: float | None = None):
        self._seconds = seconds
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        for _ in range(count):
            self._workers.append(self._begin())

    def free(self) -> int:
        """How many chunks can be started now."""
        return sum(one.order is None for one in self._workers)

    def start(self, order: Order) -> None:
        """Send a chunk to a worker that has none."""
        one = next(one for one in self._workers if one.order is None)
        limit = time_limit(order, self._seconds)
        one.order, one.until = order, None if limit is None else time.monotonic() + limit
        with contextlib.suppress(OSError):  # it has died, as wait will find
            one.pipe.send(order)

    def wait(self, seconds: float) -> Sequence[Ended]:
        """Chunks that have ended, after at most so many seconds."""
        busy = [one for one in self._workers if one.order is not None]
        limits = [one.until - time.monotonic() for one in busy if one.until is not None]
        watched = [thing for one in busy for thing in (one.pipe, one.process.sentinel)]
        connection.wait(watched, max(0.0, min(seconds, *limits)) if limits else seconds)
        found = [self._look(one) for one in busy]
        return [ended for ended in found if ended is not None]

    def stop(self) -> None:
        """Kill the workers."""
        for one in self._workers:
            one.process.kill()
        for one in self._workers:
            one.process.join()
            one.pipe.close()
        self._workers = []

    def _begin(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _look(self, one: _Worker) -> Ended | None:
        """How the chunk of a worker has ended, if it has; a worker that is no longer one is replaced."""
        assert one.order is not None
        chunk = one.order.chunk
        try:
            if one.pipe.poll():
                ended: Ended = one.pipe.recv()
                one.order = None
                if ended.how == "worker died":
                    self._replace(one)
                return ended
        except (EOFError, OSError):
            return Ended(chunk, "worker died", reason=self._replace(one))
        if not one.process.is_alive():
            return Ended(chunk, "worker died", reason=self._replace(one))
        if one.until is not None and time.monotonic() > one.until:
            self._replace(one)
            return Ended(chunk, "timed out", reason=f"it took more than {self._seconds:g} s")
        return None

    def _replace(self, one: _Worker) -> str:
        """Kill a worker, put another in its place and say how the first one ended."""
        one.process.join(timeout=1.0)
        code = one.process.exitcode
        one.process.kill()
        one.process.join()
        one.pipe.close()
        self._workers[self._workers.index(one)] = self._begin()
        if code is None or code >= 0:
            return f"its worker ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"its worker was ended by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
