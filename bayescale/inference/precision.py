"""JAX settings for the length of one computation: float64, and the compile cache on disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import jax

from bayescale.inference.devices import Place, default_for

_FOLDER = "jax_compilation_cache_dir"
# Small models compile quickly and are small on disk, and are worth keeping all the same.
_KEEP_ALL = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


# How hard the compiler tries. A function that runs some hundred times costs more to optimise than to run; the sampler's
# loop, which runs a hundred thousand times, is as quick after part of the usual work as after all of it.
RUN_SELDOM = {"xla_backend_optimization_level": 0}
RUN_OFTEN = {"xla_backend_optimization_level": 1}


def compile_cache_dir() -> Path | None:
    """The folder of compiled models: ``BAYESCALE_COMPILE_CACHE``, else in the user's cache; None when "off"."""
    chosen = os.environ.get("BAYESCALE_COMPILE_CACHE", "").strip()
    if chosen.lower() in ("off", "0", "false", "no"):
        return None
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("bayescale") / "compiled"


@contextmanager
def computing(*, double: bool = True) -> Iterator[None]:
    """Compute in float64 with the compile cache on; the caller's JAX settings are back afterwards.

    With ``double=False`` in float32. Where JAX's default device has no float64, the processor computes in its place.

    A cache folder that the caller has set is left in force, and one that cannot be written is not used. Computations
    may be nested and may overlap in several threads: float64 is the thread's own, and the cache, which JAX has one of
    per process, is on until the last of them is done.
    """
    with jax.enable_x64(double), on_place(default_for(double)), _cache.used():
        yield


def on_place(place: Place) -> AbstractContextManager[Any]:
    """Compute on a device, or where it is computed anyway."""
    return nullcontext() if place is None else jax.default_device(place)


class _CompileCache:
    """Counts the computations under way: the first switches the cache on, the last one switches it off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: dict[str, Any] = {}
        self._ours: dict[str, Any] = {}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep the cache on, unless it is switched off, the caller has one or the folder cannot be written."""
        counted = self._enter()
        try:
            yield
        finally:
            if counted:
                self._leave()

    def _enter(self) -> bool:
        folder = compile_cache_dir()
        if folder is None:
            return False
        with self._lock:
            if not self._users:
                if getattr(jax.config, _FOLDER) or not _writable(folder):
                    return False
                self._ours = {**_KEEP_ALL, _FOLDER: str(folder)}
                self._before = {name: getattr(jax.config, name) for name in self._ours}
                try:
                    _set(self._ours)
                except BaseException:
                    self._restore()
                    raise
            self._users += 1
        return True

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._restore()

    def _restore(self) -> None:
        """Put back what was there, but for what the caller has set in the meantime."""
        kept = {name: value for name, value in self._ours.items() if getattr(jax.config, name) == value}
        _set({name: self._before[name] for name in kept})


def _set(settings: Mapping[str, Any]) -> None:
    from jax.experimental.compilation_cache import compilation_cache

    for name, value in settings.items():
        jax.config.update(name, value)
    # JAX looks the folder up once per process; without a reset a change would be ignored.
    compilation_cache.reset_cache()


_cache = _CompileCache()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
