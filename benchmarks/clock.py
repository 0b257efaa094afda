"""CPU and wall-clock seconds of a piece of work, with those of the processes that it starts."""

from __future__ import annotations

import resource
import time
from typing import Self

import psutil


def cpu_seconds() -> float:
    """CPU seconds of this process, all threads, and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def _running_children() -> float:
    """CPU seconds of the processes that descend from this one and still run (a fork server, say), and of theirs."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])  # user, system, and the same of its own children that have ended
        except psutil.NoSuchProcess:
            continue
    return total


class Clock:
    """``with Clock() as clock: ...``, then ``clock.cpu`` and ``clock.wall``, both in seconds.

    Looking for children takes milliseconds, as much as a tenth of what some things here take, so that is done before
    the clock starts and after it has stopped.
    """

    cpu: float
    wall: float

    def __enter__(self) -> Self:
        self._children = _running_children()
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        own, self.wall = cpu_seconds() - self._cpu, time.perf_counter() - self._wall
        self.cpu = own + _running_children() - self._children
