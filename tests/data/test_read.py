"""What is read is what was written, whatever the container, units and columns."""

from __future__ import annotations

import gzip
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bayescale.data import Runs, read_runs
from bayescale.language.errors import SettingsError


def test_containers_agree(clean, tmp_path):
    clean.to_csv(tmp_path / "a.csv", index=False)
    clean.to_csv(tmp_path / "a.TSV", index=False, sep="\t")
    clean.to_csv(tmp_path / "comma.txt", index=False)
    clean.to_csv(tmp_path / "tab.txt", index=False, sep="\t")
    clean.to_csv(tmp_path / "a.csv.gz", index=False)
    clean.to_csv(tmp_path / "excel.csv", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    clean.to_parquet(tmp_path / "a.parquet")
    expected = read_runs(clean)
    for path in tmp_path.iterdir():
        runs = read_runs(path)
        pd.testing.assert_frame_equal(runs.table, expected.table)
        assert runs.sha256 == expected.sha256 and runs.source == path.name


def test_a_data_frame_is_not_mutated_and_not_shared(clean):
    clean = clean.assign(odd=1).set_index("odd")
    before = clean.copy(deep=True)
    runs = read_runs(clean)
    runs.table.loc[:, "loss"] = 1.0
    pd.testing.assert_frame_equal(clean, before)


def test_the_table_has_canonical_columns_in_order_and_a_plain_index(clean):
    table = clean.assign(junk=1, lr=1e-3, step=0, loss_se=0, run=range(12), budget="x").sample(frac=1, random_state=0)
    runs = read_runs(table)
    assert list(runs.table) == [
        "params",
        "tokens",
        "compute",
        "loss",
        "family",
        "run",
        "step",
        "budget",
        "loss_se",
        "lr",
    ]
    assert list(runs.table.index) == list(range(12))
    assert runs.table[["params", "tokens", "compute", "loss", "step", "loss_se", "lr"]].dtypes.eq(np.float64).all()


@pytest.mark.parametrize("missing", ["params", "tokens", "compute"])
def test_any_two_of_params_tokens_compute_give_the_third(missing, clean):
    table = clean.assign(compute=6 * clean["params"] * clean["tokens"])
    runs = read_runs(table.drop(columns=missing))
    np.testing.assert_allclose(runs.table[missing], table[missing], rtol=1e-14)
    assert runs.compute_convention == "6ND"
    assert read_runs(table).compute_convention == "exact"


@pytest.mark.parametrize(
    ("unit", "settings", "from_nats", "error"),
    [
        ("nats/token", {}, lambda nats: nats, 0.01),
        ("bits/token", {}, lambda nats: nats / math.log(2), 0.01 / math.log(2)),
        ("bits/byte", {"bytes_per_token": 4.3}, lambda nats: nats / math.log(2) / 4.3, 0.01 / math.log(2) / 4.3),
        ("perplexity", {}, np.exp, None),
    ],
)
def test_losses_and_their_errors_become_nats(unit, settings, from_nats, error, clean):
    errors = np.exp(clean["loss"]) * 0.01 if error is None else error
    table = clean.assign(loss=from_nats(clean["loss"]), loss_se=errors)
    runs = read_runs(table, loss_unit=unit, **settings)
    np.testing.assert_allclose(runs.table["loss"], clean["loss"], rtol=1e-12)
    np.testing.assert_allclose(runs.table["loss_se"], 0.01, rtol=1e-12)
    assert (runs.loss_unit, runs.source_loss_unit) == ("nats/token", unit)


def test_a_mapping_wins_over_a_column_of_the_canonical_name(clean):
    table = clean.assign(val_loss=clean["loss"] + 0.1, corpus="c4")
    runs = read_runs(table, {"loss": "val_loss"}, group="corpus", params_convention="non_embedding")
    np.testing.assert_array_equal(runs.table["loss"], table["val_loss"])
    assert runs.families == ("c4",) and runs.group == "corpus" and runs.params_convention == "non_embedding"


def test_columns_can_be_swapped_by_name(clean):
    swapped = clean.rename(columns={"params": "tokens", "tokens": "params"})
    runs = read_runs(swapped, {"params": "tokens", "tokens": "params"})
    assert runs.sha256 == read_runs(clean).sha256


def test_a_canonical_column_used_for_the_group_is_not_read_twice(clean):
    runs = read_runs(clean.rename(columns={"family": "run"}), group="run")
    assert "run" not in runs.table and runs.families == ("dense", "sparse")


def test_a_family_column_is_the_default_group_and_can_be_left_out(clean):
    assert read_runs(clean).group == "family"
    runs = read_runs(clean.drop_duplicates(["params", "tokens"]), {"family": None})
    assert runs.group is None and runs.families == () and "family" not in runs.table


def test_family_names_keep_order_and_unicode_forms_are_one_name(clean):
    clean["family"] = ["Zoë ", "Zoe\u0308", "模型", "Ünï", "模型", "Ünï"] * 2
    assert read_runs(clean).families == ("Zoë", "模型", "Ünï")


def test_cells_are_stripped_and_quoted_cells_read(write, clean):
    path = write(' family , "params",tokens,loss,\n')
    rows = "".join(f' "{r.family}, v2", {r.params} ,\t{r.tokens},"{r.loss}",\n' for r in clean.itertuples())
    path.write_text("family , params,tokens,loss,\n" + rows)
    runs = read_runs(path)
    assert runs.families == ("dense, v2", "sparse, v2")
    np.testing.assert_array_equal(runs.table["params"], clean["params"])


def test_old_line_ends_are_read(write, clean):
    text = clean.to_csv(index=False)
    expected = read_runs(clean).sha256
    assert read_runs(write(text.replace("\n", "\r"))).sha256 == expected
    assert read_runs(write(text.replace("\n", "\r\n\r\n"))).sha256 == expected
    assert read_runs(write(gzip.compress(text.encode()), "r.csv.gz")).sha256 == expected


def test_nullable_arrow_and_categorical_columns_are_read(clean):
    table = clean.astype({"family": "category", "params": "Int64", "tokens": "Float64"})
    assert read_runs(table).sha256 == read_runs(clean).sha256
    assert read_runs(clean.astype(object)).sha256 == read_runs(clean).sha256


def test_numeric_labels_read_alike_from_file_and_frame(clean, tmp_path):
    table = clean.assign(run=range(12), family=[7.0, 8.0] * 6)
    table.to_parquet(tmp_path / "r.parquet")
    table.astype({"family": int}).to_csv(tmp_path / "r.csv", index=False)
    hashes = {read_runs(source).sha256 for source in (table, tmp_path / "r.parquet", tmp_path / "r.csv")}
    assert len(hashes) == 1


def test_the_hash_tells_content_and_nothing_else(clean):
    hashed = read_runs(clean).sha256
    assert read_runs(clean.rename(columns={"loss": "y"}), {"loss": "y"}).sha256 == hashed
    assert read_runs(clean.assign(loss=clean["loss"] + 1e-12)).sha256 != hashed
    assert read_runs(clean.assign(family=clean["family"].str.upper())).sha256 != hashed
    assert read_runs(clean.iloc[::-1]).sha256 != hashed
    assert read_runs(clean.assign(step=0.0)).sha256 == read_runs(clean.assign(step=-0.0)).sha256 != hashed


def test_the_hash_is_the_same_in_another_process():
    code = "from bayescale.data.datasets import load; print(load('pile-families').sha256)"
    hashes = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    from bayescale.data.datasets import load

    assert hashes == {load("pile-families").sha256 + "\n"}


def test_select_takes_families_and_masks(clean):
    runs = read_runs(clean)
    small = (runs.table["params"] < 5e8).to_numpy()
    chosen = runs.select("sparse", mask=small)
    assert len(chosen) == 4 and chosen.families == ("sparse",) and list(chosen.table.index) == [0, 1, 2, 3]
    assert [warning.code for warning in chosen.warnings] == ["few-runs"]
    assert len(runs.select(["dense", "sparse"])) == 12 and len(runs.subset(~small)) == 4
    assert len(runs.subset(np.zeros(12, bool))) == 0
    assert "0 runs" in repr(runs.subset(np.zeros(12, bool)))


def test_runs_by_family_are_those_that_select_finds(clean):
    runs = read_runs(clean.sample(frac=1.0, random_state=1))
    found = dict(runs.by_family())
    assert tuple(found) == runs.families and len(found) == 2
    for family, own in found.items():
        chosen = runs.select(family)
        assert own.sha256 == chosen.sha256 and own.table.equals(chosen.table)
        assert own.warnings == chosen.warnings and own.group == chosen.group
    assert list(read_runs(clean.drop(columns="family"), group=None).by_family()) == []


def test_select_refuses_what_is_not_there(clean):
    runs = read_runs(clean)
    with pytest.raises(SettingsError, match=r"^no family 'moe': the families are dense, sparse\.$"):
        runs.select("moe")
    with pytest.raises(SettingsError, match=r"^mask must be 12 booleans, one per run, got an array of int64 with sh"):
        runs.subset(np.arange(12))
    with pytest.raises(SettingsError, match=r"^mask must be 12 booleans, .* of bool with shape \(3,\)\.$"):
        runs.select("dense", mask=np.ones(3, bool))


def test_a_frame_taken_out_is_a_copy(clean):
    runs = read_runs(clean)
    frame = runs.to_frame()
    frame["loss"] = 0.0
    assert (runs.table["loss"] > 0).all()


def test_runs_print_what_they_are(clean):
    assert repr(read_runs(clean.assign(lr=1e-3))).splitlines() == [
        "Runs: 12 runs in 2 families, from DataFrame",
        "  params  1e+08 to 9e+08 parameters (total)",
        "  tokens  4e+09 to 6e+10 tokens",
        "  compute 2.4e+18 to 3.24e+20 FLOP (6ND)",
        f"  loss    {clean['loss'].min():.4g} to {clean['loss'].max():.4g} nats/token",
        "  families dense (6), sparse (6)",
        "  also    lr",
    ]


def test_runs_are_frozen_and_compare_by_identity(clean):
    runs = read_runs(clean)
    with pytest.raises(AttributeError):
        runs.group = "x"
    assert runs == runs and runs != Runs(table=runs.table)


def test_reading_does_not_import_jax():
    code = "import sys, bayescale.data; sys.exit('jax' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
