"""Importing the package starts nothing and changes nothing."""

from __future__ import annotations

import subprocess
import sys

IMPORT = """
import sys
import bayescale as bs
heavy = {"jax", "numpyro", "matplotlib", "arviz", "pandas", "scipy"} & set(sys.modules)
assert not heavy, f"import bayescale imports {sorted(heavy)}"
bs.fit, bs.predict, bs.allocate, bs.read_runs
assert "matplotlib" not in sys.modules, "fitting imports matplotlib"
assert "arviz" not in sys.modules, "fitting imports arviz"
import jax
assert not jax.live_arrays(), f"arrays were made at import: {jax.live_arrays()}"
assert jax.config.jax_enable_x64 is False
assert set(bs.__all__) <= set(dir(bs))
print("done")
"""


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)


def test_importing_computes_nothing_and_leaves_jax_as_it_was():
    done = run(IMPORT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done\n"
