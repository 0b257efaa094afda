"""The benchmark of accelerators runs where there is none, and its devices agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not beside these tests", allow_module_level=True)


def test_it_runs_on_parts_of_a_processor_and_says_that_these_are_no_accelerator(tmp_path):
    """It ends with an error where devices do not agree, so that the exit code is the claim."""
    page = tmp_path / "page.md"
    words = [sys.executable, str(FOLDER / "accelerator.py"), "--quick", "--parts", "2", "--out", str(page)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    text = page.read_text("utf-8")
    assert "Devices: 2 x cpu (cpu)." in text
    assert "**No accelerator was measured.**" in text
    for title in ("Limits", "Batches of fits", "Many chains of NUTS", "Rows of one table"):
        assert f"\n## {title}" in text


def test_means_that_are_apart_are_told(monkeypatch):
    """Chains of one posterior are within the bound, those of one that is shifted by a fifth of an sd are not."""
    import numpy as np

    monkeypatch.syspath_prepend(FOLDER)
    import accelerator
    from accelerator_cases import means_apart

    rng = np.random.default_rng(0)
    some, others = rng.standard_normal((2, 64, 200, 50))
    others[..., 0] = some[..., 0] = 3.0  # a number that is given
    assert means_apart(some, others) < accelerator.ERRORS
    others[..., 7] += 0.2
    assert means_apart(some, others) > accelerator.ERRORS


def test_devices_that_do_not_agree_are_told(monkeypatch):
    """The comparison can fail: centres a tenth of an sd apart."""
    import numpy as np

    monkeypatch.syspath_prepend(FOLDER)
    import accelerator

    center, factor = np.zeros((3, 2)), np.broadcast_to(np.eye(2), (3, 2, 2))
    assert accelerator._centres_apart((center, factor), (center, factor)) == 0.0
    apart = accelerator._centres_apart((center, factor), (center + 0.1, factor))
    assert apart == pytest.approx(0.1)
    assert apart > accelerator.SDS
