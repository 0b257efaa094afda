"""Two processes that were joined make one fit together, and draw the same."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import bayescale as bs

FOLDER = Path(__file__).parents[2]
SCRIPT = FOLDER / "examples" / "several_hosts.py"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def start(words: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    environment.pop("XLA_FLAGS", None)
    return subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def outputs(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What the processes printed; none is left behind."""
    try:
        ended = [process.communicate(timeout=1200) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(error for _, error in ended)
    # Gloo says on the output whom it is connected to.
    lines = ([line for line in output.splitlines() if line and not line.startswith("[Gloo]")] for output, _ in ended)
    return ["\n".join(some) for some in lines]


# What it prints is short: a pipe that is full until the other process has ended would keep both from ending.
JOINED = """
import hashlib
import sys
import jax, numpy as np
import bayescale as bs
from bayescale.inference.coordinates import Coordinates, guide_and_gradient
from bayescale.inference.devices import find_places
from bayescale.inference.geometry import find_geometry
from bayescale.inference.likelihood import sampled_arrays
from bayescale.inference.precision import computing
from bayescale.inference.preparation import prepare_fit
from bayescale.inference.spread import everywhere, spread_rows
from bayescale.laws import find_law

process = bs.join_hosts(sys.argv[1], 2, int(sys.argv[2]))
runs = bs.datasets.load("pile-families")
model, _, layout = prepare_fit(find_law("chinchilla"), runs, None, None, None, None, None)
coordinates, devices = Coordinates(model), find_places("all", hosts=True)
with computing():
    arrays = sampled_arrays(layout)
    geometry = find_geometry(coordinates, arrays)
    position = 0.5 * np.random.default_rng(0).standard_normal(coordinates.size)
    value, gradient = guide_and_gradient(coordinates, geometry, arrays, position)
    rows = spread_rows(arrays, devices)
    own = sum(shard.data.size for shard in rows["mask"].addressable_shards)
    there = jax.device_put(geometry, everywhere(devices))
    together, slope = guide_and_gradient(coordinates, there, rows, position)
    print(process, len(devices), own / rows["mask"].size, float(together).hex(), float(value),
          float(together) - float(value), np.abs(np.asarray(slope) - np.asarray(gradient)).max(),
          np.abs(np.asarray(gradient)).max())
fit = dict(engine="nuts", chains=2, warmup=50, draws=50, target_accept=0.9, max_tree_depth=2, progress=False)
drawn = bs.fit("chinchilla", runs, **fit, devices="all", spread="rows")
for name, one in drawn.unconstrained.data_vars.items():
    values = np.ascontiguousarray(one)
    print(name, hashlib.sha256(values.tobytes()).hexdigest(), np.isfinite(values).all(), np.unique(values).size > 50)

# The hosts do not agree on how long chains have to be: what the first says holds for all.
from bayescale.inference import nuts_attempts, settings
settings.NUTS_DRAWS, answers = 30, iter((2 - process, 1))
nuts_attempts.times_longer = lambda *_: next(answers)
longer = bs.fit("chinchilla", runs, **fit | {"draws": None}, devices="all", spread="rows")
digest = hashlib.sha256(longer.sample_stats["lp"].values.tobytes()).hexdigest()
print("longer", longer.record["attempts"][-1]["thin"], digest)
try:
    bs.fit("chinchilla", runs, **fit, devices="all")
except bs.SettingsError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def joined() -> list[list[str]]:
    """The lines of two processes that share a table's rows."""
    coordinator = f"127.0.0.1:{free_port()}"
    return [out.splitlines() for out in outputs([start(["-c", JOINED, coordinator, str(i)]) for i in range(2)])]


def test_two_processes_evaluate_one_density(joined):
    """Each has half of the rows; the sums are those of one process that has all, to rounding."""
    values = []
    for process, lines in enumerate(joined):
        number, devices, share, together, value, apart, slope_apart, slope = lines[0].split()
        assert (int(number), int(devices), float(share)) == (process, 2, 0.5)
        assert abs(float(apart)) <= 1e-12 * abs(float(value))
        assert float(slope_apart) <= 1e-11 * max(float(slope), abs(float(value)))
        values.append(together)
    assert values[0] == values[1]


def test_two_processes_draw_the_same(joined):
    one, other = (lines[1:-2] for lines in joined)
    assert len(one) > 5
    assert one == other
    assert all(line.endswith(" True True") for line in one)


def test_two_processes_go_on_together_for_as_long_as_the_first_says(joined):
    one, other = (lines[-2] for lines in joined)
    assert one == other and one.startswith("longer 2 ")


def test_chains_are_not_spread_over_processes(joined):
    for lines in joined:
        assert lines[-1].startswith(
            "2 processes were joined, and chains are spread over the devices of one; share the "
        )


@pytest.mark.slow
def test_the_example_saves_one_fit(tmp_path):
    table, out = tmp_path / "runs.csv", tmp_path / "fit.nc"
    frame = bs.datasets.load("pile-families").to_frame()[["family", "params", "tokens", "loss"]]
    frame[frame["family"].duplicated(keep=False)].to_csv(table, index=False)
    common = [str(SCRIPT), str(table), str(out), "--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2"]
    short = ["--chains", "2", "--warmup", "50", "--draws", "50"]
    first, second = outputs([start([*common, "--process", str(i), *short]) for i in range(2)])
    assert first.startswith("Fit of chinchilla")
    assert second == ""
    assert bs.load(out).settings.spread == "rows"


def test_hosts_are_joined_by_all_three_or_by_a_scheduler():
    for given, message in (
        (("10.0.0.1:1234", None, None), r"^Give all of coordinator, processes and process, or none of them where a "),
        (("10.0.0.1", 2, 0), r"^coordinator must be 'HOST:PORT', got '10\.0\.0\.1'\.$"),
        (("10.0.0.1:1234", 1, 0), r"^processes must be at least 2, got 1; a single one needs no join_hosts\.$"),
        (("10.0.0.1:1234", 2, 2), r"^process must be from 0 to 1, got 2\.$"),
    ):
        with pytest.raises(bs.SettingsError, match=message):
            bs.join_hosts(*given)
