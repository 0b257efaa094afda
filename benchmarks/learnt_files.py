"""Files of the package that are learnt from the public families: records by law and model error."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from public_runs import public_runs

import bayescale as bs

MODEL_ERRORS = (0.0, 0.04)
# Of a law, runs, the cluster of each family and a model error.
Learn = Callable[[str, bs.Runs, dict[str, str], float], list[dict[str, Any]]]


def learn_file(words: str, file: str, laws: Sequence[str], learn: Learn, **form: Any) -> None:
    """Learn the records of the laws that the command line asks for, and leave those of others as they are.

    Args:
        words: of the script, for its help.
        file: in the package's models.
        laws: that are learnt where none is named.
        learn: makes the records; what it finds is written at once.
        form: of the JSON.
    """
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--laws", nargs="+", default=laws)
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    path = Path(bs.__file__).parent / "models" / file
    kept = [record for record in json.loads(path.read_text()) if record["law"] not in chosen.laws]
    for law in chosen.laws:
        for model_error in MODEL_ERRORS:
            began = time.perf_counter()
            kept += learn(law, runs, clusters, model_error)
            print(f"{law}, model error {model_error:g}: {time.perf_counter() - began:.0f} s", flush=True)
            path.write_text(json.dumps(kept, **form) + "\n", encoding="utf-8")
