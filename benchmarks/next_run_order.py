"""In which order should a sweep be trained? Real corpora, run by run: next_run against random, grid and upward orders.

A corpus of the loss-to-loss sweep stands for the runs that could be trained. Eight runs, the cheapest, are there; an
order adds the others. After every STEP runs the law is fitted, and two answers are held against those of the fit to all
runs: the compute-optimal size at the largest budget, and the loss of the plan there. An answer is reached when its
median is within the 90 % interval of the fit to all runs, and stays there; what counts is the compute spent until then.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from public_runs import public_runs
from report import write_section

import bayescale as bs

CORPORA = "loss-to-loss "
STARTS, STEP = 8, 4
LAW, DRAWS, PROB = "chinchilla", 250, 0.9
ANSWERS = ("log N*", "log loss")
TITLE = "The order of runs"
ABOUT = (
    "{} corpora of the loss-to-loss sweep, each with its runs in different orders after the {} cheapest, {} runs at a "
    "time, {} seeds. Share of the compute of all runs that is spent until the median of an answer is, and from then on "
    "stays, within the 90 % interval of the fit to all runs: the compute-optimal size at the largest budget, and the "
    "law's loss of the plan there. `next_run, N*` orders by `Regret`, `next_run, loss` by `Forecast` of the plan of "
    "the moment, both by value over price and with the learnt discrepancy; `random` is a permutation, `grid` takes "
    "budgets in turn and sizes far from each other, `upward` finishes one budget before the next."
)


def compute_of(table: pd.DataFrame) -> np.ndarray:
    return 6.0 * table["params"].to_numpy() * table["tokens"].to_numpy()


def answers(fit: bs.Fit, compute: float, plan: tuple[float, float]) -> np.ndarray:
    """Draws of log N* at a budget and of the log loss of a plan (the law's curve), answer x draw."""
    size = bs.allocate(fit, compute=compute, discrepancy=None).draws["params"].to_numpy().ravel()
    point = {"params": plan[0], "tokens": plan[1]}
    loss = bs.predict(fit, **point, kind="law", discrepancy=None).draws["loss"].to_numpy().ravel()
    return np.log(np.stack([size, loss]))


class Corpus:
    """The runs of a corpus, cheapest first, and what all of them say."""

    def __init__(self, name: str, runs: bs.Runs):
        order = np.argsort(compute_of(runs.table), kind="stable")
        self.name, self.table = name, runs.table.iloc[order].reset_index(drop=True)
        self.compute = compute_of(self.table)
        self.budget = float(self.compute.max())

    def know(self, fit: bs.Fit) -> None:
        """Keep the answers of the fit to all runs."""
        sizes = bs.allocate(fit, compute=self.budget, discrepancy=None).table()
        best = sizes.set_index("quantity")["median"]
        self.plan = (float(best["params"]), float(best["tokens"]))
        draws = answers(fit, self.budget, self.plan)
        tail = (1 - PROB) / 2
        self.median = np.median(draws, axis=1)
        self.reach = np.abs(np.quantile(draws, [tail, 1 - tail], axis=1) - self.median).mean(axis=0)


def fits_of(tables: dict[str, pd.DataFrame], seed: int, model_error: float) -> bs.Fits:
    """By the instant engine alone: what does not pass its checks, mostly the smallest tables, is kept and counted."""
    return bs.fit_many(LAW, tables, seed=seed, draws=DRAWS, engine="instant", model_error=model_error, progress=False)


def random_order(corpus: Corpus, rng: np.random.Generator) -> list[int]:
    return list(STARTS + rng.permutation(len(corpus.table) - STARTS))


def grid_order(corpus: Corpus, rng: np.random.Generator) -> list[int]:
    """Budgets in turn, each time with a size as far as possible from those that its budget has; a random size first."""
    left = pd.DataFrame({"budget": np.round(np.log10(corpus.compute), 1), "size": np.log(corpus.table["params"])})
    left, order, taken = left.iloc[STARTS:], [], {}
    while len(order) < len(corpus.table) - STARTS:
        for budget, rows in left.drop(index=order).groupby("budget"):
            mine = taken.setdefault(budget, [])
            far = [min((abs(size - other) for other in mine), default=rng.random()) for size in rows["size"]]
            best = int(np.argmax(far))
            mine.append(rows["size"].iloc[best])
            order.append(int(rows.index[best]))
    return order


def upward_order(corpus: Corpus, rng: np.random.Generator) -> list[int]:
    """Budgets from the smallest to the largest, sizes within one at random."""
    budget = np.round(np.log10(corpus.compute[STARTS:]), 1)
    return list(STARTS + np.lexsort((rng.random(budget.size), budget)))


CHOSEN = ("next_run, N*", "next_run, loss")
FIXED = {"random": random_order, "grid": grid_order, "upward": upward_order}


def follow(corpus: Corpus, orders: dict[str, list[int]], seed: int, model_error: float) -> list[dict]:
    """Answers along fixed orders, fitted all at once."""
    tables, spent = {}, {}
    for name, order in orders.items():
        for count in [*range(0, len(order), STEP), len(order)]:
            rows = [*range(STARTS), *order[:count]]
            tables[f"{name}/{count}"] = corpus.table.iloc[rows].reset_index(drop=True)
            spent[f"{name}/{count}"] = float(corpus.compute[rows].sum())
    fits = fits_of(tables, seed, model_error)
    passed = ok_of(fits)
    return [
        one_row(corpus, label.split("/")[0], seed, spent[label], fits[label]) | {"ok": passed[label]} for label in fits
    ]


def ok_of(fits: bs.Fits) -> dict[str, bool]:
    return dict(zip(fits.labels, fits.status["status"] == "ok", strict=True))


def one_row(corpus: Corpus, order: str, seed: int, spent: float, fit: bs.Fit) -> dict:
    missed = np.abs(np.median(answers(fit, corpus.budget, corpus.plan), axis=1) - corpus.median)
    row = {"corpus": corpus.name, "order": order, "seed": seed, "runs": len(fit.runs), "compute": spent}
    return row | dict(zip(ANSWERS, missed / corpus.reach, strict=True))


def goal_of(name: str, fit: bs.Fit, corpus: Corpus) -> bs.goals.Regret | bs.goals.Forecast:
    """The planner's goal; it forecasts the plan that it would make now, not the one of all runs."""
    if name == "next_run, N*":
        return bs.goals.Regret(corpus.budget)
    now = bs.allocate(fit, compute=corpus.budget, discrepancy=None).table().set_index("quantity")["median"]
    return bs.goals.Forecast(params=float(now["params"]), tokens=float(now["tokens"]))


def choose(corpora: Sequence[Corpus], names: Sequence[str], seed: int, model_error: float) -> list[dict]:
    """Answers along the orders that next_run chooses, all corpora and goals side by side."""
    taken = {(corpus.name, name): list(range(STARTS)) for corpus in corpora for name in names}
    by_name = {corpus.name: corpus for corpus in corpora}
    rows = []
    while taken:
        keys = list(taken)
        tables = {"/".join(k): by_name[k[0]].table.iloc[taken[k]].reset_index(drop=True) for k in keys}
        fits = fits_of(tables, seed, model_error)
        passed = ok_of(fits)
        for key in keys:
            corpus, fit, have = by_name[key[0]], fits["/".join(key)], taken[key]
            row = one_row(corpus, key[1], seed, float(corpus.compute[have].sum()), fit)
            rows.append(row | {"ok": passed["/".join(key)]})
            left = corpus.table.drop(index=have)
            if left.empty:
                del taken[key]
                continue
            found = bs.next_run(fit, goal_of(key[1], fit, corpus), left, size=STEP, once=True, seed=seed)
            have.extend(chosen_of(found, left))
    return rows


def chosen_of(found: bs.NextRun, left: pd.DataFrame) -> list[int]:
    """Rows of the runs of a batch, which a stop rule may cut short; then the best single ones fill it up."""
    wanted = pd.concat([found.batch(), found.table()])[["params", "tokens"]]
    rows: list[int] = []
    for params, tokens in wanted.drop_duplicates().itertuples(index=False):
        same = left.index[(left["params"] == params) & (left["tokens"] == tokens)]
        rows += [int(i) for i in same if int(i) not in rows]
    return rows[:STEP]


def reached(track: pd.DataFrame, answer: str) -> float:
    """Compute until an answer is within reach of that of all runs, and stays so."""
    track = track.sort_values("runs")
    outside = np.flatnonzero(track[answer].to_numpy() > 1.0)
    first = 0 if not outside.size else outside[-1] + 1
    return float(track["compute"].iloc[min(first, len(track) - 1)])


def tracks_of(corpora: Sequence[Corpus], seeds: int, model_error: float) -> pd.DataFrame:
    """All steps of all orders."""
    whole = fits_of({corpus.name: corpus.table for corpus in corpora}, 0, model_error)
    for corpus in corpora:
        corpus.know(whole[corpus.name])
    rows: list[dict] = []
    for seed in range(seeds):
        rows += choose(corpora, CHOSEN, seed, model_error)
        for corpus in corpora:
            rng = np.random.default_rng([seed, *corpus.name.encode()])
            orders = {name: make(corpus, rng) for name, make in FIXED.items()}
            rows += follow(corpus, orders, seed, model_error)
        print(f"model error {model_error:g}, seed {seed}: done", flush=True)
    return pd.DataFrame(rows)


def spent_of(tracks: pd.DataFrame) -> pd.DataFrame:
    """Share of the compute of all runs until each answer is reached: a row per corpus, seed and order."""
    rows = []
    for (corpus, seed, order), track in tracks.groupby(["corpus", "seed", "order"]):
        whole = track["compute"].max()
        rows.append({"corpus": corpus, "seed": seed, "order": order} | {a: reached(track, a) / whole for a in ANSWERS})
    return pd.DataFrame(rows)


def section(tracks: pd.DataFrame, model_error: float) -> list[str]:
    """The table of a setting, and what next_run needs over what the others do."""
    spent = spent_of(tracks)
    lines = [f"### model_error={model_error:g}", "", "| order | log N*, median (range) | log loss, median (range) |"]
    lines.append("| --- | --- | --- |")
    middle = spent.groupby("order")[list(ANSWERS)].median()
    for order in (*CHOSEN, *FIXED):
        own = spent[spent["order"] == order]
        cells = [f"{own[a].median():.2f} ({own[a].min():.2f} to {own[a].max():.2f})" for a in ANSWERS]
        lines.append(f"| {order} | {' | '.join(cells)} |")
    lines.append("")
    for answer, chosen in zip(ANSWERS, CHOSEN, strict=True):
        ratios = ", ".join(f"{middle.loc[chosen, answer] / middle.loc[name, answer]:.2f} of {name}'s" for name in FIXED)
        lines.append(f"To reach {answer}, `{chosen}` takes {ratios} (ratios of medians).")
    lines.append(f"Of {len(tracks):,} fits {int((~tracks['ok']).sum()):,} did not pass the checks and were used.")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--model-error", type=float, nargs="*", default=[0.0, 0.04])
    parser.add_argument("--tracks", help="CSV file for every step of every order")
    chosen = parser.parse_args()
    runs, _ = public_runs()
    corpora = [Corpus(name.removeprefix(CORPORA), runs.select(name)) for name in runs.families if CORPORA in name]
    began, lines, parts = time.process_time(), [ABOUT.format(len(corpora), STARTS, STEP, chosen.seeds), ""], []
    for model_error in chosen.model_error:
        tracks = tracks_of(corpora, chosen.seeds, model_error)
        lines += section(tracks, model_error)
        parts.append(tracks.assign(model_error=model_error))
    lines.append(f"{(time.process_time() - began) / 60:.0f} minutes of CPU.")
    if chosen.tracks:
        pd.concat(parts).to_csv(chosen.tracks, index=False)
    write_section(TITLE, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
