"""``bayescale datasets`` lists the registry, and prints and writes tables that ``bayescale fit`` reads."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.data.datasets.folders import CACHE, COPIES


@pytest.fixture
def copies(monkeypatch, real_file):
    """The folder of the real experiments as the folder of copies."""
    folder = real_file("loss-to-loss/sweep.csv").parents[1]
    monkeypatch.setenv(COPIES, str(folder))
    return folder


@pytest.fixture
def no_copies(monkeypatch, tmp_path):
    monkeypatch.delenv(COPIES, raising=False)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_copies")
def test_the_list_says_rows_licence_and_where_each_is_from(bayescale):
    listed = " ".join(bayescale("datasets").out.split())
    for name in bs.datasets.names():
        info = bs.datasets.describe(name)
        assert f"{name}: {info.title}" in listed
        assert f"{info.rows:,} rows; {bs.datasets.state(name)}; cites {info.citation_key}" in listed
    states = {record["name"]: record["state"] for record in bayescale("datasets", "--format", "json").records}
    assert states["pile-families"] == "embedded"
    assert states["chinchilla"] == "download"
    assert states["porian"] == "bring your own"


def test_a_copy_is_listed_as_local(bayescale, copies):
    records = bayescale("datasets", "--format", "json").records
    assert {record["state"] for record in records} == {"embedded", "local"}
    assert records[0]["address"] is None and records[0]["rows"] == 30


def test_one_is_shown_with_notes_variants_licence_and_citation(bayescale, copies):
    shown = bayescale("datasets", "misfitting", "--variant", "best").out
    for words in (
        "81 runs",
        "[rows-left-out]",
        "Beware",
        "checkpoints:",
        "Licence:",
        "@inproceedings{li2025misfitting",
    ):
        assert words in shown
    assert bs.datasets.describe("misfitting").file.sha256 in shown


def test_the_embedded_table_is_printed_as_a_table_that_fit_reads(bayescale, tmp_path):
    path = tmp_path / "pile.csv"
    path.write_text(bayescale("datasets", "pile-families", "--format", "csv").out)
    with pytest.warns(bs.DataWarning):
        runs = bs.read_runs(path)
    assert runs.sha256 == bs.datasets.load("pile-families").sha256


def test_a_table_is_written_as_it_is_loaded(bayescale, copies, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("an older file")
    said = bayescale("datasets", "step-law", "--variant", "best", "--out", path)
    assert said.code == 0 and f"bayescale fit {path} --params-convention non_embedding" in said.out
    loaded = bs.datasets.load("step-law", "best")
    read = bs.read_runs(path, params_convention="non_embedding")
    assert read.table.columns.tolist() == loaded.table.columns.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["runs.csv"]
    columns = ["params", "tokens", "loss", "lr", "batch_tokens"]
    assert (read.table[columns].to_numpy() == loaded.table[columns].to_numpy()).all()


def test_ones_own_copy_is_taken_from_a_path(bayescale, real_file, no_copies):
    path = real_file("porian/porian2024_isoflops_flat.csv")
    assert "15 families" in bayescale("datasets", "porian", "--path", path).out


MISTAKES = {
    "no copy": (("porian",), "bring your own copy of porian/porian2024_isoflops_flat.csv"),
    "no such variant": (("porian", "--variant", "standrad"), "did you mean 'standard'"),
    "a variant of all": (("--variant", "all"), "--variant is of one data set"),
    "another file": (("pile-families", "--path", "runs.csv"), "leave path out"),
    "another kind of file": (("pile-families", "--out", "runs.xlsx"), "--out must end in .csv"),
    "no such folder": (("pile-families", "--out", "nowhere/runs.csv"), "a folder that exists"),
}


@pytest.mark.usefixtures("no_copies")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_line_and_exit_with_2(bayescale, mistake, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words, message = MISTAKES[mistake]
    done = bayescale("datasets", *words)
    assert done.code == 2 and done.out == ""
    assert message in done.err and done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
