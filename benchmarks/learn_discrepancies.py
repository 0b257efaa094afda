"""Learn the discrepancies that come with the package from public families, and write them into it.

python benchmarks/learn_discrepancies.py [--laws chinchilla chinchilla-offset ...]

Every family is backtested by itself at 2, 4, 8, 16 and 32 times below its largest compute. The coverage in the record
is that of families scored by a discrepancy which never saw their cluster.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from public_runs import public_runs
from tried import learnt_without

import bayescale as bs
from bayescale.models.learnt import FILE, to_record
from bayescale.validation.backtest.result import coverage_record

LAWS = ("chinchilla", "chinchilla-offset", "chinchilla-tied", "kaplan-nd-floor")
MODEL_ERRORS = (0.0, 0.04)
RATIOS = (2, 4, 8, 16, 32)
# Rows below a cut: with fewer parameters than runs there is still a posterior, and model cards have few.
FEWEST = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--laws", nargs="+", default=LAWS)
    chosen = parser.parse_args()
    runs, clusters = public_runs()
    path = Path(bs.__file__).parent / "models" / FILE
    kept = [record for record in json.loads(path.read_text()) if record["law"] not in chosen.laws]
    for law in chosen.laws:
        for model_error in MODEL_ERRORS:
            began = time.perf_counter()
            tried = bs.backtest(law, runs, ratios=RATIOS, fewest=FEWEST, model_error=model_error, discrepancy=None)
            learnt = bs.learn_discrepancy(tried, clusters=clusters)
            held = tried.with_discrepancy(learnt_without(tried, clusters))
            record = {**learnt.record, "coverage": coverage_record(held), "script": "benchmarks/learn_discrepancies.py"}
            kept.append(to_record(replace(learnt, record=record)))
            print(f"{law}, model error {model_error:g}: {time.perf_counter() - began:.0f} s\n{held}", flush=True)
            path.write_text(json.dumps(kept, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
