"""Draw the figures of ``docs/figures.md``: ``.venv/bin/python docs/make_gallery.py [NAME ...]``.

Only the public API is used. The runs are public: ``chinchilla``, ``overtraining-downstream`` and ``learning-curves`` are looked for
where :func:`bayescale.datasets.load` does, in the folder of ``BAYESCALE_DATASETS`` first; the batch of many fits and
the calibration are simulated.
"""

import sys
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import bayescale as bs

IMAGES = Path(__file__).parent / "images"
SEED = 0


@cache
def families() -> bs.Fit:
    """The embedded families, partially pooled."""
    return bs.fit("chinchilla", bs.datasets.load("pile-families"), seed=SEED)


@cache
def hoffmann() -> bs.Fit:
    """Hoffmann et al.'s runs without the five of the highest losses."""
    return bs.fit("chinchilla", bs.datasets.load("chinchilla", "besiroglu"), seed=SEED)


def loss_map():
    return bs.figures.loss_map(hoffmann())


def shrinkage():
    return bs.figures.shrinkage(families(), parameters=["E", "alpha", "beta"])[0]


def prior_posterior():
    return bs.figures.prior_posterior(families())[0]


def ridges():
    return bs.figures.ridges(families(), group="Pythia")[0]


def calibration():
    """Posteriors as they are, and the ranks of one quantity as a posterior two thirds as wide would have them."""
    design = pd.DataFrame({"params": np.geomspace(1e7, 1e10, 12)})
    found = bs.calibrate("kaplan-n", design, replications=200, seed=SEED)
    ranks = found.ranks.copy()
    at = ranks.sel(quantity="alpha_N")
    ranks.loc[{"quantity": "alpha_N"}] = (49.5 + 1.5 * (at - 49.5)).round().clip(0, 99)
    return bs.figures.calibration(replace(found, ranks=ranks))


def learning_curves():
    early = bs.datasets.load("learning-curves").select("GPT-3")
    kept = early.drop_early()
    tables = {name: kept.subset((kept.table["run"] == name).to_numpy()) for name in kept.table["run"].unique()}
    fits = bs.fit_many("m2", tables, seed=SEED, draws=250)
    return bs.figures.learning_curves(bs.figures.learning_curves_data(fits, early=early, beyond=3.0))


def many_fits():
    """Four hundred simulated tables, some with two ratios of tokens to size, one of them broken."""
    law, rng = bs.laws.Chinchilla.published["besiroglu2024chinchilla"], np.random.default_rng(SEED)
    tables = {}
    for i in range(400):
        sizes, ratios = np.geomspace(1e8, 3e9, int(rng.integers(3, 6))), (5, 20) if i % 25 == 0 else (5, 20, 80)
        design = pd.DataFrame([{"params": n, "tokens": r * n} for n in sizes for r in ratios])
        truth = law.replace(alpha=float(law.alpha * np.exp(0.1 * rng.standard_normal())))
        tables[f"table {i}"] = bs.simulate(truth, design, sigma=0.01, seed=i)
    tables["table 7"] = tables["table 7"].assign(loss=-1.0)
    fits = bs.fit_many("chinchilla", tables, seed=SEED, draws=100, engine="instant")
    return bs.figures.many_fits(fits)[0]


def score_comparison():
    """Three corpora by the mean error of 17 tasks."""
    runs = bs.datasets.load("overtraining-downstream")
    loss = bs.fit("chinchilla", runs, seed=SEED)
    error = bs.fit("downstream-error", runs, seed=SEED)
    found = bs.compare_scores(bs.chain(loss, error), params=[1.4e9, 7e9], tokens=[2.8e10, 1.4e11])
    return bs.figures.score_comparison(found)


DRAWN = (loss_map, shrinkage, prior_posterior, ridges, calibration, learning_curves, many_fits, score_comparison)


def main(names: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    for draw in DRAWN:
        if names and draw.__name__ not in names:
            continue
        path = IMAGES / f"{draw.__name__}.png"
        draw().figure.savefig(path, dpi=85, bbox_inches="tight", pil_kwargs={"optimize": True})
        print(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore", bs.DataWarning)
    main(sys.argv[1:])
