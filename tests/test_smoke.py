"""The short way through the whole package, from a table to a figure and the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayescale as bs
from bayescale.cli import main


@pytest.mark.smoke
def test_from_a_table_to_a_plan_a_file_a_figure_and_the_command_line(tmp_path, capsys):
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    grid = [(n, d) for n in np.geomspace(5e7, 3e9, 5) for d in np.geomspace(1e9, 5e10, 5)]
    table = bs.simulate(truth, pd.DataFrame(grid, columns=["params", "tokens"]), sigma=0.01, seed=1)
    table[["params", "tokens", "loss"]].to_csv(tmp_path / "runs.csv", index=False)

    runs = bs.read_runs(tmp_path / "runs.csv")
    assert bs.fit("chinchilla", runs, noise="normal", seed=0, draws=200).engine.startswith("instant")
    fit = bs.fit("chinchilla", runs, noise="normal", seed=0, chains=2, warmup=200, draws=200, engine="nuts")
    checks = fit.checks.table().set_index("name")
    assert len(checks) == 10
    assert checks.loc["divergences", "status"] == "pass"

    prediction = bs.predict(fit, params=1e9, tokens=2e10, kind="law").table().iloc[0]
    loss = float(truth.at(params=1e9, tokens=2e10))
    assert prediction["lower"] < prediction["median"] < prediction["upper"]
    # 25 runs of 1 % pin the curve inside their design down to less than the scatter of one.
    assert prediction["median"] == pytest.approx(loss, rel=0.01)
    plan = bs.allocate(fit, compute=1e20).table().set_index("quantity")["median"]
    # 6ND is the budget in every draw, so that the medians miss it only by lying between two draws.
    assert 6 * plan["params"] * plan["tokens"] == pytest.approx(1e20, rel=1e-3)

    fit.save(tmp_path / "fit.nc")
    back = bs.load(tmp_path / "fit.nc")
    assert (back.table()["median"] == fit.table()["median"]).all()

    figure = bs.figures.loss_compute(bs.figures.loss_compute_data(back)).figure
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 1000

    # Its templates are files of the package, which a wheel may lack.
    assert "The law chinchilla was fitted to 25 runs" in bs.report(back, out=tmp_path / "report").html.read_text(
        "utf-8"
    )

    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["summary", str(tmp_path / "fit.nc"), "--format", "json"])
    assert stop.value.code in (0, None)
    printed = {row["parameter"]: row["median"] for row in json.loads(capsys.readouterr().out)}
    assert printed == pytest.approx(fit.table().set_index("parameter")["median"].to_dict(), rel=1e-6)
