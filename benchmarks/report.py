"""Sections of RESULTS.md, each with the circumstances it was measured in."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# Measured results\n\nWritten by the scripts beside this file (`make bench`); every section says how.\n"
PACKAGES = ("jax", "numpyro", "numpy", "scipy", "arviz", "pymc", "pytensor", "nutpie", "numba")


def circumstances() -> str:
    """Command, date, machine and versions, as one sentence."""
    versions = ", ".join(filter(None, map(_installed, PACKAGES)))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    # Of a path its name: where files lie is nobody else's business.
    arguments = [Path(argument).name if "/" in argument else argument for argument in sys.argv[1:]]
    command = " ".join([f"python benchmarks/{Path(sys.argv[0]).name}", *arguments])
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores ({_processor()}), "
        f"load average at the end {load}; Python {platform.python_version()}, {versions}."
    )


def _installed(name: str) -> str:
    """Name and version of a package, or nothing: some come with the bench extra only."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """What the processor calls itself, where the system tells, and its architecture."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {platform.machine()}"


def write_section(title: str, lines: list[str]) -> None:
    """Put a section into RESULTS.md in place of the one with the same title."""
    sections = RESULTS.read_text("utf-8").split("\n## ")[1:] if RESULTS.exists() else []
    written = {section.partition("\n")[0]: section.strip() for section in sections}
    written[title] = "\n".join([title, "", circumstances(), "", *lines]).strip()
    text = HEAD + "".join(f"\n## {section}\n" for _, section in sorted(written.items()))
    RESULTS.write_text(text, "utf-8")
