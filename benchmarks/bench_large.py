"""A table of 1.5 million checkpoints: gradients, the whole posterior, memory, and public curves.

python benchmarks/bench_large.py [--rows 1500000] [--draws 400] [--curves-file colpret.npz]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import report
from cells import table_lines
from large_fit import PARAMETERS
from large_table import Truth, write_table

import bayescale as bs
from bayescale.inference.compressed.compress import compress
from bayescale.inference.compressed.ordered import CannotCompress
from bayescale.inference.precision import computing
from bayescale.laws import Chinchilla
from bayescale.models import AR1, OU, Normal, Pooling, build_model, lay_out
from bayescale.models.layout import design_anchors

FAMILIES, CURVES = 40, 2_000
# A table whose fit takes next to no memory for its rows: what is left is the compiler and the draws.
SMALL = 40_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--draws", type=int, default=400, help="kept draws of each of four chains")
    parser.add_argument("--curves-file", type=Path, help="public curves: colpret.npz of the data set learning-curves")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large, small = (_written(Path(folder), rows) for rows in (chosen.rows, SMALL))
        gradients = _run("large_gradients.py", large[0])
        fitted = _run("large_fit.py", *large, chosen.draws)
        beside = _run("large_fit.py", *small, chosen.draws)
    lines = [*gradient_lines(gradients), "", *fit_lines(fitted, beside), *goal_lines(gradients, fitted, beside)]
    if chosen.curves_file:
        lines += ["", *public_lines(chosen.curves_file)]
    print("\n".join(lines), flush=True)
    report.write_section("Large tables", lines)


def _written(folder: Path, rows: int) -> tuple[Path, Path]:
    """A table and its truth, as files."""
    table, truth = folder / f"{rows}.parquet", folder / f"{rows}.npz"
    curves = max(FAMILIES * 3, CURVES * rows // 1_500_000)
    save_truth(truth, write_table(table, rows, FAMILIES, curves))
    return table, truth


def save_truth(path: Path, truth: Truth) -> None:
    """The true parameters in the form that fits print them in, anchors at 1."""
    law = {name: one.textbook().values for name, one in truth.laws.items()}
    own = {p: np.array([float(law[name][p]) for name in law]) for p in PARAMETERS if p != "sigma"}
    np.savez(path, family=np.array(list(law)), sigma=np.array(list(truth.sigma.values())), **own)


def _run(script: str, *arguments: Any) -> dict[str, Any]:
    """What a script beside this one prints, in a process without a compile cache."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    environment = {**os.environ, "BAYESCALE_COMPILE_CACHE": "off"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def gradient_lines(found: dict[str, Any]) -> list[str]:
    """The table of value and gradient."""
    results, plain = found["results"], found["results"]["plain"]
    words = {
        "plain": "plain: parameters gathered per row, `N ** alpha`, autodiff",
        "all rows": "`likelihood='full'`: all rows in blocks",
        "nodes": f"`likelihood='compressed'`: {found['nodes']} nodes per curve",
        "student-t, ar1": "all rows, Student-t noise",
        "normal, ou": "all rows, OU residuals in place of the same correlation from row to row",
        "student-t": "all rows, Student-t noise, independent residuals",
    }
    same = ("plain", "all rows", "nodes")
    rows = [
        [
            words[name],
            f"{one['ms']:.3g} ({one['least']:.3g} to {one['most']:.3g})",
            f"{one['times']:.3g}",
            f"{np.abs(np.subtract(one['values'], plain['values'])).max():.1e}" if name in same else "another density",
        ]
        for name, one in results.items()
    ]
    return [
        f"Simulated by the package's own model: {found['rows']:,} checkpoints of {found['curves']:,} runs in "
        f"{FAMILIES} families, normal residuals with a correlation of 0.8 from checkpoint to checkpoint.",
        "",
        "**One value and gradient of the log likelihood**, CPU milliseconds of all threads, median (range) of 7, in "
        "turns; ratios are medians of those of one turn:",
        "",
        *table_lines(("implementation", "CPU ms", "plain over this", "largest difference to plain, nats"), rows),
        "",
        "* Differences are over 9 points around the posterior, up to 3 sds out; the bound that the fit computes itself "
        f"is {found['bound']:.1e} nats. The log likelihood is {plain['values'][0]:.3g}.",
        f"* Compressing takes {found['built']:.1f} CPU seconds, the check against all rows included.",
    ]


