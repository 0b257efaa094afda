"""Nothing is lost, twice or half there after kill -9 at random moments of writing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bayescale


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_kills_lose_nothing(tmp_path, times):
    script = Path(__file__).with_name("kill_writers.py")
    # From where the package is, so that a checkout that is not installed is tested too.
    folder = Path(bayescale.__file__).parents[1]
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), str(times)]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] == times
    assert found["middle"] >= times // 5  # or the kills would claim nothing
    assert (found["lost"], found["twice"], found["half"]) == (0, 0, 0)
