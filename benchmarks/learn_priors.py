"""Learn the priors of a new family from public families, and write them into the package.

python benchmarks/learn_priors.py [--laws chinchilla ...]

One hierarchical fit of all families, partially pooled, at the model error that is recommended for forecasts.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import time
from pathlib import Path

from public_runs import NOT_TEXT, public_runs

import bayescale as bs
from bayescale.inference.population import population_priors
from bayescale.models.priors import FILE

LAWS = ("chinchilla", "chinchilla-offset", "chinchilla-tied")
MODEL_ERROR = 0.04


def learn(law: str, runs: bs.Runs, *, seed: int = 0) -> tuple[dict[str, bs.Prior], bs.Fit]:
    """The priors, and the fit they are from."""
    fit = bs.fit(law, runs.with_model_error(MODEL_ERROR), pooling="partial", seed=seed, draws=1000)
    return population_priors(fit), fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--laws", nargs="+", default=LAWS)
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    path = Path(bs.__file__).parent / "models" / FILE
    found = json.loads(path.read_text())
    for law in chosen.laws:
        found[law] = {}
        for modality in ("text", "any"):
            families = [f for f in runs.families if modality == "any" or f not in NOT_TEXT]
            began = time.perf_counter()
            priors, fit = learn(law, runs.select(families))
            print(f"{law}, {modality}: {time.perf_counter() - began:.0f} s\n{fit}\n{priors}", flush=True)
            fit.check()
            found[law][modality] = {
                "priors": {name: _rounded(prior) for name, prior in priors.items()},
                "families": families,
                "clusters": sorted({clusters[family] for family in families}),
                "runs": len(fit.runs),
                "model_error": MODEL_ERROR,
                "unit": "nats/token",
                "version": importlib.metadata.version("bayescale"),
                "script": "benchmarks/learn_priors.py",
            }
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _rounded(prior: bs.Prior) -> dict[str, float]:
    assert isinstance(prior, bs.LogNormal)
    return {"median": float(f"{prior.median:.4g}"), "log_sd": float(f"{prior.log_sd:.3g}")}


if __name__ == "__main__":
    main()