def fit_lines(found: dict[str, Any], beside: dict[str, Any]) -> list[str]:
    """The whole posterior, its truth, and memory."""
    z, table = np.array(found["z"]), found["table_mb"]
    rows_mb = found["fit_mb"] - beside["fit_mb"]
    return [
        f"**The whole posterior**, cold (no compile cache), 4 chains of 250 warm-up and {found['draws']} kept draws: "
        f"**{found['cpu']:.0f} CPU seconds** from the table to draws, smallest bulk ESS **{found['ess']:,.0f}**, tail "
        f"ESS {found['tail']:,.0f}, R-hat {found['r_hat']:.3f}, {found['leapfrogs']:.0f} leapfrogs per draw, "
        f"{found['divergences']} divergences.",
        "",
        f"* The fit says: likelihood {found['likelihood']}.",
        f"* Truth: over {z.size} parameters of families the root mean square of (mean - truth) / sd is "
        f"{np.sqrt((z * z).mean()):.2f}; {100 * (np.abs(z) < 2).mean():.1f} % are within 2 sds.",
        f"* Memory: the table takes {table:.0f} MB. Reading it from Parquet peaks at {found['read_mb']:.0f} MB "
        f"over the interpreter with its imports ({found['read_mb'] / table:.1f} times the table, which is part of it), "
        f"the fit at {found['fit_mb']:.0f} MB. A fit of {beside['rows']:,} rows with as many families and draws peaks "
        f"at {beside['fit_mb']:.0f} MB, which is compiler and draws; the rows take the other {rows_mb:.0f} MB, "
        f"{rows_mb / table:.1f} times the table.",
    ]


def goal_lines(gradients: dict[str, Any], fitted: dict[str, Any], beside: dict[str, Any]) -> list[str]:
    """What was asked for and what came."""
    times = {name: one["times"] for name, one in gradients["results"].items()}
    rows = (fitted["fit_mb"] - beside["fit_mb"]) / fitted["table_mb"]
    found = {
        f"all rows 15 times as quick as plain code ({times['all rows']:.1f})": times["all rows"] >= 15,
        f"nodes 200 times ({times['nodes']:.0f})": times["nodes"] >= 200,
        f"a smallest bulk ESS of 1,000 ({fitted['ess']:,.0f})": fitted["ess"] >= 1000,
        f"in 60 CPU seconds ({fitted['cpu']:.0f})": fitted["cpu"] <= 60,
        f"R-hat below 1.01, as the check of a fit asks for ({fitted['r_hat']:.3f})": fitted["r_hat"] < 1.01,
        f"rows in three times the table ({rows:.1f})": rows < 3,
    }
    kept = {held: [goal for goal, one in found.items() if one is held] for held in (True, False)}
    words = {True: "Goals that were met", False: "Goals that were missed"}
    return [f"* {words[held]}: {'; '.join(goals)}." for held, goals in kept.items() if goals]


def public_lines(path: Path) -> list[str]:
    """What becomes of public curves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = bs.datasets.load("learning-curves", path=path)
    runs = runs.subset(runs.table["family"].isin(runs.families[:50]).to_numpy())
    lines = [f"**Public curves** (`learning-curves`): {len(runs):,} checkpoints in {len(runs.families)} families."]
    for name, part in (("all", runs), ("without the first tenth of each run", _settled(runs))):
        for residuals in (AR1, OU):
            lines.append(f"* {name}, {residuals.name}: {_outcome(part, residuals)}")
    return [lines[0], "", *lines[1:]]


def _settled(runs: bs.Runs) -> bs.Runs:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runs.drop_early(tokens=0)


def _outcome(runs: bs.Runs, residuals: type) -> str:
    """What compressing gives, in words."""
    anchors = design_anchors(Chinchilla, runs)
    layout = lay_out(Chinchilla, runs, None, anchors, Normal, residuals)
    sizes = {"n_families": len(layout.families)}
    model = build_model(Chinchilla, noise=Normal, pooling=Pooling("partial"), residuals=residuals, **sizes)
    try:
        with computing():
            found = compress(model, runs, layout)
    except CannotCompress as error:
        return f"full, since {error}."
    return (
        f"{found.nodes} nodes for each of {found.curves} curves ({found.rows:,} rows), off by at most "
        f"{found.bound:.1e} nats."
    )


if __name__ == "__main__":
    main()
