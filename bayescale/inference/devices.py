"""Devices by a word: how many, or of which kind; and which of them compute in float64."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh

from bayescale.language.errors import SettingsError

# None is where JAX computes by default.
Place = Any
SPREADS = ("chains", "rows")
# Kinds of devices that have no float64, by JAX's names of their platforms.
SINGLE = ("tpu", "metal", "mps")
WORDS = "None, a number of devices, 'all', 'cpu', 'gpu' or 'tpu'"


def check_devices(devices: object) -> None:
    """Check that a setting says devices; whether they exist is known where it is used.

    Raises:
        SettingsError: another value.
    """
    counted = isinstance(devices, int) and not isinstance(devices, bool) and devices >= 1
    if not (devices is None or counted or devices in ("all", "cpu", "gpu", "tpu")):
        raise SettingsError(f"devices must be {WORDS}, got {devices!r}.")


def find_places(devices: int | str | None, *, double: bool = True, hosts: bool = False) -> tuple[Place, ...]:
    """Return where to compute.

    Args:
        devices: None for JAX's default device, a number of devices of the default kind, ``"all"`` of these, or all of
            a kind.
        double: whether float64 is computed there.
        hosts: with those of all processes that were joined, else with this process's own.

    Raises:
        SettingsError: there are no such devices, or they have no float64.
    """
    if devices is None:
        return (None,)
    there = _devices(devices if devices in ("cpu", "gpu", "tpu") else None, hosts)
    if isinstance(devices, int):
        if devices > len(there):
            parts = "; XLA_FLAGS=--xla_force_host_platform_device_count=N makes N of a processor"
            raise SettingsError(
                f"devices={devices} was asked for and JAX finds {_counted(there)}; give fewer, or devices='all'"
                f"{parts if there[0].platform == 'cpu' else ''}."
            )
        there = there[:devices]
    if double and not has_float64(there[0]):
        raise SettingsError(
            f"{there[0].device_kind} devices compute no float64, which this needs; leave it to the machine's processor "
            "with devices='cpu', or make many fits with fit_many(..., precision='float32')."
        )
    return tuple(there)


def _devices(platform: str | None, hosts: bool) -> list[jax.Device]:
    """The devices of a kind, of all processes or of this one."""
    try:
        return jax.devices(platform) if hosts else jax.local_devices(backend=platform)
    except RuntimeError:
        raise SettingsError(
            f"devices={platform!r} was asked for and JAX finds {_counted(jax.devices())}; install "
            f"'bayescale[{platform}]' where there is one, or leave devices out."
        ) from None


def has_float64(device: jax.Device) -> bool:
    """Whether a device computes in float64."""
    return device.platform.lower() not in SINGLE


def mesh_of(devices: Sequence[jax.Device], axis: str) -> Mesh:
    """Devices along one axis, which the compiler may use as it sees fit."""
    return Mesh(np.array(devices), (axis,), axis_types=(AxisType.Auto,))


def default_for(double: bool) -> Place:
    """Where to compute what nobody has chosen a device for: None, or the processor where the default has no float64."""
    # Without libtpu there is no such device, and JAX need not be started to know it.
    if not double or not _may_be_single() or has_float64(jax.local_devices()[0]):
        return None
    return jax.local_devices(backend="cpu")[0]


def kind_of(devices: int | str | None) -> str:
    """What the device of a fit in float64 calls itself.

    Args:
        devices: a setting.
    """
    place = find_places(devices, hosts=True)[0] or default_for(True) or jax.devices()[0]
    return str(place.device_kind)


@cache
def _may_be_single() -> bool:
    return any(find_spec(name) is not None for name in ("libtpu", "jax_metal", "jax_mps"))


def _counted(devices: list[jax.Device]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in Counter(one.platform for one in devices).items())
