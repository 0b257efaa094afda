"""Laws of one's own, of other responses and quantities, on the command line."""

from __future__ import annotations

import pandas as pd
import pytest

LAW = '''"""A law of accuracy."""

from typing import Annotated, Any

from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.priors import LogitNormal, LogNormal
from bayescale.language.quantities import Accuracy, Quantity
from bayescale.laws import Law

SHOTS = Quantity("shots", "k", "examples", "examples in the prompt", lower=1.0, strict=False)


class Shots(Law):
    """Accuracy that grows with the examples in the prompt."""

    top: Array = parameter("accuracy with many examples", prior=LogitNormal(0.7, 1.0))
    lost: Array = parameter("part of it lost with few", at="k0", prior=LogitNormal(0.3, 1.0))
    rate: Array = parameter("exponent", prior=LogNormal(0.5, 0.5))
    k0: float = anchor("k")

    def __call__(self, k: Annotated[Any, SHOTS]) -> Accuracy:
        return self.top * (1.0 - self.lost * (k / self.k0) ** -self.rate)
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A law and a table whose column of shots has another name."""
    (tmp_path / "my_laws.py").write_text(LAW)
    shots = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
    right = [round(500 * 0.8 * (1 - 0.5 * k**-0.6)) for k in shots]
    table = pd.DataFrame({"k": shots, "accuracy": [r / 500 for r in right], "items": 500})
    table.to_csv(tmp_path / "shots.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


OWN = ("--law", "my_laws.py:Shots")


def test_a_law_of_counts_is_fitted_and_predicts(bayescale, folder):
    short = ("--chains", "2", "--draws", "300")
    made = bayescale("fit", "shots.csv", *OWN, "--columns", "shots=k", "--noise", "beta-binomial", *short)
    assert made.code == 0, made.err
    assert "bayescale predict fit.nc --input shots=64 --input items=500 --law my_laws.py:Shots" in made.out
    assert "allocate" not in made.out
    asked = ("predict", "fit.nc", *OWN, "--input", "shots=128", "items=500")
    shown = bayescale(*asked)
    assert shown.code == 0, shown.err
    assert shown.out.startswith("Predicted accuracy of (all): one new run, which scatters around the law\n")
    assert "not known" in shown.out
    (record,) = bayescale(*asked, "--format", "json").records
    assert record["shots"] == 128 and record["items"] == 500 and record["extrapolation"] is None
    # 0.8 with its posterior and a count's error of 0.02.
    assert record["lower"] < 0.8 < record["upper"] < 0.9
    refused = bayescale("predict", "fit.nc", *OWN, "--input", "items=500")
    assert refused.code == 2
    assert refused.err == "error: The law 'shots' needs the input 'shots'; its inputs: items, shots.\n"
    planned = bayescale("allocate", "fit.nc", *OWN, "--compute", "1e21")
    assert planned.code == 2
    assert planned.err == "error: A plan makes the loss least, and the law 'shots' predicts task accuracy.\n"


def test_what_the_law_needs_and_the_table_lacks_is_said_at_once(bayescale, folder):
    made = bayescale("fit", "shots.csv", *OWN)
    assert made.code == 2
    assert made.err == (
        "error: shots.csv lacks shots, which the law 'shots' takes (its columns: k, accuracy, items): say which with "
        "--columns shots='<column>'.\n"
    )


def test_the_usual_law_needs_size_and_tokens(bayescale, fit_nc):
    refused = bayescale("predict", fit_nc, "--params", "1e9", "--group", "starcoder")
    assert refused.code == 2
    assert refused.err == "error: The law 'chinchilla' needs the input 'tokens'; its inputs: params, tokens.\n"
