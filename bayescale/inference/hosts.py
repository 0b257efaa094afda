"""Several hosts, or several processes of one, that make a fit together."""

from __future__ import annotations

import jax
import numpy as np
from jax.experimental import multihost_utils

from bayescale.language.errors import SettingsError


def join_hosts(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> int:
    """Join the processes of a fit, before anything else is computed; every process then runs the same program.

    With ``bs.fit(..., devices="all", spread="rows")`` each holds its share of the table's rows and all of them draw the
    same chains, so that one of them is enough to save the fit: the one that this gives 0 to. Hosts are to be of one
    kind with the same versions and the same table.

    Args:
        coordinator: ``"HOST:PORT"`` of process 0, which all others reach; None where JAX finds it out by itself, under
            SLURM, Open MPI and on TPU pods.
        processes: number of processes, at least 2.
        process: number of this one, from 0.

    Returns:
        the number of this process.

    Raises:
        SettingsError: some of the three without the others, or numbers that there cannot be.

    Examples:
        >>> import bayescale as bs
        >>> bs.join_hosts("10.0.0.1:1234")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        bayescale.language.errors.SettingsError: Give all of coordinator, processes and process, or none of them ...
    """
    given = (coordinator, processes, process)
    if any(one is None for one in given) and any(one is not None for one in given):
        raise SettingsError(
            "Give all of coordinator, processes and process, or none of them where a scheduler that JAX knows started "
            f"the processes; got coordinator={coordinator!r}, processes={processes!r}, process={process!r}."
        )
    if coordinator is not None and processes is not None and process is not None:
        _check(coordinator, processes, process)
    # What sums go through between processors of several hosts; accelerators have their own ways.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(coordinator, processes, process)
        # Connects them now, when all are here: later one may be late by its compiling, and they wait for half a minute.
        multihost_utils.sync_global_devices("bayescale.join_hosts")
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"The processes could not be joined: {error}. Call join_hosts first of all, once in each process, with a "
            "coordinator that all of them reach."
        ) from error
    return jax.process_index()


def first_hosts(number: int) -> int:
    """Return the number that process 0 has, for all that were joined; what each computes may differ in the last bit."""
    return int(multihost_utils.broadcast_one_to_all(np.int32(number))) if jax.process_count() > 1 else number


def _check(coordinator: str, processes: int, process: int) -> None:
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit():
        raise SettingsError(f"coordinator must be 'HOST:PORT', got {coordinator!r}.")
    if processes < 2:
        raise SettingsError(f"processes must be at least 2, got {processes}; a single one needs no join_hosts.")
    if not 0 <= process < processes:
        raise SettingsError(f"process must be from 0 to {processes - 1}, got {process}.")
