"""Batches of fits, many chains and large tables on the devices of this machine, against its processor.

python benchmarks/accelerator.py [--quick] [--only batches chains rows] [--parts N] [--out FILE]

Without an accelerator, the processor is made ``--parts`` devices, which tells whether they agree and not what one is
worth.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cells import table_lines
from report import circumstances

PAGE = Path(__file__).with_name("ACCELERATOR.md")
HEAD = "# Accelerators, measured\n\nWritten by `accelerator.py` beside this file, on whatever it found.\n"
NO_ACCELERATOR = (
    "**No accelerator was measured.** The devices below are parts of one processor, which share its cores: that they "
    "agree is a result, how quick they are says nothing about a GPU or a TPU. Limits and wall-clock times are of a "
    "machine with the load average above; only CPU seconds are worth comparing."
)
# How far results may be apart, in units of what they are compared in: posterior sds, and relative.
SDS, RELATIVE = 1e-3, 1e-9
# Standard errors that means of draws of two kinds of devices may be apart: those of some fifty numbers, by some
# thirty chains or more, are beyond once in ten thousand pairs of right posteriors.
ERRORS = 6.0
PIECES = ("batches", "chains", "rows")


class Sizes(NamedTuple):
    """How much is measured."""

    fits: tuple[int, ...]
    chains: tuple[int, ...]
    methods: tuple[str, ...]
    warmup: int
    draws: int
    rows: tuple[int, ...]
    megabytes: int
    matrix: int
    repeats: int


WHOLE = Sizes((10_000, 100_000), (64, 256), ("parallel", "vectorized"), 250, 200, (100_000, 3_000_000), 1024, 8192, 3)
QUICK = Sizes((32,), (4,), ("parallel",), 50, 50, (3_000,), 8, 256, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it works and agrees")
    parser.add_argument("--parts", type=int, default=2, help="devices to make of the processor, if it is all there is")
    parser.add_argument("--only", nargs="+", choices=PIECES, default=PIECES, help="what to measure beside the limits")
    parser.add_argument("--out", type=Path, default=PAGE)
    chosen = parser.parse_args()
    # For the processor alone, and to be said before JAX starts.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={chosen.parts}"
    import jax

    devices = jax.devices()
    found = f"{len(devices)} x {devices[0].device_kind} ({devices[0].platform})"
    lines = [HEAD, circumstances(), "", f"Devices: {found}."]
    lines += ["", NO_ACCELERATOR] if devices[0].platform == "cpu" else []
    for line in sections(QUICK if chosen.quick else WHOLE, chosen.only):
        print(line, flush=True)
        lines.append(line)
    chosen.out.write_text("\n".join(lines).strip() + "\n", "utf-8")


def sections(sizes: Sizes, only: Sequence[str]) -> Iterator[str]:
    """Measure, and yield the lines of the page."""
    import jax
    from accelerator_cases import limits

    from bayescale.inference.devices import has_float64

    device, processor = jax.devices()[0], jax.devices("cpu")[0]
    known = {}
    for precision in ("float32", "float64") if has_float64(device) else ("float32",):
        options = {"megabytes": sizes.megabytes, "size": sizes.matrix, "repeats": sizes.repeats}
        known[precision] = [limits(one, precision, **options) for one in (device, processor)]
    yield from ("", "## Limits, by a copy and a product of matrices", "")
    rows = [
        [precision, *(f"{value:.3g}" for one in both for value in (one.bandwidth / 1e9, one.flop / 1e9))]
        for precision, both in known.items()
    ]
    yield from table_lines(
        ("precision", "device, GB/s", "device, GFLOP/s", "processor, GB/s", "processor, GFLOP/s"), rows
    )
    if "batches" in only:
        yield from _batches(sizes, known)
    # NUTS is float64.
    if "chains" in only and "float64" in known:
        yield from _chains(sizes)
    if "rows" in only and "float64" in known:
        yield from _rows(sizes, known["float64"][0].bandwidth)


def _one() -> Any:
    """What the devices are compared with: the processor, or where it is all there is, one part of it."""
    import jax

    return 1 if jax.devices()[0].platform == "cpu" else "cpu"


def _batches(sizes: Sizes, known: dict[str, Any]) -> Iterator[str]:
    from accelerator_cases import batches

    rows = []
    for fits in sizes.fits:
        for precision in known:
            (alone, _), (spread, flop) = (batches(on, precision, fits, sizes.repeats) for on in (_one(), "all"))
            apart = _centres_apart(alone.made, spread.made)
            limit = flop / known[precision][0].flop / spread.wall
            rows.append([f"{fits:,}", precision, *_costs(alone, spread, fits), f"{limit:.1%}", f"{apart:.0e}"])
            if not apart <= (SDS if precision == "float64" else 50 * SDS):
                raise SystemExit(f"proposals of {precision} are {apart:.1e} posterior sds apart between the devices")
    yield from ("", "## Batches of fits: proposals and densities of 4,200 draws each", "")
    of = ("of the FLOP limit", "centres apart, sds")
    yield from table_lines(("fits", "precision", *_heads("fit"), *of), rows)


def _centres_apart(alone: Any, spread: Any) -> float:
    """How far the centres of the tables that both have are apart, in sds."""
    count = min(len(alone[0]), len(spread[0]))
    centre, other = (np.asarray(made[0], float)[:count] for made in (alone, spread))
    sd = np.sqrt((np.asarray(alone[1], float)[:count] ** 2).sum(axis=-1))
    return float((np.abs(other - centre) / sd).max())


def _chains(sizes: Sizes) -> Iterator[str]:
    from accelerator_cases import chains, means_apart

    rows = []
    for count, method in itertools.product(sizes.chains, sizes.methods):
        options = {"warmup": sizes.warmup, "draws": sizes.draws, "repeats": sizes.repeats}
        alone, spread = (chains(on, method, count, **options) for on in (_one(), "all"))
        same = np.array_equal(alone.made, spread.made)
        apart = 0.0 if same else means_apart(alone.made, spread.made)
        words = "same bits" if same else f"{apart:.1f} standard errors"
        rows.append([f"{count:,}", method, *_costs(alone, spread, count * sizes.draws), words])
        # Parts of one processor run the same program, but for chains side by side, of which each has fewer.
        if apart > ERRORS or not (same or method == "vectorized" or _one() == "cpu"):
            raise SystemExit(
                f"draws of {count} chains, {method}, are {apart:.1f} standard errors apart between the devices"
            )
    title = f"## Many chains of NUTS: whole fits of the embedded families, {sizes.draws} draws a chain"
    yield from ("", title, "")
    yield from table_lines(("chains", "method", *_heads("draw"), "apart"), rows)


def _rows(sizes: Sizes, bandwidth: float) -> Iterator[str]:
    from accelerator_cases import gradients

    rows = []
    for count in sizes.rows:
        (alone, _), (spread, read) = (gradients(on, count, sizes.repeats) for on in (_one(), "all"))
        value, other = float(alone.made[0]), float(spread.made[0])
        apart = max(
            abs(other - value) / abs(value),
            float(np.abs(np.asarray(spread.made[1]) - np.asarray(alone.made[1])).max()) / abs(value),
        )
        rows.append([f"{count:,}", *_costs(alone, spread, 1), f"{read / bandwidth / spread.wall:.1%}", f"{apart:.0e}"])
        if not apart <= RELATIVE:
            raise SystemExit(f"value or gradient of {count:,} rows are {apart:.1e} apart between the devices")
    yield from ("", "## Rows of one table, float64: log density and gradient", "")
    yield from table_lines(("rows", *_heads("gradient"), "of the copy's bandwidth", "apart, relative"), rows)


def _heads(per: str) -> tuple[str, ...]:
    return (f"processor, ms/{per}: wall", "CPU", f"devices, ms/{per}: wall", "CPU", "processor / devices, wall")


def _costs(alone: Any, spread: Any, count: int) -> list[str]:
    times = [1e3 * seconds / count for cost in (alone, spread) for seconds in (cost.wall, cost.cpu)]
    return [*(f"{time:.3g}" for time in times), f"{alone.wall / spread.wall:.2f}"]


if __name__ == "__main__":
    main()
