"""What the tables of the registry hold: units, conventions and known traps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescale.data.runs import COUNTS_DIFFER


def counts(runs) -> list[int]:
    return [int(n) for n in runs.table["family"].value_counts(sort=False)]


def test_the_five_worst_of_chinchilla_are_the_published_ones(dataset):
    every, most = dataset("chinchilla").table, dataset("chinchilla", "besiroglu").table
    left = every.iloc[len(most) :]
    assert left["loss"].round(3).tolist() == [3.447, 3.766, 3.794, 4.665, 5.006]
    assert (left["tokens"] / left["params"]).max() < 0.5
    pd.testing.assert_frame_equal(every.iloc[: len(most)], most)
    # tokens are what 6ND leaves; a budget is the nearest of nine.
    assert every["budget"].nunique() == 9
    logs = np.log10(every["budget"].astype(float).unique())
    distance = np.abs(np.log10(every["compute"].to_numpy())[:, None] - logs)
    chosen = np.abs(np.log10(every["compute"] / every["budget"].astype(float)))
    np.testing.assert_allclose(chosen, distance.min(axis=1), rtol=1e-9)


def test_loss_to_loss_holds_six_ND_and_embeddings_of_the_stated_share(dataset):
    runs = dataset("loss-to-loss")
    table = runs.table
    assert counts(runs) == [89, 91, 89, 90, 86, 84]
    assert table["budget"].nunique() == 8
    np.testing.assert_allclose(table["compute"], table["budget"].astype(float), rtol=1e-3)
    share = table["embedding_params"] / table["params"]
    assert share.max() == pytest.approx(0.84, abs=0.005) and share.min() == pytest.approx(0.08, abs=0.005)
    # Norms are the only parameters that 12 n d^2 forgets: the embeddings of one width are the same at every depth.
    assert 0 < share.loc[table["params"].idxmin()] == share.max()


def test_a_loss_on_a_common_set_is_another_column(dataset):
    own, common = dataset("loss-to-loss").table, dataset("loss-to-loss", "fineweb-100b").table
    family = own["family"] == "fineweb-100b"
    np.testing.assert_allclose(own.loc[family, "loss"], common.loc[family, "loss"], rtol=0.02)
    assert (np.abs(own.loc[~family, "loss"] / common.loc[~family, "loss"] - 1) > 0.02).mean() > 0.9


def test_accuracies_of_arc_easy_are_whole_numbers_of_questions(dataset):
    table = dataset("loss-to-loss", "arc-easy").table
    correct = table["accuracy"] * table["items"]
    assert np.abs(correct - correct.round()).max() < 1e-2
    assert set(table["chance"]) == {0.25}


def test_the_downstream_table_has_the_runs_of_overtraining(dataset):
    design = ["family", "params", "tokens"]
    left, right = (dataset(name).table for name in ("overtraining", "overtraining-downstream"))
    both = left.merge(right, on=design, suffixes=("", "_downstream"), validate="one_to_one")
    assert len(both) == len(left) == 80
    np.testing.assert_allclose(both["loss"], both["loss_downstream"])
    assert (left["tokens"] / left["params"]).min() > 19


def test_porians_families_count_in_three_ways_and_say_so(dataset):
    every = dataset("porian")
    assert len(every.families) == 15
    assert every.warnings[0].code == COUNTS_DIFFER
    conventions = {"standard": ("total", 8), "kaplan": ("non_embedding", 3), "attention": ("total", 4)}
    for count, (convention, families) in conventions.items():
        runs = dataset("porian", count)
        assert runs.params_convention == convention and len(runs.families) == families
        assert all(name.endswith(f" {count}") for name in runs.families)
        assert COUNTS_DIFFER not in [warning.code for warning in runs.warnings]


def test_porians_points_of_one_size_are_one_run_unless_their_schedule_ends_with_them(dataset):
    for family, rows in dataset("porian").table.groupby("family"):
        assert rows["run"].nunique() == (len(rows) if " chinchilla " in family else rows["params"].nunique())


def test_a_run_that_misfitting_lists_twice_counts_once(dataset):
    final, best = dataset("misfitting").table, dataset("misfitting", "best").table
    assert not final.duplicated(["params", "tokens", "loss"]).any()
    assert not best.duplicated(["params", "tokens"]).any()
    assert "lr" not in final
    lowest = final.groupby(["params", "tokens"])["loss"].min()
    pd.testing.assert_series_equal(best.set_index(["params", "tokens"])["loss"].sort_index(), lowest, check_exact=True)


def test_a_checkpoint_of_misfitting_is_there_once(dataset):
    table = dataset("misfitting", "checkpoints").table
    assert not table.duplicated(["run", "step"]).any()
    assert not table.duplicated(["params", "run", "tokens"]).any()
    # No curve stands under two names: a loss at a step of a size belongs to one run.
    total = table["run"].str.split().str[1]
    assert not table.assign(total=total).duplicated(["params", "total", "step", "loss"]).any()


def test_step_law_counts_blocks_alone_and_batches_in_tokens(dataset):
    runs = dataset("step-law")
    assert runs.params_convention == "non_embedding"
    assert runs.table["loss"].max() <= 4 < dataset("step-law", "grid").table["loss"].max()
    assert runs.table["batch_tokens"].between(3e4, 5e6).all()
    best = dataset("step-law", "best").table.set_index(["params", "tokens"])["loss"].sort_index()
    lowest = runs.table.groupby(["params", "tokens"])["loss"].min()
    pd.testing.assert_series_equal(best, lowest, check_exact=True)


def test_data_constrained_has_five_seeds_of_sixteen_settings_in_all_only(dataset):
    setting = ["params", "tokens", "unique_tokens"]
    sizes = dataset("data-constrained", "all").table.groupby(setting).size()
    assert (sizes == 5).sum() == 16
    assert dataset("data-constrained", "names").table.groupby(setting).size().max() < 5
    once = dataset("data-constrained", "one-epoch").table
    assert (once["tokens"] <= once["unique_tokens"]).all()


def test_routing_keeps_one_expert_a_token(dataset):
    table = dataset("routing").table
    assert set(table.loc[table["family"] == "Dense", "experts"]) == {1.0}
    assert table["params"].nunique() == 6
    checkpoints = dataset("routing", "checkpoints").table
    assert checkpoints["step"].min() == 10_000
    assert not checkpoints.duplicated(["run", "step"]).any()


def test_training_curves_are_nats_of_runs_with_sizes(dataset):
    runs = dataset("learning-curves")
    table = runs.table
    # Perplexities of OPT begin at 9 and logs of task perplexities of Pythia reach 21.
    assert table["loss"].between(1.5, 8).all()
    assert not table.duplicated(["run", "tokens"]).any()
    assert table.groupby("run")["params"].nunique().max() == 1
    sizes = table.groupby("run")["params"].first()
    assert sizes["GPT-3 13B"] == 13e9 and sizes["GPT-3 Small"] == 125e6
    assert sizes["GPT2-2.80B-c4-1.0"] == 2.8e9
    known = set(dataset("overtraining").table["params"])
    assert set(table.loc[table["family"].isin(["C4", "RPJ", "RefinedWeb"]), "params"]) <= known


def test_gpt3_is_there_twice_and_both_copies_agree(dataset):
    """Which is why they are one cluster."""
    digitised, curves = dataset("gpt3").table, dataset("learning-curves").table
    for params, rows in curves[curves["family"] == "GPT-3"].groupby("params"):
        own = digitised[digitised["params"] == params].drop_duplicates("tokens").set_index("tokens")["loss"]
        other = rows.set_index("tokens")["loss"]
        shared = own.index.intersection(other.index)
        assert len(shared) > 0.9 * len(other)
        assert (own[shared] == other[shared]).mean() > 0.9


def test_the_benchmark_of_curves_is_split_as_the_authors_have_it(dataset):
    for name, curves in (("alabdulmohsin-language", 20), ("alabdulmohsin-vision", 72)):
        training, later = dataset(name, "training"), dataset(name, "held-out")
        assert len(training.families) == curves and set(later.families) == set(training.families)
        last = training.table.groupby("family")["examples"].max()
        first = later.table.groupby("family")["examples"].min()
        assert (first > last).all()
        for runs in (training, later):
            assert not runs.table.duplicated().any()
            assert runs.table.groupby("family")["examples"].apply(lambda x: x.is_monotonic_increasing).all()
