"""Every entry of the registry reads its file to the table that it describes."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.datasets.registry import CATALOGUE
from bayescale.data.runs import LEFT_OUT
from bayescale.laws.references import bibliography

VARIANTS = [
    pytest.param(info, variant, id=f"{info.name}-{variant.name}") for info in CATALOGUE for variant in info.variants
]
WITH_FILE = [pytest.param(info, id=info.name) for info in CATALOGUE if info.file is not None]


def load(real_file, info, variant=None) -> bs.Runs:
    path = None if info.file is None else real_file(info.file.path)
    return bs.datasets.load(info.name, variant, path=path)


def rows_of_file(path) -> int:
    if path.suffix == ".npz":
        with np.load(path) as data:
            return sum(data[name].shape[1] for name in data.files)
    return len(pd.read_csv(path))


@pytest.mark.parametrize(("info", "variant"), VARIANTS)
def test_every_variant_loads_quietly_with_the_rows_it_declares(real_file, info, variant):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = load(real_file, info, variant.name)
    assert len(runs) == variant.rows
    assert variant.title


@pytest.mark.parametrize(("info", "variant"), VARIANTS)
def test_rows_that_are_left_out_are_counted(real_file, info, variant):
    """Those in the table and those that are said to be left out are the rows of the file."""
    if info.file is None:
        pytest.skip("the table is the file")
    runs = load(real_file, info, variant.name)
    said = [warning.message for warning in runs.warnings if warning.code == LEFT_OUT]
    counts = [int(count.replace(",", "")) for text in said for count in re.findall(r"(?:: |; )([\d,]+) ", text)]
    assert len(runs) + sum(counts) == rows_of_file(real_file(info.file.path))


@pytest.mark.parametrize("info", CATALOGUE, ids=lambda info: info.name)
def test_every_entry_is_whole(info):
    assert info.title and info.licence and "Beware" in info.notes
    assert info.citation_key in bibliography()
    assert len({variant.name for variant in info.variants}) == len(info.variants)
    assert info.cluster_of(None) and info.cluster_of("any family")


@pytest.mark.parametrize("info", WITH_FILE)
def test_every_file_is_pinned(info):
    file = info.file
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.origin
    if file.address is not None:
        # Twelve digits at least of a commit, never a branch.
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/[0-9a-f]{12,40}/\S+", file.address)


def test_no_two_entries_have_one_name_or_one_path():
    names = [info.name for info in CATALOGUE]
    paths = [info.file.path for info in CATALOGUE if info.file is not None]
    assert len(set(names)) == len(names) and len(set(paths)) == len(paths)


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    message = r"^no data set 'pile_families', did you mean 'pile-families'\? \(there are: pile-families, chinchilla, "
    with pytest.raises(bs.SettingsError, match=message):
        bs.datasets.load("pile_families")


def test_an_unknown_variant_is_refused_with_the_nearest_name():
    message = (
        r"^data set 'chinchilla' has no variant 'besirolu', did you mean 'besiroglu'\? \(there are: all, besiroglu\)\.$"
    )
    with pytest.raises(bs.SettingsError, match=message):
        bs.datasets.load("chinchilla", "besirolu")


def test_a_selection_remembers_what_was_left_out(dataset):
    runs = dataset("overtraining").select("rpj")
    assert [warning.code for warning in runs.warnings] == [LEFT_OUT]


def test_families_of_one_pipeline_are_one_cluster():
    curves, pile = bs.datasets.describe("learning-curves"), bs.datasets.describe("pile-families")
    for family in ("C4", "RPJ", "RefinedWeb"):
        assert curves.cluster_of(family) == bs.datasets.describe("overtraining").cluster_of("rpj")
    assert curves.cluster_of("GPT-3") == bs.datasets.describe("gpt3").cluster_of()
    assert curves.cluster_of("GPT2-c4") == bs.datasets.describe("data-constrained").cluster_of()
    assert pile.cluster_of("Pythia") == pile.cluster_of("GPT-J") != pile.cluster_of("Cerebras-GPT")
    downstream = bs.datasets.describe("overtraining-downstream")
    assert downstream.cluster_of("rpj") == bs.datasets.describe("overtraining").cluster_of("rpj")
