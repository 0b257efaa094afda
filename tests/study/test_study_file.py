"""A study says what it is, and every mistake in it is named with what to write instead."""

from __future__ import annotations

import pytest

import bayescale as bs

PILE = {"tables": {"pile": {"dataset": "pile-families"}}}
OUTSIDE = ("../summary.csv", "/etc/summary.csv", "a/b.csv", "a\\b.csv", "..", ".csv", "manifest.json", "x.csv\0.csv",
           "summary.csv\n", "", 3)  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("key", ["summary", "estimates"])
def test_results_are_written_to_their_folder_and_nowhere_else(key, name):
    with pytest.raises(bs.SettingsError, match=r"must be the plain name of a \.parquet or .csv file, without folders"):
        bs.Study.of(PILE | {"outputs": {key: name}})


WRONG = [
    ({}, "names no tables"),
    ({"tables": {"a": {}}}, "needs either files"),
    ({"tables": {"a": {"files": "a.csv", "dataset": "pile-families"}}}, "needs either files"),
    ({"tables": {"../a": {"files": "a.csv"}}}, "must be letters, digits"),
    ({"tables": {"a": {"files": "a.csv", "colums": {}}}}, "There is no 'colums'.*Did you mean 'columns'"),
    ({"tables": {"a": {"files": "a.csv", "variant": "b"}}}, "which only data sets have"),
    ({"tables": {"a": {"dataset": "pile-families", "group": "b"}}}, "is read as its registry says"),
    ({"tables": "a.csv"}, r"\[tables\] must be a table of keys"),
    (PILE | {"seed": [0]}, "There is no 'seed' in the study; it takes .*Did you mean 'seeds'"),
    (PILE | {"seeds": [0, 0]}, "has 0 twice"),
    (PILE | {"seeds": []}, "is empty"),
    (PILE | {"seeds": [-1]}, "seed must be an integer"),
    (PILE | {"laws": "chinchilla"}, "laws of the study must be a list"),
    (PILE | {"laws": [1]}, "laws of the study must be a list of texts"),
    (PILE | {"splits": {"ratios": [1.0]}}, "must be numbers above 1"),
    (PILE | {"splits": {"whole": False}}, "leaves nothing to fit"),
    (PILE | {"splits": {"whole": "no"}}, "must be true or false"),
    (PILE | {"settings": {"drawz": 3}}, "does not take 'drawz'"),
    (PILE | {"settings": {"chains": 1}}, "chains must be a whole number of at least 2"),
    (PILE | {"limits": {"seconds": 0}}, "must be a number above 0"),
    (PILE | {"part": 0}, "at least 1"),
    (PILE | {"part": True}, "at least 1"),
    (PILE | {"precision": "float16"}, "must be one of float64, float32"),
    (PILE | {"outputs": {"prob": 1.0}}, "between 0 and 1"),
    (PILE | {"outputs": {"summary": "a.csv", "estimates": "a.csv"}}, "must be two files"),
]


@pytest.mark.parametrize(("content", "words"), WRONG)
def test_a_mistake_is_named(content, words):
    with pytest.raises(bs.SettingsError, match=words):
        bs.Study.of(content)


def test_a_file_that_is_none_is_named(tmp_path):
    with pytest.raises(bs.SettingsError, match=r"There is no study .*give the name of a TOML file"):
        bs.Study.read(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text("laws = [")
    with pytest.raises(bs.SettingsError, match="is no TOML file"):
        bs.Study.read(tmp_path / "study.toml")
