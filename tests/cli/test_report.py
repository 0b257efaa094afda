"""``bayescale report``: a folder from saved fits."""

from __future__ import annotations

import json
import shlex
import shutil

import numpy as np


def test_a_report_of_a_saved_fit(bayescale, fit_nc, tmp_path):
    out = tmp_path / "report"
    asked = ("--params", "1e9", "--tokens", "2e10", "--compute", "1e21", "1e23", "--group", "starcoder")
    told = ("--title", "Ours", "--card", "training.architecture=a decoder")
    result = bayescale("report", fit_nc, "--out", out, *asked, *told)
    assert result.code == 0, result.err
    assert result.out.splitlines()[0] == f"{out / 'report.html'}  the page"
    assert "note: the fit does not pass its checks" in result.err
    card = json.loads((out / "card.json").read_text("utf-8"))
    assert card["title"] == "Ours"
    assert card["fits"][0]["name"] == "fit"
    assert card["predictions"][0]["group"] == "starcoder"
    assert [row["compute"] for row in card["plans"][0]["action"]] == [1e21, 1e23]
    assert card["fits"][0]["checklist"][0]["answer"] == "a decoder"
    assert card["command"] == (
        "bayescale report fit.nc --out report --title Ours --params 1e9 --tokens 2e10 --compute 1e21 1e23 "
        "--group starcoder --card 'training.architecture=a decoder'"
    )


def test_the_command_on_the_card_makes_the_card_again(bayescale, fit_nc, tmp_path, monkeypatch):
    import bayescale as bs

    asked = {"params": [1e9, 2.123456789012345e9], "tokens": 2e10, "compute": np.geomspace(1e21, 1e23, 3)}
    told = {"title": "Ours & theirs", "answers": {"training.architecture": "it's a decoder"}}
    added = {"discrepancy": bs.Discrepancy.brownian(0.02), "prob": 0.8, "group": "starcoder"}
    made = bs.report({"fit": bs.load(fit_nc)}, out=tmp_path / "made", **asked, **told, **added)
    assert made.card["command_lacks"] == ""
    shutil.copy(fit_nc, tmp_path / "fit.nc")
    monkeypatch.chdir(tmp_path)
    result = bayescale(*shlex.split(made.card["command"])[1:])
    assert result.code == 0, result.err
    assert json.loads((tmp_path / "report" / "card.json").read_text("utf-8")) == made.card


def test_wrong_words_are_refused_in_a_line(bayescale, fit_nc, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    result = bayescale("report", fit_nc, "--out", tmp_path / "mine")
    assert result.code == 2
    assert "exists and is no report" in result.err
    result = bayescale("report", fit_nc, "--out", tmp_path / "new", "--card", "colour=red")
    assert result.code == 2
    assert "error: The card has no item 'colour'" in result.err
    (tmp_path / "other").mkdir()
    twin = shutil.copy(fit_nc, tmp_path / "other")
    result = bayescale("report", fit_nc, twin, "--out", tmp_path / "new")
    assert result.code == 2
    assert "error: Fits are called as their files, and two have one name" in result.err
    assert not (tmp_path / "new").exists()
