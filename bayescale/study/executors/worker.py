"""A process that fits chunks until its driver ends: nothing is imported here before its threads are limited."""

from __future__ import annotations

import os
import pickle
import threading
from multiprocessing import connection, parent_process
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# One thread each, since there are as many workers as processors.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


def thread_settings() -> dict[str, str]:
    """Variables of the environment by which a process computes with one thread; what the caller has set stays.

    The last bits of sums depend on the threads that share them, so that fits have the same draws only if all workers
    have the same number.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        flags = f"{flags} {ONE_THREAD}".strip()
    return {name: os.environ.get(name, "1") for name in THREADS} | {"XLA_FLAGS": flags}


def work(pipe: Connection) -> None:
    """Fit what comes through a pipe and send back what became of it."""
    os.environ.update(thread_settings())
    threading.Thread(target=_end_with_the_driver, daemon=True).start()
    from bayescale.study.executors.crew import attempt

    while True:
        try:
            order = pipe.recv()
        except (EOFError, OSError):
            return
        ended = attempt(order)
        pipe.send(ended)
        if ended.how == "worker died":  # what is left of its memory is in pieces
            return


def fit_sent(order: bytes) -> bytes:
    """Fit a chunk in a worker of a Dask cluster, which has not imported JAX before its first one."""
    os.environ.update(thread_settings())
    from bayescale.study.executors.crew import attempt

    return pickle.dumps(attempt(pickle.loads(order)))  # from the driver, through Dask, which pickles all it sends


def _end_with_the_driver() -> None:
    """End at once when the driver does, even by kill -9: nobody is left to take the results."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
