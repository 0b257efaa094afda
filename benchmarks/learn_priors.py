"""Learn the priors of a new family from public families, and write them into the package.

python benchmarks/learn_priors.py [--laws chinchilla ...]

Each family is fitted by itself under wide priors at a small size and few tokens, where its terms say little of their
exponents, and the population is learnt from the draws. Then all are fitted again under that population, half as wide
again, so that the draws of each are near the others, and it is learnt anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from learnt_files import learn_file
from public_runs import NOT_TEXT

import bayescale as bs
from bayescale.models.priors import FILE, to_record

LAWS = ("chinchilla",)
# Where terms and exponents of the families are about uncorrelated.
ANCHORS = {"N0": 2e7, "D0": 2e8}
WIDE = {
    "E": bs.LogNormal(1.8, 0.6),
    "A": bs.LogNormal(1.5, 0.8),
    "B": bs.LogNormal(1.5, 0.8),
    "alpha": bs.LogNormal(0.4, 0.6),
    "beta": bs.LogNormal(0.4, 0.6),
    "sigma": bs.LogNormal(0.004, 1.5),
}


@dataclass(frozen=True)
class Population:
    """Fits of all families, under priors half as wide again as what they say, and the cluster of each."""

    fits: bs.Fits
    clusters: dict[str, str]

    def priors(self, *, without: str | None = None, modality: str = "text") -> bs.Priors:
        """Of a modality; without a cluster whose families may then be judged."""
        kept = [
            str(label)
            for label in self.fits.labels
            if self.clusters[str(label)] != without and (modality == "any" or label not in NOT_TEXT)
        ]
        return bs.learn_priors(self.fits, families=kept, clusters=self.clusters)


def fit_population(law: str, runs: bs.Runs, clusters: dict[str, str], model_error: float) -> Population:
    """Two rounds of fits."""
    tables = {family: runs.select(family).with_model_error(model_error) for family in runs.families}
    rough = bs.fit_many(law, tables, priors=bs.Priors(WIDE, ANCHORS), progress=False)
    found = bs.learn_priors(rough, clusters=clusters)
    wide = {name: bs.LogNormal(prior.median, 1.5 * prior.log_sd) for name, prior in found.items()}
    fits = bs.fit_many(law, tables, priors=bs.Priors(wide, ANCHORS), progress=False)
    return Population(fits, clusters)


def learn(law: str, runs: bs.Runs, clusters: dict[str, str], model_error: float) -> list[dict[str, Any]]:
    """One record per modality."""
    population = fit_population(law, runs, clusters, model_error)
    made = []
    for modality in ("text", "any"):
        priors = population.priors(modality=modality)
        record = {**priors.record, "model_error": model_error, "script": "benchmarks/learn_priors.py"}
        made.append(to_record(law, modality, bs.Priors(priors, priors.anchors, record)))
        print(f"{law}, {modality}, model error {model_error:g}: {priors}", flush=True)
    return made


if __name__ == "__main__":
    learn_file(__doc__.splitlines()[0], FILE, LAWS, learn, indent=1)
