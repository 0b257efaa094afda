"""One real table for every law of the catalogue, what is published about it, and how it is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from tables import LEFT_OUT, REAL_DATA, chinchilla_runs, loss_to_loss, registered

import bayescale as bs


@dataclass(frozen=True)
class Case:
    """A law, its table and what others found.

    Args:
        law: its name.
        data: what the table is, in words.
        load: makes the table.
        published: name of a parameter or derived quantity to its published value and where that is from, on these or
            other data.
        settings: of the fit.
    """

    law: str
    data: str
    load: Callable[[], bs.Runs]
    published: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def points() -> bs.Runs:
    """Hoffmann et al.'s digitised runs as Besiroglu et al. fit them."""
    return chinchilla_runs(LEFT_OUT)[0]


def corpora() -> bs.Runs:
    """The loss-to-loss sweep."""
    return loss_to_loss()[0]


def frontier() -> bs.Runs:
    """The best of Hoffmann et al.'s runs at each tenth of a decade of compute, below 1e21 FLOP 2 to 3 runs apart."""
    table = points().to_frame()
    decile = (10 * table["compute"].map(_log10)).round()
    return bs.read_runs(table.loc[table.groupby(decile)["loss"].idxmin(), ["params", "compute", "loss"]])


def _log10(value: float) -> float:
    from math import log10

    return log10(value)


def over_trained(dataset: str) -> bs.Runs:
    """Gadre et al.'s runs on one corpus that left warm-up, loss on C4."""
    return bs.read_runs(registered("overtraining").select(dataset).table[DESIGN])


def one_size() -> bs.Runs:
    """Gadre et al.'s runs of 4e8 parameters on C4."""
    runs = over_trained("c4_original")
    return runs.subset(runs.table["params"].between(4e8, 4.2e8).to_numpy())


def repeated() -> bs.Runs:
    """Muennighoff et al.'s runs of at most 60 epochs, the last of those with one name."""
    return registered("data-constrained", "60-epochs")


def curves() -> bs.Runs:
    """Every twentieth checkpoint of the misfitting set's ten sizes at one learning rate, after a tenth of training."""
    table = pd.read_csv(REAL_DATA / "misfitting" / "scaling_results.csv")
    table = table[(table["peak_lr"] == 0.002) & table["portion_steps_elapsed"].between(0.1, 1.0)]
    table = table.sort_values(["N", "current_steps"]).drop_duplicates(["N", "current_steps"]).iloc[::20]
    table = table.rename(columns={"N": "params", "D": "tokens", "current_steps": "step"})
    return bs.read_runs(table[["params", "tokens", "step", "loss"]])


