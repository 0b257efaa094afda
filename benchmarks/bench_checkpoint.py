"""What checkpoints cost a fit by NUTS that takes a minute: CPU seconds with and without, in turns.

python benchmarks/bench_checkpoint.py [--draws 20000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import report
import xarray as xr
from cells import spread, table_lines
from clock import Clock

import bayescale as bs
from bayescale.inference.checkpoint import trail

# Above this share of a fit's CPU seconds, checkpoints would have to be further apart.
BUDGET = 0.03
HEAD = ("fit", "CPU s", "writings", "CPU s of writing", "MiB of the last")


class Run(NamedTuple):
    """A fit and what its checkpoints cost; thread seconds of writing, and bytes of the last file."""

    fit: bs.Fit
    cpu: float
    writings: list[float]
    size: int


@contextmanager
def watched(path: Path) -> Iterator[tuple[list[float], list[int]]]:
    """Measure every writing of checkpoints by the CPU seconds of the thread that writes."""
    write, seconds, sizes = trail.Trail.write, list[float](), [0]

    def timed(self: Any) -> None:
        began = time.thread_time()
        write(self)
        seconds.append(time.thread_time() - began)
        sizes.append(path.stat().st_size if path.exists() else 0)

    trail.Trail.write = timed  # type: ignore[method-assign]
    try:
        yield seconds, sizes
    finally:
        trail.Trail.write = write  # type: ignore[method-assign]


def run(draws: int, path: Path | None, runs: bs.Runs) -> Run:
    """Make the fit; with a checkpoint where there is a path."""
    with watched(path or Path("/nowhere")) as (seconds, sizes), Clock() as clock:
        fit = bs.fit("chinchilla", runs, draws=draws, target_accept=0.9, checkpoint=path, progress=False)
    return Run(fit, clock.cpu, [] if path is None else seconds, sizes[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    runs, measured = bs.datasets.load("pile-families"), dict[str, list[Run]](without=[], checkpoint=[])
    run(50, None, runs)  # compiles
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(chosen.rounds):
            for name, path in (("without", None), ("checkpoint", Path(folder) / "fit.checkpoint")):
                measured[name].append(run(chosen.draws, path, runs))
                print(name, *measured[name][-1][1:], flush=True)
    for one, other in zip(*measured.values(), strict=True):
        xr.testing.assert_identical(one.fit.unconstrained, other.fit.unconstrained)
    shares = [sum(one.writings) / one.cpu for one in measured["checkpoint"]]
    ratio = median(a.cpu / b.cpu for b, a in zip(*measured.values(), strict=True))
    verdict = "reached" if max(shares) < BUDGET else "NOT reached"
    lines = [
        f"The six families of `pile-families` by NUTS, 4 chains of {chosen.draws:,} draws, {chosen.rounds} rounds in "
        f"turns; {trail.SECONDS:g} s or more between writings. The draws are the same bits. Writing takes "
        f"{100 * max(shares):.2g} % of the fit's CPU seconds at most (budget {100 * BUDGET:g} %: {verdict}); CPU "
        f"seconds with over those without, which other work on the machine disturbs: {ratio:.3f}.",
        "",
        *table_lines(HEAD, (_row(name, ones) for name, ones in measured.items())),
    ]
    print("\n".join(lines), flush=True)
    report.write_section("Checkpoints", lines)


def _row(name: str, runs: list[Run]) -> list[str]:
    sizes = spread([one.size / 2**20 for one in runs])
    writing = spread([sum(one.writings) for one in runs])
    return [name, spread([one.cpu for one in runs]), spread([len(one.writings) for one in runs]), writing, sizes]


if __name__ == "__main__":
    main()
