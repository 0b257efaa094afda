"""Learn the discrepancies that come with the package from public families, and write them into it.

python benchmarks/learn_discrepancies.py [--laws chinchilla chinchilla-offset ...]

Every family is backtested by itself at 2, 4, 8, 16 and 32 times below its largest compute. The coverage in the record
is that of families scored by a discrepancy which never saw their cluster.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from learnt_files import learn_file
from tried import learnt_without

import bayescale as bs
from bayescale.models.learnt import FILE, to_record
from bayescale.validation.backtest.result import coverage_record

LAWS = ("chinchilla", "chinchilla-offset", "chinchilla-tied", "kaplan-nd-floor")
RATIOS = (2, 4, 8, 16, 32)
# Rows below a cut: with fewer parameters than runs there is still a posterior, and model cards have few.
FEWEST = 4


def learn(law: str, runs: bs.Runs, clusters: dict[str, str], model_error: float) -> list[dict[str, Any]]:
    """One record, with the coverage of families whose cluster was left out."""
    tried = bs.backtest(law, runs, ratios=RATIOS, fewest=FEWEST, model_error=model_error, discrepancy=None)
    learnt = bs.learn_discrepancy(tried, clusters=clusters)
    held = tried.with_discrepancy(learnt_without(tried, clusters))
    print(held, flush=True)
    record = {**learnt.record, "coverage": coverage_record(held), "script": "benchmarks/learn_discrepancies.py"}
    return [to_record(replace(learnt, record=record))]


if __name__ == "__main__":
    learn_file(__doc__.splitlines()[0], FILE, LAWS, learn, indent=None, separators=(",", ":"))
