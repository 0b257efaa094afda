"""Answers of two packages to questions on standard input, in an environment that has them; see baselines.py."""

from __future__ import annotations

import json
import sys
import tempfile
from typing import Any

import numpy as np

# Bootstrap draws of the first package: enough for the ends of 90 % intervals.
DRAWS = 200


def simple_scaling_laws(question: dict[str, Any]) -> list[list[float]]:
    """Quantiles of a new run, over level and run."""
    import simple_scaling_laws as package

    fit, ask = question["fit"], question["ask"]
    rows = {
        "training_run_id": [f"run{i}" for i in range(len(fit["loss"]))],
        "model_size__n_params": fit["params"],
        "dataset_size__n_tokens": fit["tokens"],
        "test_loss__ce": fit["loss"],
    }
    import polars

    model = package.fit(polars.DataFrame(rows), n_draws=DRAWS, seed=0)
    points = polars.DataFrame({"model_size__n_params": ask["params"], "dataset_size__n_tokens": ask["tokens"]})
    made = model.predict(points, kind="new-run", quantiles=tuple(question["levels"]))
    names = [name for name in made.columns if name.startswith("test_loss__ce")]
    return np.sort(np.array([made[name].to_list() for name in names], float), axis=0).tolist()


def chinchilla(question: dict[str, Any]) -> list[list[float]]:
    """The point prediction, as one level; a coarse grid of starts, since a fit takes minutes with a fine one."""
    import pandas
    from chinchilla import Chinchilla

    fit, ask = question["fit"], question["ask"]
    params, tokens = (np.array(fit[name], float) for name in ("params", "tokens"))
    grid = {
        "e": np.log([1.0, 1.8]).tolist(),
        "a": [5.0, 9.0],
        "b": [5.0, 9.0],
        "alpha": [0.3, 0.5],
        "beta": [0.3, 0.5],
    }
    with tempfile.TemporaryDirectory() as folder:
        table = pandas.DataFrame({"C": 6 * params * tokens, "N": params, "D": tokens, "loss": fit["loss"]})
        table.to_csv(f"{folder}/df.csv", index=False)
        model = Chinchilla(folder, param_grid=grid, seed_ranges={"C": (1e18, 1e21), "N_to_D": (10, 100)})
        model.fit(parallel=False)
        answer = [float(model.predict_loss(n, d)) for n, d in zip(ask["params"], ask["tokens"], strict=True)]
    return [answer]


PEERS = {"simple-scaling-laws": simple_scaling_laws, "chinchilla": chinchilla}


def main() -> None:
    answers = []
    for question in json.load(sys.stdin):
        try:
            answers.append({"label": question["label"], "quantiles": PEERS[sys.argv[1]](question)})
        except Exception as error:  # whatever a package does with a table: the others are asked all the same
            answers.append({"label": question["label"], "error": f"{type(error).__name__}: {error}"})
    print("\n" + json.dumps(answers))


if __name__ == "__main__":
    main()
