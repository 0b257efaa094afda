"""What the command line imports on each path, and what the quickest of its paths cost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale
from bayescale.cli.verbs import VERBS

JAX = {"jax", "jaxlib", "numpyro"}
TABLES = {"numpy", "pandas", "xarray", "scipy", "h5py", "pyarrow"}
PLOTS = {"matplotlib", "arviz", "arviz_plots", "PIL"}  # arviz imports its plots
# Checks take these; questions to a saved fit have its checks from the file.
STATISTICS = {"arviz_stats", "scipy.stats"}
RICH = {"rich"}

RUN = """
import sys
from bayescale.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted(sys.modules), file=open("modules.txt", "w", encoding="utf-8"))
"""


# By command, what it has no need of.
WITHOUT = {
    "--help": JAX | TABLES | PLOTS | STATISTICS | RICH,
    "--version": JAX | TABLES | PLOTS | STATISTICS | RICH,
    "fit --help": JAX | TABLES | PLOTS | STATISTICS | RICH,
    "predict --help": JAX | TABLES | PLOTS | STATISTICS | RICH,
    "datasets": JAX | PLOTS | STATISTICS,
    "laws": {"numpyro"} | (TABLES - {"numpy"}) | PLOTS | STATISTICS,
    "summary fit.nc": PLOTS | STATISTICS,
    "predict fit.nc --params 1e9 --tokens 1e11": PLOTS | STATISTICS,
    "allocate fit.nc --compute 1e21": PLOTS | STATISTICS,
    "next fit.nc --compute 1e21": PLOTS | STATISTICS,
}


@pytest.fixture(scope="module")
def folder(python, tmp_path_factory) -> Path:
    """Has a fit of one family by the instant engine, and the list of modules that making it imported."""
    folder = tmp_path_factory.mktemp("startup")
    truth = bayescale.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in np.geomspace(5e7, 3e9, 5) for d in np.geomspace(1e9, 5e10, 5)]
    table = bayescale.simulate(truth, pd.DataFrame(grid, columns=["params", "tokens"]), seed=1)
    table[["params", "tokens", "loss"]].to_csv(folder / "runs.csv", index=False)
    assert "instant" in python("-c", RUN, "fit", "runs.csv", "--seed", "0", folder=folder)
    (folder / "modules.txt").rename(folder / "modules_of_fit.txt")
    return folder


@pytest.mark.parametrize("command", WITHOUT)
def test_a_command_does_not_import_what_it_does_not_need(python, folder, command):
    assert python("-c", RUN, *command.split(), folder=folder)
    assert not set((folder / "modules.txt").read_text("utf-8").split()) & WITHOUT[command]


def test_a_fit_and_its_checks_do_not_import_plots(folder):
    modules = set((folder / "modules_of_fit.txt").read_text("utf-8").split())
    assert not modules & PLOTS
    # Or else the claims above would claim nothing.
    assert modules >= STATISTICS | {"jax", "numpyro"} | TABLES


@pytest.mark.parametrize(
    "command",
    [
        "fit missing.csv",
        "backtest missing.csv",
        "compare missing.csv --laws chinchilla chinchilla-tied",
        "identify missing.csv",
        "follow missing.csv --run big --final-tokens 1e12",
    ],
)
def test_a_table_that_is_not_there_is_refused_before_anything_large_is_loaded(python, folder, command):
    said = python("-c", RUN, *command.split(), folder=folder, code=2)
    assert said == "error: missing.csv does not exist.\n"
    assert not set((folder / "modules.txt").read_text("utf-8").split()) & (JAX | PLOTS | STATISTICS)


def test_the_list_of_commands_loads_no_command(python, folder):
    assert python("-c", RUN, "--help", folder=folder)
    loaded = set((folder / "modules.txt").read_text("utf-8").split())
    assert not loaded & {f"bayescale.cli.{verb.function}" for verb in VERBS.values()}
    assert python("-c", RUN, "check", "--help", folder=folder)
    loaded = set((folder / "modules.txt").read_text("utf-8").split())
    assert "bayescale.cli.check" in loaded and "bayescale.cli.batch" not in loaded


# In a process of its own: what a child costs grows with the memory of the process that starts it, and this one may
# hold gigabytes by now. Least CPU seconds of five each, in turns, since noise only adds; benchmarks/RESULTS.md has
# medians.
MEASURE = """
import resource, subprocess, sys

def cpu_seconds(*words):
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime
    before = used()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return used() - before

rounds = [(cpu_seconds("-m", "bayescale", "--help"), cpu_seconds("-c", "import jax")) for _ in range(5)]
print(*(min(seconds) for seconds in zip(*rounds)))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs the CPU seconds of a child")
def test_the_help_takes_less_than_three_tenths_of_importing_jax(python):
    shown, reference = map(float, python("-c", MEASURE).split())
    assert shown < 0.3 * reference
