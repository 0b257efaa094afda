"""How well intervals hold beyond the data: every public family fitted below a cut in compute and asked about the rest.

python benchmarks/calibration.py [--peers PYTHON] [--ratios 2 4 8 16] [--resamples 4000]

Every family is scored by a discrepancy learnt from the other clusters of families only. PYTHON is the interpreter of an
environment with the packages simple-scaling-laws and chinchilla; without it they are left out. Writes EXTRAPOLATION.md
and extrapolation.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from baselines import huber_bootstrap, peer_runs
from cells import table_lines
from extrapolation_figure import draw
from learn_discrepancies import FEWEST, RATIOS
from public_runs import public_runs
from report import circumstances
from tried import learnt_without
from warned import FEWEST_COVERED, by_warning, warned

import bayescale as bs
from bayescale.validation.backtest.summary import largest_runs, summaries

PAGE = Path(__file__).with_name("EXTRAPOLATION.md")
RECOMMENDED = 0.04
# What is known of families whose intervals do not hold, from the papers that the runs are of.
KNOWN = (
    "What is known of them: Porian et al. made their set-ups to go astray one step at a time, and corrected them "
    "(`porian2024resolving`). In those called *long* the warm-up does not shrink with the size of the model, so that "
    "it takes most from small ones; *base* are optimiser settings that were not tuned to the size; with the decay "
    "called *kaplan* points of one size are checkpoints of one run. The same set-ups with a short warm-up are in the "
    "table as *base short kaplan*. Of other families no cause is known."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="interpreter of an environment with the peers")
    parser.add_argument("--ratios", nargs="+", type=float, default=[2, 4, 8, 16])
    parser.add_argument("--resamples", type=int, default=4000)
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    found: dict[str, pd.DataFrame] = {}
    inside: pd.DataFrame | None = None

    def add(name: str, made: pd.DataFrame) -> None:
        found[name] = made[made["ratio"].isin(chosen.ratios)]
        print(f"{name}: {len(found[name]):,} predictions", flush=True)

    splits = None
    for model_error in (RECOMMENDED, 0.0):
        how = f"model error {model_error:g}" if model_error else "textbook posterior"
        # Learnt at all ratios, as what comes with the package is.
        tried = bs.backtest("chinchilla", runs, ratios=RATIOS, fewest=FEWEST, model_error=model_error, discrepancy=None)
        held = tried.with_discrepancy(learnt_without(tried, clusters)).runs
        add(f"{how}, discrepancy learnt elsewhere", held)
        inside = warned(held) if inside is None else inside
        add(f"{how}, no discrepancy", tried.runs)
        splits = tried
    assert splits is not None and inside is not None
    asked = [one for one in splits.held_out if one.split.ratio in chosen.ratios]
    add("Huber and bootstrap", pd.concat([huber_bootstrap(one, chosen.resamples) for one in asked]))
    for peer in ("simple-scaling-laws", "chinchilla") if chosen.peers else ():
        add(peer, peer_runs(peer, chosen.peers, asked))
    draw({name: by_ratio(made) for name, made in found.items()}, PAGE.with_name("extrapolation.png"))
    PAGE.write_text("\n".join(page(found, clusters, inside)) + "\n", "utf-8")


def by_ratio(made: pd.DataFrame, *, largest: bool = False) -> pd.DataFrame:
    """Scores by ratio, each family counted once."""
    own = summaries(largest_runs(made) if largest else made)
    return own.drop(columns=["family"]).groupby("ratio").mean().assign(runs=own.groupby("ratio")["runs"].sum())


def page(found: Mapping[str, pd.DataFrame], clusters: Mapping[str, str], inside: pd.DataFrame) -> list[str]:
    """The lines of the page."""
    ratios = sorted(next(iter(found.values()))["ratio"].unique())
    families = next(iter(found.values()))["family"].nunique()
    lines = [
        "# Intervals beyond the data",
        "",
        f"{circumstances()}",
        "",
        f"{families} families in {len(set(clusters.values()))} clusters; runs with at least one token per parameter. A "
        "ratio of r fits the runs below a family's largest compute over r and predicts all others. Every family counts "
        "once at each ratio. Every discrepancy is learnt without the cluster of the family that it is used for. Log "
        "scores are of the loss in nats per token, of baselines from a kernel density of their draws.",
        "",
        "![Coverage against width](extrapolation.png)",
    ]
    columns: list[tuple[str, bool, Callable[[pd.Series], str]]] = [
        ("Coverage of 90 % intervals", False, lambda row: f"{100 * row['coverage_0.9']:.0f} %"),
        ("Coverage of 50 % intervals", False, lambda row: f"{100 * row['coverage_0.5']:.0f} %"),
        ("Mean width of 90 % intervals, of the loss", False, lambda row: f"{100 * row['width']:.1f} %"),
        ("CRPS, of the log loss", False, lambda row: f"{100 * row['crps']:.2f} %"),
        ("Log score, nats per run", False, lambda row: f"{row['log_score']:.2f}"),
        ("Bias of the largest runs", True, lambda row: f"{100 * row['bias']:+.2f} %"),
    ]
    for title, largest, cell in columns:
        rows = []
        for name, made in found.items():
            table = by_ratio(made, largest=largest)
            rows.append([name, *(cell(table.loc[ratio]) for ratio in ratios)])
        lines += ["", f"## {title}", "", *table_lines(["", *(f"{ratio:g}x" for ratio in ratios)], rows)]
    rows = []
    for name, made in found.items():
        far = largest_runs(made)
        error = (far["median"] / far["observed"] - 1.0).abs().groupby([far["family"], far["ratio"]]).median()
        cells = [f"{100 * error[error.index.get_level_values('ratio') == ratio].median():.2f} %" for ratio in ratios]
        rows.append([name, *cells, f"{100 * error.median():.2f} %", f"{100 * error.quantile(0.95):.2f} %"])
    head = ["", *(f"{ratio:g}x" for ratio in ratios), "all", "95th percentile"]
    lines += [
        "",
        "## Median absolute relative error of the largest held-out runs, over families",
        "",
        *table_lines(head, rows),
    ]
    first = next(iter(found))
    own = summaries(found[first])
    cover = own.pivot(index="family", columns="ratio", values="coverage_0.9")
    rows = [
        [family, clusters[family], *("" if np.isnan(value) else f"{100 * value:.0f} %" for value in row)]
        for family, row in zip(cover.index, cover.to_numpy(), strict=True)
    ]
    head = ["family", "cluster", *(f"{ratio:g}x" for ratio in ratios)]
    lines += ["", f"## Coverage of 90 % intervals by family: {first}", "", *table_lines(head, rows)]
    low = own[own["coverage_0.9"] < FEWEST_COVERED]
    told = f"Below {100 * FEWEST_COVERED:.0f} %: {len(low)} of {len(own)} families and ratios, in "
    told += f"{', '.join(dict.fromkeys(low['family']))}. {KNOWN}" if len(low) else "no family."
    return [*lines, "", told, *by_warning(own, inside), *by_cluster(own, clusters)]


def by_cluster(own: pd.DataFrame, clusters: Mapping[str, str]) -> list[str]:
    """Lines on how sure pooled coverage is, with clusters drawn anew."""
    table = own.assign(cluster=own["family"].map(clusters))
    names, rng, rows = sorted(table["cluster"].unique()), np.random.default_rng(0), []
    for prob in (0.9, 0.5):
        sums = table.groupby(["ratio", "cluster"])[f"coverage_{prob:g}"].agg(["sum", "size"]).unstack(fill_value=0)
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=4000)
        total = drawn @ sums["sum"][names].to_numpy().T / np.maximum(drawn @ sums["size"][names].to_numpy().T, 1)
        ends = 100 * np.quantile(total, [0.05, 0.95], axis=0).T
        rows.append([f"{100 * prob:.0f} % intervals", *(f"{low:.0f} to {high:.0f} %" for low, high in ends)])
    return [
        "",
        "## How sure the coverage is",
        "",
        "Families of one cluster share a pipeline and miss together. Coverage pooled over families, 90 % intervals "
        f"over {len(names)} clusters drawn anew (4,000 bootstrap samples), for the first line above.",
        "",
        *table_lines(["", *(f"{ratio:g}x" for ratio in sorted(table["ratio"].unique()))], rows),
    ]


if __name__ == "__main__":
    main()
