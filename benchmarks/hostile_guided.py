"""Sessions of hostile_atheris.py from inputs that are right, and their section of HOSTILE.md.

python benchmarks/hostile_guided.py [--minutes 10] [--seed 1] [--logs FOLDER]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
import report
from cells import table_lines

READERS = {
    "csv": "read_runs of text files",
    "parquet": "read_runs of Parquet",
    "toml": "The TOML of a study",
    "netcdf": "load of NetCDF",
}
HEAD = ("reader", "begun from", "inputs tried", "edges covered", "inputs kept", "seconds", "findings")
STATE = re.compile(r"^#(\d+)\s+\w+ +cov: (\d+) ft: \d+ corp: (\d+)(?:/\S+)?.*?exec/s: (\d+)", re.M)


def seeds(door: str, folder: Path) -> Path:
    """Make a folder of inputs to begin with: right ones, which random changes are made to."""
    from small_tables import table_of

    import bayescale as bs

    folder.mkdir()
    if door == "toml":
        for path in (Path(__file__).parents[1] / "examples").glob("*study*.toml"):
            (folder / path.name).write_bytes(path.read_bytes())
        return folder
    for rows in (4, 12):
        runs, path = table_of(rows, seed=rows), folder / f"{rows}.{door}"
        if door == "csv":
            runs.to_frame().to_csv(path, index=False)
        elif door == "parquet":
            runs.to_frame().to_parquet(path)
        else:
            bs.fit("kaplan-n", runs, draws=50, engine="instant", progress=False).save(path)
    return folder


def session(door: str, folder: Path, minutes: float, seed: int) -> None:
    """Fuzz a reader until the time is over or something is found; what was said is in DOOR.log of the folder."""
    script = Path(__file__).with_name("hostile_atheris.py")
    options = [f"-max_total_time={60 * minutes:.0f}", f"-seed={seed}", "-timeout=120"]
    command = [sys.executable, str(script), door, str(seeds(door, folder / f"{door}_inputs")), *options]
    with (folder / f"{door}.log").open("wb") as log:
        subprocess.run(command, cwd=folder, env=_environment(), stdout=log, stderr=subprocess.STDOUT, check=False)


def row(door: str, log: Path) -> tuple[str, ...]:
    """The row of a session, by what libFuzzer said.

    Raises:
        RuntimeError: it says nothing that is understood, as where atheris is not installed.
    """
    said = log.read_text("utf-8", "replace")
    states = STATE.findall(said)
    if not states:
        raise RuntimeError(f"{door}: {said[-2000:]}")
    if findings := re.findall(r"^SUMMARY: libFuzzer: .*$", said, re.M):
        print(f"{door}:\n{said[-4000:]}", flush=True)
    tried, edges, kept, rate = (int(number) for number in states[-1])
    files = re.search(r"seed corpus: files: (\d+)", said)
    begun = f"right inputs: {files[1]}" if files else "nothing"
    took = f"{tried / rate:.0f}" if rate else "0"
    return READERS[door], begun, f"{tried:,}", f"{edges:,}", f"{kept:,}", took, str(len(findings))


def _environment() -> dict[str, str]:
    """The modules of the benchmarks and the package as this process has them; nothing is computed."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "JAX_PLATFORMS": "cpu"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--logs", type=Path, help="folder of csv.log and toml.log of sessions that were made before")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(len(READERS)) as pool:
        folder = asked.logs or Path(name)
        if not asked.logs:
            list(pool.map(lambda door: session(door, folder, asked.minutes, asked.seed), READERS))
        rows = [row(door, folder / f"{door}.log") for door in READERS]
    lines = [
        hostile.GUIDED, "",
        "Written by `python benchmarks/hostile_guided.py` from what `hostile_atheris.py` said: inputs are changed at "
        "random by atheris, and those that reach new code are changed further. A *finding* is anything else than a "
        "result or one of the package's own errors, a hang or too much memory, and ends the session of its reader. "
        "*Edges* are those of the package's reading and of Python's `tomllib`; pandas and its parsers are not counted. "
        "*Tried* and *seconds* are of the last line that was said.", "",
        *table_lines(HEAD, rows), "",
        report.circumstances(), "",
    ]  # fmt: skip
    before = hostile.PAGE.read_text("utf-8").split(hostile.GUIDED)[0].rstrip()
    hostile.PAGE.write_text("\n".join([before, "", *lines]), "utf-8")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