def schedules() -> bs.Runs:
    """Misfitting's runs of 1.8e8 parameters over 4,000 and 12,000 steps, their last three quarters.

    The schedule is taken for a cosine to a tenth of the peak after a tenth of warm-up.
    """
    table = pd.read_csv(REAL_DATA / "misfitting" / "scaling_results.csv")
    table = table[(table["peak_lr"] == 0.002) & (table["model"] == "misfitting_100m")]
    parts = []
    for steps in (4000, 12_000):
        rows = table[(table["total_steps"] == steps) & table["current_steps"].between(steps / 4, steps)]
        step = rows["current_steps"].to_numpy()
        lr = bs.laws.cosine_schedule(steps, 0.002, warmup=steps // 10)
        area, annealing = bs.laws.schedule_areas(lr, warmup=steps // 10)
        areas = {"lr_area": area[step - 1], "annealing_area": annealing[step - 1], "step": step}
        parts.append(pd.DataFrame(areas | {"loss": rows["loss"].to_numpy(), "run": f"{steps} steps"}))
    return bs.read_runs(pd.concat(parts).drop_duplicates(["run", "step"]), law="annealing")


def with_embeddings() -> bs.Runs:
    """One corpus of the sweep with its embedding parameters, which are what 12 n_layers d_model^2 leaves of all."""
    table = registered("loss-to-loss").select("smollm-corpus").table
    return bs.read_runs(table[[*DESIGN, "embedding_params"]])


def task_errors() -> bs.Runs:
    """Gadre et al.'s runs on RedPajama that left warm-up: loss on C4 and the error over 17 tasks."""
    table = registered("overtraining-downstream").select("rpj").table
    return bs.read_runs(table[["loss", "error"]], law="downstream-error")


def arc_easy() -> bs.Runs:
    """One corpus of the loss-to-loss sweep: ARC-easy, 2,376 questions of four answers, and its loss."""
    table = registered("loss-to-loss", "arc-easy").select("smollm-corpus").table
    return bs.read_runs(table[["loss", "accuracy", "chance", "items"]], law="downstream-accuracy")


def settings_grid() -> pd.DataFrame:
    """Step Law's dense grid of learning rates and batch sizes; diverged runs have losses above 4."""
    columns = ["params", "tokens", "lr", "batch_tokens", "compute", "loss"]
    return registered("step-law", "grid").table[columns]


def surface(law: str) -> bs.Runs:
    """The whole grid, with lower bounds from 2 % above the best of a cell on."""
    return bs.read_runs(bs.censor(settings_grid()), law=law)


def best_settings(law: str) -> bs.Runs:
    """The best run of each of the grid's 17 cells."""
    grid = settings_grid()
    return bs.read_runs(grid.loc[grid.groupby(["params", "tokens"])["loss"].idxmin()].drop(columns="loss"), law=law)


def best_sizes(law: str) -> bs.Runs:
    """The frontier of Hoffmann et al.'s runs, with six times the parameters as FLOP per token."""
    table = frontier().to_frame()
    table = pd.DataFrame({"compute": table["compute"], "flop_per_token": 6 * table["params"]})
    return bs.read_runs(table.assign(tokens=table["compute"] / table["flop_per_token"]), law=law)


def one_run(first: float = 0.1) -> bs.Runs:
    """The longest run of the misfitting set's largest model, its checkpoints after a share of training."""
    table = pd.read_csv(REAL_DATA / "misfitting" / "scaling_results.csv")
    table = table[(table["peak_lr"] == 0.002) & (table["N"] == 522374400) & (table["total_steps"] == 12000)]
    table = table[table["portion_steps_elapsed"].between(first, 1.0)].rename(columns={"D": "tokens"})
    return bs.read_runs(table[["tokens", "loss"]], law="m2")


def digitised_run() -> bs.Runs:
    """Sixty checkpoints of the smallest GPT-3, digitised, from 1.2e10 to 3e11 tokens."""
    with np.load(REAL_DATA / "learning-curves" / "colpret.npz", allow_pickle=True) as curves:
        tokens, loss = curves["GPT-3 Small"]
    kept = np.flatnonzero((tokens > 0) & np.isfinite(loss))
    kept = kept[np.unique(np.linspace(0, len(kept) - 1, 60).round().astype(int))]
    return bs.read_runs(pd.DataFrame({"tokens": tokens[kept], "loss": loss[kept]}), law="m2")


def few_shot() -> bs.Runs:
    """A vision transformer's error on ImageNet from 25 examples a class, over its pre-training."""
    table = pd.read_csv(REAL_DATA / "learning-curves" / "benchmark.vision.csv")
    table = table[(table["Task"] == "inet_25") & (table["Model"] == "ViT/B/16") & (table["Training"] == 1)]
    return bs.read_runs(
        table.rename(columns={"Seen Examples": "examples", "Loss": "error"})[["examples", "error"]], law="m2-error"
    )


DESIGN = ["params", "tokens", "loss"]
GRID, BEST, LI = "Step Law's grid", "Step Law's grid, best of each cell", "li2025predictable"
SURFACE = {"noise": "censored", "draws": 400, "target_accept": 0.9}
POINTS, SWEEP = "Chinchilla's digitised points", "loss-to-loss, six corpora"
BESIROGLU, HOFFMANN = "besiroglu2024chinchilla", "hoffmann2022training"
CASES: tuple[Case, ...] = (
    Case("chinchilla", POINTS, points, {"alpha": (0.3478, BESIROGLU), "beta": (0.3658, BESIROGLU)}),
    Case("chinchilla", SWEEP, corpora),
    Case("chinchilla-tied", POINTS, points),
    Case("chinchilla-offset", POINTS, points, {"E": (1.69, HOFFMANN), "beta": (0.28, HOFFMANN)}),
    Case("chinchilla-offset", SWEEP, corpora),
    Case("chinchilla-outer", POINTS, points),
    Case("chinchilla-embedding", "loss-to-loss, SmolLM corpus", with_embeddings),
    Case("chinchilla-offset-embedding", "loss-to-loss, SmolLM corpus", with_embeddings),
    Case(
        "overtraining",
        "over-training, RedPajama",
        lambda: over_trained("rpj"),
        {"E": (1.8366, "gadre2024language"), "eta": (0.27285 / 2, "gadre2024language")},
    ),
    Case("farseer", POINTS, points, settings={"draws": 4000}),
    Case("kaplan-nd", POINTS, points),
    Case("kaplan-nd-floor", POINTS, points),
    Case("kaplan-n", "Pythia, the Pile", lambda: pile().select("Pythia"), {"alpha_N": (0.076, "kaplan2020scaling")}),
    Case("kaplan-d", "over-training, C4, 4e8 parameters", one_size, {"alpha_D": (0.095, "kaplan2020scaling")}),
    Case("kaplan-c", "Chinchilla's points, best by compute", frontier, {"alpha_C": (0.050, "kaplan2020scaling")}),
    Case("kaplan-ns", "misfitting, checkpoints", curves, {"alpha_S": (0.76, "kaplan2020scaling")}),
    Case(
        "data-constrained",
        "data-constrained, up to 60 epochs",
        repeated,
        {"R_D": (15.39, "muennighoff2023scaling"), "R_N": (5.31, "muennighoff2023scaling")},
        {"priors": {"sigma": bs.HalfNormal(0.1)}},
    ),
    Case("isoflop", POINTS, points, {"a": (0.49, HOFFMANN)}),
    Case("isoflop-valley", POINTS, points, {"a": (0.49, HOFFMANN)}),
    Case(
        "downstream-error",
        "over-training, RedPajama, 17 tasks",
        task_errors,
        {"eps": (0.8570, "gadre2024language"), "gamma": (0.7146, "gadre2024language")},
    ),
    Case("downstream-accuracy", "ARC-easy, SmolLM corpus", arc_easy, settings={"noise": "beta-binomial"}),
    Case("annealing", "misfitting, two schedules of one size", schedules, settings={"residuals": "ou"}),
    Case("step-law", GRID, lambda: surface("step-law"), {"a_N": (-0.713, LI), "a_D": (0.307, LI)}, SURFACE),
    Case("step-law-nd", GRID, lambda: surface("step-law-nd"), {"a_N": (-0.713, LI), "a_D": (0.307, LI)}, SURFACE),
    Case("step-law-lr", BEST, lambda: best_settings("step-law-lr"), {"a_N": (-0.713, LI), "a_D": (0.307, LI)}),
    Case("step-law-batch", BEST, lambda: best_settings("step-law-batch"), {"b_D": (0.571, LI)}),
    Case("step-law-batch-nd", BEST, lambda: best_settings("step-law-batch-nd"), {"b_D": (0.571, LI)}),
    Case("deepseek-model", "Chinchilla's points, best by compute", lambda: best_sizes("deepseek-model")),
    Case("deepseek-data", "Chinchilla's points, best by compute", lambda: best_sizes("deepseek-data")),
    Case("deepseek-batch", BEST, lambda: best_settings("deepseek-batch")),
    Case("deepseek-lr", BEST, lambda: best_settings("deepseek-lr")),
    *(Case(law, "misfitting, one run", one_run) for law in ("m2", "m3", "m4", "bnsl-2")),
    # With its start the run has the break; after a tenth of training a decay of the learning rate looks like one.
    Case("bnsl-1", "misfitting, one run from its start", lambda: one_run(0.002)),
    # On the run above two breaks share one in several ways, between which chains do not move, and its row fails.
    Case("bnsl-2", "GPT-3 Small, one run", digitised_run),
    *(
        Case(f"{law}-error", "few-shot error of one vision transformer", few_shot)
        for law in ("m1", "m2", "m3", "m4", "bnsl-1", "bnsl-2")
    ),
)


def pile() -> bs.Runs:
    """The embedded table."""
    return bs.datasets.load("pile-families")
