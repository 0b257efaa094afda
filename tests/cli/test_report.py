"""``bayescale report``: a folder from saved fits."""

from __future__ import annotations

import json
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest


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


@pytest.fixture
def sheet(frame, tmp_path, monkeypatch):
    """A table of one family as people have them: other names, tokens in billions, bits per byte."""
    rows = frame[frame["family"] == "fineweb-edu"].round({"params": -5})
    table = pd.DataFrame({"n_params": rows["params"], "tokens_b": rows["tokens"] / 1e9})
    table.assign(bpb=rows["loss"] / np.log(2) / 4.3, corpus="web").to_csv(tmp_path / "sheet.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


READ = ("params=n_params", "tokens=tokens_b*1e9", "loss=bpb", "--loss-unit", "bits/byte", "--bytes-per-token", "4.3")


def test_a_table_is_fitted_first_as_fit_would_and_the_fit_saved_beside(bayescale, sheet):
    import bayescale as bs

    result = bayescale("report", "sheet.csv", "--columns", *READ)
    assert result.code == 0, result.err
    first, second, *_ = result.out.splitlines()
    assert first == "sheet.csv is a table of runs: fitted first, with the defaults of 'bayescale fit'."
    assert second == "Fitted chinchilla to 25 runs, from sheet.csv"
    assert "report/report.html  the page" in result.out
    assert bayescale("fit", "sheet.csv", "--columns", *READ, "--out", "other.nc").code == 0
    made, wanted = bs.load("sheet.nc"), bs.load("other.nc")
    np.testing.assert_array_equal(made.posterior["E"], wanted.posterior["E"])
    card = json.loads((sheet / "report" / "card.json").read_text("utf-8"))
    command = card["fits"][0]["commands"][-1]
    assert "tokens=tokens_b*1e9" in command and "--bytes-per-token 4.3" in command
    assert bayescale(*shlex.split(command.replace("--out sheet.nc", "--out again.nc"))[1:]).code == 0
    np.testing.assert_array_equal(bs.load("again.nc").posterior["E"], made.posterior["E"])


def test_a_fit_that_is_there_is_not_replaced(bayescale, sheet):
    (sheet / "sheet.nc").write_text("mine")
    result = bayescale("report", "sheet.csv", "--columns", *READ)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: sheet.nc is there already: report it, bayescale report sheet.nc, or move it away so that sheet.csv is "
        "fitted anew.\n"
    )
    assert (sheet / "sheet.nc").read_text() == "mine"


def test_how_a_table_is_read_is_not_said_of_fits(bayescale, fit_nc):
    result = bayescale("report", fit_nc, "--loss-unit", "bits/byte")
    assert result.code == 2
    assert result.err == f"error: --loss-unit says how a table of runs is read, and {fit_nc} is a fit; leave it out.\n"


def test_tokens_in_billions_are_warned_of_with_the_option_that_reads_them(bayescale, sheet):
    result = bayescale("report", "sheet.csv", "--columns", "params=n_params", "tokens=tokens_b", *READ[2:])
    assert result.code == 0, result.err
    assert "as --columns tokens='tokens_b*1e9' does." in result.err


def test_a_family_that_a_table_has_not_is_refused_before_it_is_fitted(bayescale, sheet):
    """Else the fit would be there, and the next report refuse to fit the table as it was meant."""
    result = bayescale("report", "sheet.csv", "--columns", *READ, "--group", "corpus")
    assert result.code == 2
    assert "sheet.csv has no family 'corpus'; there are no families." in result.err
    assert "--columns family=COLUMN" in result.err
    assert not (sheet / "sheet.nc").exists()
