"""A computation has its JAX settings, however many run at once, and leaves the caller's as they were."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bayescale.inference import precision
from bayescale.inference.precision import compile_cache_dir, computing

NAMES = (
    "jax_enable_x64",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)
WAIT = 60  # seconds after which a thread that waits for another is stuck


def settings() -> dict[str, object]:
    return {name: getattr(jax.config, name) for name in NAMES}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The cache folder that a test chooses."""
    monkeypatch.setenv("BAYESCALE_COMPILE_CACHE", str(tmp_path / "compiled"))
    return tmp_path / "compiled"


@pytest.fixture(autouse=True)
def before():
    """The caller's settings, one of them not JAX's own; every test has to leave them as they were."""
    found = settings()
    jax.config.update("jax_compilation_cache_dir", None)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 7.0)
    began = settings()
    yield began
    left = settings()
    for name, value in found.items():
        jax.config.update(name, value)
    assert left == began


def compiled_anew(scale: float):
    """Compile something that is in no cache of this process yet, and return its value in float64."""
    return jax.jit(lambda x: jnp.sin(x) * scale)(jnp.asarray(1.0))


def in_force(folder: Path) -> None:
    assert settings() == dict(zip(NAMES, (True, str(folder), 0.0, -1), strict=True))


def test_a_computation_is_in_float64_and_keeps_what_it_compiles(folder):
    with computing():
        in_force(folder)
        assert compiled_anew(1.25).dtype == np.float64
    assert any(folder.iterdir())


@pytest.mark.parametrize("word", ["off", "OFF", "0", "false", "no", " off "])
def test_the_cache_can_be_switched_off(word, monkeypatch):
    monkeypatch.setenv("BAYESCALE_COMPILE_CACHE", word)
    assert compile_cache_dir() is None
    with computing():
        assert jax.config.jax_compilation_cache_dir is None
        assert compiled_anew(2.5).dtype == np.float64


def test_without_a_choice_the_cache_is_in_the_users_cache_folder(monkeypatch):
    from platformdirs import user_cache_path

    for unset in (True, False):
        if unset:
            monkeypatch.delenv("BAYESCALE_COMPILE_CACHE", raising=False)
        else:
            monkeypatch.setenv("BAYESCALE_COMPILE_CACHE", "")
        assert compile_cache_dir() == user_cache_path("bayescale") / "compiled"


def test_the_folder_may_be_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("BAYESCALE_COMPILE_CACHE", "~/models")
    assert compile_cache_dir() == Path.home() / "models"


def test_a_folder_that_cannot_be_written_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("BAYESCALE_COMPILE_CACHE", str(tmp_path / "file"))
    with computing():
        assert jax.config.jax_compilation_cache_dir is None
    assert (tmp_path / "file").read_text() == "mine"


def test_a_cache_of_the_callers_stays_in_force(folder, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "theirs"))
    try:
        with computing():
            assert jax.config.jax_compilation_cache_dir == str(tmp_path / "theirs")
            assert jax.config.jax_persistent_cache_min_compile_time_secs == 7.0
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "theirs")
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not folder.exists()


def test_what_the_caller_sets_meanwhile_is_not_undone(folder, tmp_path):
    try:
        with computing():
            jax.config.update("jax_compilation_cache_dir", str(tmp_path / "theirs"))
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "theirs")
    finally:
        jax.config.update("jax_compilation_cache_dir", None)


def test_nested_computations_end_with_the_outermost(folder, before):
    with computing():
        with computing():
            in_force(folder)
        in_force(folder)
    assert settings() == before


def test_an_error_inside_ends_the_computation(folder, before):
    def fail() -> None:
        with computing(), computing():
            in_force(folder)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert settings() == before


def test_settings_that_cannot_be_made_are_undone(folder, before, monkeypatch):
    from jax.experimental.compilation_cache import compilation_cache

    reset = compilation_cache.reset_cache
    answers = iter([RuntimeError("no reset"), None])

    def fail_once():
        if answer := next(answers):
            raise answer
        reset()

    monkeypatch.setattr(compilation_cache, "reset_cache", fail_once)
    with pytest.raises(RuntimeError, match="no reset"), computing():
        pass
    monkeypatch.undo()
    assert settings() == before


def test_a_thread_keeps_the_cache_when_another_that_began_before_is_done(folder, before):
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def first() -> None:
        with computing():
            assert second_is_in.wait(WAIT)
        first_is_out.set()

    def second() -> int:
        with computing():
            second_is_in.set()
            assert first_is_out.wait(WAIT)
            in_force(folder)
            entries = len(list(folder.iterdir()))
            compiled_anew(3.75)
            return len(list(folder.iterdir())) - entries

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        while not jax.config.jax_compilation_cache_dir:  # the first is in before the second begins
            assert not one.done()
        two = pool.submit(second)
        one.result(WAIT)
        assert two.result(WAIT) > 0
    assert settings() == before


def test_computations_in_many_threads_leave_the_settings_as_they_were(folder, before):
    """Threads are switched as often as can be, and one in three computations fails."""

    def work(thread: int) -> int:
        failed = 0
        for i in range(30):
            try:
                with computing(), computing():
                    in_force(folder)
                    if (thread + i) % 3 == 0:
                        raise KeyError(i)
            except KeyError:
                failed += 1
        return failed

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(work, range(6))) == [10] * 6
    finally:
        sys.setswitchinterval(interval)
    assert settings() == before
    assert precision._cache._users == 0
