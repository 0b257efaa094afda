"""A fit whose process was killed by SIGKILL, at whatever moment, has the draws of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bayescale

# Two chains of 150 draws of warm-up and 250 others are 8 chunks of 50 draws each.
WARM_UP, SAMPLING, WRITING = ("chunk", 3), ("chunk", 5), ("writing", 2)


def run(out: Path, *words: object) -> int:
    """Run the script in a process of its own and return how it ended."""
    script = Path(__file__).with_name("killed_fit.py")
    environment = os.environ | {"PYTHONPATH": str(Path(bayescale.__file__).parents[1])}
    command = [sys.executable, "-W", "ignore", script, out, *words]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, np.ndarray]:
    """Draws of a process that was not killed and had no checkpoint."""
    out = tmp_path_factory.mktemp("undisturbed") / "draws.npz"
    assert run(out) == 0
    return dict(np.load(out))


def assert_same(out: Path, undisturbed: dict[str, np.ndarray], resumed: int | None = None) -> None:
    found = dict(np.load(out))
    assert set(found) == set(undisturbed)
    assert resumed in (None, found["resumed"])
    for name in set(found) - {"resumed"}:
        np.testing.assert_array_equal(found[name], undisturbed[name], err_msg=name)


def test_three_kills_in_one_fit_change_no_draw(tmp_path, undisturbed):
    """During warm-up, during sampling and while the checkpoint is written."""
    out, checkpoint = tmp_path / "draws.npz", tmp_path / "fit.checkpoint"
    for moment in (WARM_UP, SAMPLING, WRITING):
        assert run(out, checkpoint, *moment) == -signal.SIGKILL
        assert checkpoint.exists()
    assert len(list(tmp_path.iterdir())) == 2  # what was half written is beside the whole one
    assert run(out, checkpoint) == 0
    assert_same(out, undisturbed, resumed=3)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
@pytest.mark.parametrize("moment", [WARM_UP, ("chunk", 12), ("writing", 1), ("writing", 9)])
def test_one_kill_changes_no_draw(moment, tmp_path, undisturbed):
    out, checkpoint = tmp_path / "draws.npz", tmp_path / "fit.checkpoint"
    assert run(out, checkpoint, *moment) == -signal.SIGKILL
    assert run(out, checkpoint) == 0
    assert_same(out, undisturbed)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
def test_kills_at_random_moments_change_no_draw(tmp_path, undisturbed):
    random.seed(0)
    out, checkpoint = tmp_path / "draws.npz", tmp_path / "fit.checkpoint"
    kills = 0
    for _ in range(20):
        kills += run(out, checkpoint, "seconds", random.uniform(0.0, 0.3)) == -signal.SIGKILL
        if out.exists():
            assert_same(out, undisturbed)
            out.unlink()
    assert kills >= 5
    assert run(out, checkpoint) == 0
    assert_same(out, undisturbed)
