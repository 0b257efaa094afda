"""Draw the figures of ``docs/figures.md``: ``.venv/bin/python docs/make_gallery.py [NAME ...]``.

Only the public API is used. The runs are public: ``chinchilla``, ``loss-to-loss``, ``overtraining-downstream`` and
``learning-curves`` are looked for where :func:`bayescale.datasets.load` does, in the folder of ``BAYESCALE_DATASETS``
first; the calibration is simulated.
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
    """Six corpora with their losses on nine validation sets, and a table that cannot be read."""
    info, tables = bs.datasets.describe("loss-to-loss"), {}
    for variant in info.variants[:9]:
        runs = bs.datasets.load(info.name, variant.name)
        tables |= {f"{family}, {variant.name}": runs.select(family) for family in runs.families}
    tables["broken"] = pd.DataFrame({"params": [1e8] * 8, "tokens": [2e9] * 8, "loss": [-1.0] * 8})
    return bs.figures.many_fits(bs.fit_many("chinchilla", tables, seed=SEED, draws=250))[0]


def score_comparison():
    """Three corpora by the mean error of 17 tasks."""
    runs = bs.datasets.load("overtraining-downstream")
    loss = bs.fit("chinchilla", runs, seed=SEED)
    error = bs.fit("downstream-error", runs, seed=SEED)
    found = bs.compare_scores(bs.chain(loss, error), params=[7e9, 3e10], tokens=[1.4e11, 6e11])
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
