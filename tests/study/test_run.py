"""Studies made by real processes: the same results however they are made, and nothing made that is there."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.study.study import Study

TABLES = 8


def contents(folder: Path) -> dict[str, str]:
    """Hashes of all files of results; records have the time that fits took."""
    files = [path for path in folder.rglob("*") if path.suffix in (".parquet", ".nc", ".csv")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_study_has_a_row_for_every_fit_and_its_draws(made):
    assert made.summary["status"].tolist() == ["ok"] * TABLES
    assert made.summary["table"].tolist() == [f"made/tables/{i:02}.csv" for i in range(TABLES)]
    assert set(made.estimates["parameter"]) >= {"E", "A", "B", "alpha", "beta", "sigma", "nu"}
    assert repr(made).endswith("8 ok")
    assert made.run_times["fits"].tolist() == [TABLES] and made.run_times["parts"].tolist() == [2]
    pd.testing.assert_frame_equal(pd.read_parquet(made.path / "summary.parquet"), made.summary)


def test_a_fit_has_the_draws_of_fit_many_up_to_rounding(made):
    row = made.summary.iloc[3]
    file = made.path.parent / "tables" / "03.csv"
    alone = bs.fit_many("chinchilla", {f"{row['table']} / all": file}, draws=50)
    np.testing.assert_allclose(made.draws(row["task"])["alpha"], alone.posterior["alpha"][0], rtol=1e-6)


def test_a_task_is_found_by_the_beginning_of_its_hash(made):
    task = made.summary["task"].iloc[0]
    assert made.draws(task[:12])["task"].item() == task
    with pytest.raises(bs.SettingsError, match="No fits that are done begin with 'xyz'"):
        made.draws("xyz")


def test_a_second_start_makes_nothing(made, monkeypatch):
    from bayescale.study import run

    def nobody(*arguments):
        raise AssertionError("a fit was made that was there")

    before = contents(made.path)
    monkeypatch.setattr(run, "drive", nobody)
    bs.run_study(made.path.parent / "study.toml", made.path)
    assert contents(made.path) == before


@pytest.mark.slow
def test_shards_by_several_processes_merge_to_the_same_bits(made, write_study):
    study = write_study()
    out = study.parent / "out"
    bs.run_study(study, out, shard="2/2")
    with pytest.raises(bs.StoreError, match="4 of 8 fits are missing"):
        bs.merge_results(out)
    bs.run_study(study, out, shard="1/2", processes=2)
    bs.merge_results(out)
    assert contents(out) == contents(made.path)


def test_other_tables_leave_the_fits_that_there_are_as_they_were(made, write_study):
    study = write_study()
    out = study.parent / "out"
    tables = sorted((study.parent / "tables").iterdir())
    hidden = [tables[0], tables[5]]
    for path in hidden:
        path.rename(path.with_suffix(".hidden"))
    bs.run_study(study, out)
    for path in hidden:
        path.with_suffix(".hidden").rename(path)
    tables[1].write_text("\n".join(tables[1].read_text().splitlines()[:-2]))  # a table that changed
    results = bs.run_study(study, out)
    others = [i for i in range(TABLES) if i != 1]
    assert results.summary["rows"].tolist() == [23 if i == 1 else 25 for i in range(TABLES)]
    pd.testing.assert_frame_equal(results.summary.iloc[others], made.summary.iloc[others])
    for i in others:
        name = results.summary["task"].iloc[i]
        assert results.draws(name).drop_vars("fit").identical(made.draws(name).drop_vars("fit"))


@pytest.mark.slow
def test_a_driver_that_is_killed_is_gone_on_with_to_the_same_bits(made, write_study, start_batch):
    study = write_study()
    out = study.parent / "out"
    driver = start_batch(study, out)
    while not any((out / "parts").glob("*.json")):  # the first part is there, the second is not
        assert driver.poll() is None, driver.communicate()[1]
        time.sleep(0.01)
    driver.kill()
    driver.communicate()
    # Either half of the study is there, or the kill came late, and then all of it.
    assert len(list((out / "parts").glob("*.json"))) <= 2
    bs.run_study(study, out)
    assert contents(out) == contents(made.path)


def test_fits_that_are_not_ok_are_rows_and_an_exit_code(made, write_study, start_batch):
    study = write_study()
    (study.parent / "tables" / "=cmd()|x.csv").write_bytes(os.urandom(500))
    study.write_text(study.read_text() + '[outputs]\nsummary = "summary.csv"\n')
    driver = start_batch(study, study.parent / "out", "--format", "csv")
    driver.communicate(timeout=300)
    assert driver.returncode == 1
    summary = pd.read_csv(study.parent / "out" / "summary.csv")
    bad = summary[summary["status"] != "ok"]
    assert bad["status"].tolist() == ["failed"] and bad["reason"].str.len().item() > 20
    good = summary[summary["status"] == "ok"].reset_index(drop=True)
    assert good["r_hat"].tolist() == made.summary["r_hat"].tolist()


def test_a_time_limit_of_a_fit_is_a_part_of_the_study():
    study = Study.of({"tables": {"pile": {"dataset": "pile-families"}}, "limits": {"seconds": 2}})
    assert study.seconds == 2.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"processes": 0}, "processes must be a whole number of at least 1"),
        ({"processes": 1, "workers": 1}, "got processes and workers"),
        ({"shard": "3/2"}, "from 1 to n"),
    ],
)
def test_what_a_study_cannot_be_made_with_is_named(write_study, options, words):
    study = write_study(count=1)
    with pytest.raises(bs.SettingsError, match=words):
        bs.run_study(study, study.parent / "out", **options)


def test_a_folder_without_a_study_is_named(tmp_path):
    with pytest.raises(bs.StoreError, match="holds no manifest of a study"):
        bs.open_results(tmp_path)
    with pytest.raises(bs.StoreError, match="holds no manifest of a study"):
        bs.merge_results(tmp_path)
