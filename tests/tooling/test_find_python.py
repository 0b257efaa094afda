"""tools/find_python.sh picks the right interpreter, or says why there is none; the interpreters here are fakes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "find_python.sh"
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None or os.name != "posix", reason="needs bash")

Find = Callable[..., subprocess.CompletedProcess[str]]


def fake(path: Path, answer: str | None) -> Path:
    """Put a program at the path that answers the script's question as a Python would; None is one that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + ("echo nope >&2; exit 127\n" if answer is None else f"echo '{answer}'\n"))
    path.chmod(0o755)
    return path


@pytest.fixture(params=["machine", "a machine with spaces"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A root for home, PATH and the usual places, empty."""
    root = tmp_path / request.param
    for folder in ("home", "bin", "later", "places"):
        (root / folder).mkdir(parents=True)
    return root


@pytest.fixture
def find(machine: Path) -> Find:
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        plain = {
            "HOME": str(machine / "home"),
            "PATH": f"{machine / 'bin'}:{machine / 'later'}",
            "BAYESCALE_PYTHON_PLACES": str(machine / "places"),
        }
        return subprocess.run(
            [str(BASH), str(SCRIPT)], env=plain | environment, cwd=machine, capture_output=True, text=True, check=False
        )

    return run


def assert_found(done: subprocess.CompletedProcess[str], path: Path) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")


def test_a_newer_python_beside_an_older_default_is_found(machine: Path, find: Find) -> None:
    fake(machine / "bin/python", "3 11 old")
    fake(machine / "bin/python3", "3 11 old")
    newer = fake(machine / "bin/python3.13", "3 13 ok")
    assert_found(find(), newer)


def test_the_version_with_most_tests_behind_it_comes_first(machine: Path, find: Find) -> None:
    for minor in (12, 13, 14):
        fake(machine / f"bin/python3.{minor}", f"3 {minor} ok")
    assert_found(find(), machine / "bin/python3.12")


def test_a_broken_shim_is_passed_over_for_a_working_python_later_on_the_path(machine: Path, find: Find) -> None:
    fake(machine / "bin/python3.13", None)
    works = fake(machine / "later/python3.13", "3 13 ok")
    assert_found(find(), works)


def test_pyenv_versions_are_found_behind_broken_shims(machine: Path, find: Find) -> None:
    for name in ("python3.12", "python3.13", "python3"):
        fake(machine / "bin" / name, None)
    fake(machine / "home/.pyenv/versions/3.11.7/bin/python3", "3 11 old")
    works = fake(machine / "home/.pyenv/versions/3.13.0/bin/python3", "3 13 ok")
    assert_found(find(), works)


def test_the_pyenv_command_is_asked_where_its_versions_are(machine: Path, find: Find) -> None:
    fake(machine / "bin/pyenv", str(machine / "elsewhere"))
    works = fake(machine / "elsewhere/versions/3.12.9/bin/python3", "3 12 ok")
    assert_found(find(), works)


def test_pyenv_root_is_honoured_without_pyenv_on_the_path(machine: Path, find: Find) -> None:
    works = fake(machine / "elsewhere/versions/3.12.9/bin/python3", "3 12 ok")
    assert_found(find(PYENV_ROOT=str(machine / "elsewhere")), works)


def test_the_usual_places_are_searched_last(machine: Path, find: Find) -> None:
    works = fake(machine / "places/python3.14", "3 14 ok")
    assert_found(find(), works)


def test_an_untried_newer_python_is_taken_only_when_there_is_no_other(machine: Path, find: Find) -> None:
    newest = fake(machine / "bin/python3", "3 15 ok")
    assert_found(find(), newest)
    tried = fake(machine / "places/python3.12", "3 12 ok")
    assert_found(find(), tried)


def test_a_python_that_cannot_make_environments_is_passed_over(machine: Path, find: Find) -> None:
    fake(machine / "bin/python3.12", "3 12 venv")
    works = fake(machine / "bin/python3", "3 13 ok")
    assert_found(find(), works)


def test_none_at_all_says_what_was_looked_for_and_how_to_install_one(machine: Path, find: Find) -> None:
    done = find()
    assert done.returncode == 1
    assert done.stdout == ""
    assert "found no Python that bayescale can use; it needs CPython >= 3.12" in done.stderr
    assert str(machine / "places") in done.stderr
    assert "pyenv install 3.12" in done.stderr
    assert "make demo PYTHON=/path/to/python3.12" in done.stderr


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("3 11 old", "is Python 3.11"),
        (None, "does not run"),
        ("3 12 venv", "apt install python3.12-venv"),
        ("3 12 implementation", "is not CPython"),
        ("3 13 freethreaded", "is a free-threaded build of 3.13"),
        ("3 12 bits", "is a 32-bit Python"),
    ],
)
def test_each_rejected_python_is_named_with_its_reason(
    machine: Path, find: Find, answer: str | None, reason: str
) -> None:
    path = fake(machine / "bin/python3", answer)
    done = find()
    assert done.returncode == 1
    assert re.search(re.escape(f"  {path}: ") + ".*" + re.escape(reason), done.stderr)


def test_the_python_asked_for_goes_before_better_ones(machine: Path, find: Find) -> None:
    fake(machine / "bin/python3.12", "3 12 ok")
    asked = fake(machine / "my own/python", "3 14 ok")
    assert_found(find(PYTHON=str(asked)), asked)
    named = fake(machine / "bin/python3.14", "3 14 ok")
    assert_found(find(PYTHON="python3.14"), named)


def test_a_python_asked_for_that_will_not_do_is_an_error_and_no_other_is_taken(machine: Path, find: Find) -> None:
    fake(machine / "bin/python3.12", "3 12 ok")
    old = fake(machine / "bin/python3", "3 11 old")
    done = find(PYTHON=str(old))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"PYTHON={old} will not do" in done.stderr
    assert "is Python 3.11" in done.stderr


def test_a_python_asked_for_that_is_not_there_is_an_error(machine: Path, find: Find) -> None:
    fake(machine / "bin/python3.12", "3 12 ok")
    done = find(PYTHON="python3.99")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PYTHON=python3.99 is neither on the PATH nor a file that can be run" in done.stderr


def test_this_very_python_is_recognised(find: Find) -> None:
    executable = Path(sys.executable)
    assert_found(find(PYTHON=str(executable)), executable)
