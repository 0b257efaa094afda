"""Fits of a study by the workers of a Dask cluster; a scheduler that starts again is sent what it has lost."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayescale.language.errors import SettingsError
from bayescale.study.executors.address import check_address
from bayescale.study.executors.crew import Ended, time_limit
from bayescale.study.executors.worker import fit_sent, thread_settings
from bayescale.study.work import Order

if TYPE_CHECKING:
    from distributed import Client, Future

# Seconds that a scheduler has to come back before the study gives up; it can be started again.
RETURN = 120.0
# Workers that a chunk has cost when Dask gives it up, by its default settings.
ALLOWED_FAILURES = 3


def require_dask() -> None:
    """Say what to install.

    Raises:
        SettingsError: Dask is not there.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise SettingsError(
            "A Dask cluster needs the package distributed: pip install 'bayescale[cluster]'; processes of this machine "
            "need nothing (--processes)."
        ) from None


@dataclass(frozen=True, eq=False)
class _Sent:
    """A chunk at work, and until when."""

    order: Order
    until: float | None


class Cluster:
    """Workers of a Dask cluster, of this machine or of another.

    Args:
        address: of the scheduler; None for a cluster of this machine.
        workers: of that.
        seconds: most seconds of a fit; None for no limit.
    """

    def __init__(self, address: str | None, workers: int | None, seconds: float | None):
        self._local: Any = None
        if address is not None:
            check_address(address)
        else:
            from distributed import LocalCluster

            settings = {"threads_per_worker": 1, "processes": True, "dashboard_address": None, "env": thread_settings()}
            self._local = LocalCluster(n_workers=workers, **settings)
        self._address = address or self._local.scheduler_address
        self._seconds = seconds
        self._sent: dict[Future[Any], _Sent] = {}
        self._client = self._connected()

    def free(self) -> int:
        """How many chunks can be started now: as many as the cluster has threads, and none while it has no workers."""
        try:
            return sum(self._client.nthreads().values()) - len(self._sent)
        except (OSError, TimeoutError, AttributeError):  # the connection is gone, as wait will find
            return 0

    def start(self, order: Order) -> None:
        """Send a chunk, as bytes: a worker sets its threads before it imports what is in them."""
        limit = time_limit(order, self._seconds)
        future = self._client.submit(fit_sent, pickle.dumps(order), pure=False)
        self._sent[future] = _Sent(order, None if limit is None else time.monotonic() + limit)

    def wait(self, seconds: float) -> Sequence[Ended]:
        """Chunks that have ended, after at most so many seconds."""
        from distributed import wait

        if not self._sent:
            time.sleep(seconds)
        else:
            with contextlib.suppress(Exception):  # nothing yet, or a connection that is gone: the looks below tell
                wait(list(self._sent), timeout=seconds, return_when="FIRST_COMPLETED")
        if self._client.status != "running":
            return self._lost()
        found = [self._look(future) for future in list(self._sent)]
        return [ended for ended in found if ended is not None]

    def stop(self) -> None:
        """Cancel what is at work and let the cluster go."""
        with contextlib.suppress(OSError, TimeoutError):  # results that are written count, whoever has left
            if self._sent and self._client.status == "running":
                self._client.cancel(list(self._sent), force=True)
            self._client.close(timeout=5)
        if self._local is not None:
            self._local.close(timeout=10)

    def _connected(self) -> Client:
        """A connection to the scheduler.

        Raises:
            SettingsError: there is none at the address for some time.
        """
        from distributed import Client

        until = time.monotonic() + RETURN
        while True:
            try:
                return Client(self._address, timeout=10, set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                if time.monotonic() > until or isinstance(error, ValueError):
                    raise SettingsError(
                        f"No Dask scheduler answers at {self._address} ({' '.join(str(error).split())[:120]}). Start "
                        "it and then the study again: what is done is kept."
                    ) from None
                time.sleep(1.0)

    def _lost(self) -> Sequence[Ended]:
        """Connect again; what was at work is to be sent again."""
        lost, self._sent = [Ended(sent.order.chunk, "lost") for sent in self._sent.values()], {}
        with contextlib.suppress(OSError, TimeoutError):  # nobody is there to take leave of
            self._client.close(timeout=2)
        self._client = self._connected()
        return lost

    def _look(self, future: Future[Any]) -> Ended | None:
        """How a chunk has ended, if it has."""
        from distributed import KilledWorker

        sent = self._sent[future]
        chunk = sent.order.chunk
        if not future.done():
            return self._too_late(future) if sent.until is not None and time.monotonic() > sent.until else None
        del self._sent[future]
        if future.status in ("cancelled", "lost"):
            return Ended(chunk, "lost")
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            words = f"{ALLOWED_FAILURES + 1} workers died one after the other, as when memory runs out"
            return Ended(chunk, "worker died", reason=words, deaths=ALLOWED_FAILURES + 1)
        if error is not None:
            return Ended(chunk, "failed", reason=f"{type(error).__name__}: {error}")
        return pickle.loads(future.result())  # sent by our own worker, as everything is that Dask sends

    def _too_late(self, future: Future[Any]) -> Ended:
        """Cancel a chunk and start its worker again, which nothing else would stop."""
        sent = self._sent.pop(future)
        workers = [address for address, keys in self._client.processing().items() if future.key in keys]
        future.cancel(force=True)
        if workers:
            self._client.restart_workers(workers, timeout=60, raise_for_error=False)
        return Ended(sent.order.chunk, "timed out", reason=f"it took more than {self._seconds:g} s")
