"""What tests of hostile input share: bounded examples, the same in every run, and a process of its own for bombs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import bayescale

MEMORY = 4 << 30
SECONDS = 300
SETTINGS = {"derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
# BAYESCALE_HOSTILE=long tries fifty times as many, others each time.
settings.register_profile("ci", max_examples=100, **SETTINGS)
settings.register_profile("long", max_examples=5000, **SETTINGS | {"derandomize": False, "print_blob": True})
settings.load_profile(os.environ.get("BAYESCALE_HOSTILE", "ci"))

BEGIN = f"""
import resource, sys, warnings
warnings.simplefilter("ignore")
import bayescale as bs
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
"""
END = """
except bs.BayescaleError as error:
    print(type(error).__name__, error)
# Where it can be had not from getrusage, whose maximum a process inherits from the one that started it.
peak = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
if sys.platform == "linux":
    peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print("MiB", int(peak[0]) >> 10)
"""


@pytest.fixture
def bounded(tmp_path) -> Callable[[str], str]:
    """Run code in a folder, in a process of bounded memory and time, and return the refusal that it printed."""

    def run(code: str) -> str:
        whole = f"{BEGIN}try:\n{textwrap.indent(textwrap.dedent(code), '    ')}\n{END}"
        environment = {"PYTHONPATH": str(Path(bayescale.__file__).parents[1]), "PATH": "", "HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", whole],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run
