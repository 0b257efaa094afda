"""What the tests of start-up share: new processes that import the package that is tested."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bayescale


@pytest.fixture(scope="session")
def python() -> Callable[..., str]:
    """Run Python in a process of its own and return what it prints; ``python(*words, folder=, **environment)``.

    With ``code`` it is to end with that exit code, and what is returned is its error output.
    """

    def run(*words: object, folder: Path | None = None, code: int = 0, **environment: str) -> str:
        # The package is found where this process has it from, so that a checkout that is not installed is tested too.
        paths = [str(Path(bayescale.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **environment}
        command = [sys.executable, *map(str, words)]
        done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, timeout=600)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    return run
