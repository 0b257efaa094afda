"""The demo and the whole way from a table to a plan, as a new user walks it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FIGURES = {"loss_compute.png", "isoflop.png", "allocation.png", "exponent.png", "residuals.png"}
TABLES = {"data.csv", "checks.csv", "parameters.csv", "predictions.csv", "plan.csv"}
FEW = ("--chains", "2", "--warmup", "50", "--draws", "20")


@pytest.mark.slow
@pytest.mark.parametrize("size", [FEW, ()], ids=["few draws", "as it is"])
def test_the_demo_writes_every_table_figure_and_the_fit(bayescale, tmp_path, size):
    result = bayescale("demo", "--out", tmp_path / "a" / "demo", *size)
    assert result.code == 0, result.err
    assert {path.name for path in (tmp_path / "a" / "demo").iterdir()} == FIGURES | TABLES | {"fit.nc"}
    assert all(f"[{stage}/7]" in result.out for stage in range(1, 8))
    assert "Pythia" in result.out
    assert "(new family)" in result.out
    assert "What the intervals mean" in result.out
    assert ("NOT ALL CHECKS PASS" in result.out) == ("fail" in (tmp_path / "a" / "demo" / "checks.csv").read_text())
    assert "bayescale summary" in result.out


def test_a_folder_that_cannot_be_made_leaves_nothing_behind(bayescale, tmp_path):
    (tmp_path / "file").write_text("mine")
    result = bayescale("demo", "--out", tmp_path / "file")
    assert result.code == 2
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_the_acceptance_pipeline_of_a_new_user(runs_csv, tmp_path):
    def call(line: str):
        done = subprocess.run(
            [sys.executable, "-m", "bayescale", *line.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    call(f"fit {runs_csv} --law chinchilla --group family --seed 0 --out fit.nc")
    call("check fit.nc")
    summary = json.loads(call("summary fit.nc --format json"))
    point = "--params 3.3e9 --tokens 5e10 --group starcoder --prob 0.9 --kind run"
    (prediction,) = json.loads(call(f"predict fit.nc {point} --format json"))
    plan = json.loads(call("allocate fit.nc --compute 1e21 1e23 --group starcoder --format json"))
    assert {"starcoder", "fineweb-edu"} <= {record["group"] for record in summary}
    assert {"group", "params", "tokens", "kind", "prob", "median", "lower", "upper"} <= set(prediction)
    assert {record["quantity"] for record in plan} == {"params", "tokens", "tokens_per_param", "loss"}
    assert {record["compute"] for record in plan} == {1e21, 1e23}
