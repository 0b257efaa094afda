"""The largest memory of this process so far."""

from __future__ import annotations

from pathlib import Path


def peak() -> float:
    """Largest resident memory of this process so far, in MB; on Linux only.

    Not from ``getrusage``, whose maximum a process inherits from the one that started it.
    """
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1.024e-3
