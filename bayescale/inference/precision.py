"""JAX settings for the length of one computation: float64, and the compile cache on disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax

_lock = threading.RLock()
_SETTINGS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


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
def computing() -> Iterator[None]:
    """Compute in float64 with the compile cache on; the caller's JAX settings are back afterwards.

    A cache folder that the caller has set is left in force, and one that cannot be written is not used.
    """
    with jax.enable_x64(True), _compile_cache():
        yield


@contextmanager
def _compile_cache() -> Iterator[None]:
    folder = compile_cache_dir()
    if folder is None or jax.config.jax_compilation_cache_dir or not _writable(folder):
        yield
        return
    from jax.experimental.compilation_cache import compilation_cache

    with _lock:
        before = {name: getattr(jax.config, name) for name in _SETTINGS}
        for name, value in _SETTINGS.items():
            jax.config.update(name, value)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        # JAX looks the folder up once per process; without a reset a change would be ignored.
        compilation_cache.reset_cache()
        try:
            yield
        finally:
            jax.config.update("jax_compilation_cache_dir", None)
            for name, value in before.items():
                jax.config.update(name, value)
            compilation_cache.reset_cache()


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
