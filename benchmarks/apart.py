"""A measurement in a process of its own, which finds nothing compiled."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
Saved = dict[str, np.ndarray]


def run_apart(script: str, *words: object) -> Saved:
    """Run ``python SCRIPT WORD ... OUT.npz`` and return the arrays that it saves there.

    Raises:
        CalledProcessError: the script fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.npz"
        kept = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
        environment = kept | {
            "BAYESCALE_COMPILE_CACHE": "off",
            # Where PyTensor and its compilers keep what they have compiled.
            "PYTENSOR_FLAGS": f"base_compiledir={folder}",
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
        }
        command = [sys.executable, str(HERE / script), *map(str, words), str(out)]
        subprocess.run(command, check=True, env=environment)
        with np.load(out) as file:
            return {name: file[name] for name in file}


def part(saved: Saved, start: str) -> Saved:
    """The arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(start): value for name, value in saved.items() if name.startswith(start)}
