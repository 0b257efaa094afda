"""``bayescale identify`` and ``bayescale review``: formats agree with the library, and exit codes say what is found."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly


@pytest.fixture(scope="module")
def one_family(frame, tmp_path_factory):
    """The path of the runs of one family."""
    path = tmp_path_factory.mktemp("one") / "one.csv"
    frame[frame["family"] == "fineweb-edu"][["params", "tokens", "loss"]].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def saved(one_family, tmp_path_factory):
    """The path of an instant fit."""
    path = tmp_path_factory.mktemp("saved") / "one.nc"
    bs.fit("chinchilla", bs.read_runs(one_family), seed=0).save(path)
    return path


def test_identify_prints_what_the_library_finds(bayescale, one_family):
    found = bs.identify("chinchilla", read_quietly(one_family))
    done = bayescale("identify", one_family)
    assert done.code == 0
    for words in ("25 runs see 5 of 5 combinations", "sd\nexpected", "conditioning", "add params"):
        assert all(word in done.out for word in words.split("\n"))
    table = pd.read_csv(io.StringIO(bayescale("identify", one_family, "--format", "csv").out))
    assert table["expected_sd"].tolist() == pytest.approx(found.table()["expected_sd"].tolist(), rel=1e-6)
    records = bayescale("identify", one_family, "--format", "json").records
    assert list(records) == ["parameters", "combinations", "additions", "checks"]
    assert len(records["combinations"]) == 5 and len(records["additions"]) == len(found.additions())
    assert [check["name"] for check in records["checks"]] == found.checks.table()["name"].tolist()


def test_identify_fails_on_a_line_and_takes_candidates(bayescale, tmp_path):
    truth = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    sizes = np.geomspace(1e8, 1e10, 12)
    line, wanted = tmp_path / "line.csv", tmp_path / "candidates.csv"
    bs.simulate(truth, pd.DataFrame({"params": sizes, "tokens": 20 * sizes})).to_csv(line, index=False)
    pd.DataFrame({"params": [1e9, 2e9], "tokens": [1e9, 1e12]}).to_csv(wanted, index=False)
    done = bayescale("identify", line, "--candidates", wanted, "--sigma", "0.005", "--budget", "1e23")
    assert done.code == 1 and "your D/N is constant (20): only 3 of 5" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sigma", "-1"), "sigma must be a positive finite number"),
        (("--law", "chinchila"), "chinchila"),
        (("--family", "nobody"), "nobody"),
        (("--candidates", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_identify_names_what_is_wrong(bayescale, one_family, words, said):
    done = bayescale("identify", one_family, *words)
    assert done.code == 2 and said in " ".join(done.err.split()) and "Traceback" not in done.err


def test_review_prints_what_the_library_finds(bayescale, saved):
    found = bs.review(bs.load(saved), noise=0.002, refits=False)
    words = ("review", saved, "--seed-noise", "0.002", "--no-refits")
    done = bayescale(*words)
    assert done.code == 0 and "not looked at: drift (refits=False)" in " ".join(done.out.split())
    table = pd.read_csv(io.StringIO(bayescale(*words, "--format", "csv").out))
    assert table["name"].tolist() == found.table()["name"].tolist()
    records = bayescale(*words, "--format", "json").records
    assert set(records) == {
        "checks", "residuals", "drift", "valleys", "scores", "sensitivity", "noise", "left_out",
    }  # fmt: skip
    assert [check["value"] for check in records["checks"]] == pytest.approx(found.table()["value"].tolist())


def test_review_exits_with_one_where_a_check_fails(bayescale, one_family, tmp_path):
    runs = pd.read_csv(one_family)
    x = np.log(runs["params"] / runs["params"].median())
    runs["loss"] *= np.exp(0.03 * x**3)
    path = tmp_path / "bent.nc"
    bs.fit("chinchilla", bs.read_runs(runs), seed=0).save(path)
    done = bayescale("review", path, "--no-refits")
    assert done.code == 1 and "Residuals bend along params" in " ".join(done.out.split())
    assert re.search(r": of \d+ checks \d fails?", done.out)


def test_review_names_what_is_wrong(bayescale, saved, tmp_path):
    done = bayescale("review", saved, "--seed-noise", "0")
    assert done.code == 2 and "noise must be a positive sd" in " ".join(done.err.split())
    assert bayescale("review", tmp_path / "nothing.nc").code == 2
