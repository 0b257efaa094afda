"""The embedded data are the published figures."""

from __future__ import annotations

import pytest

from bayescale.data.datasets import load


def test_pile_families_are_the_published_figures():
    runs = load("pile-families")
    table = runs.table
    counts = {name: len(rows) for name, rows in table.groupby("family")}
    assert counts == {
        "Cerebras-GPT": 7,
        "Cerebras-GPT muP": 5,
        "Pythia": 8,
        "Pythia deduped": 8,
        "GPT-NeoX": 1,
        "GPT-J": 1,
    }
    assert set(table.loc[table["family"].str.startswith("Pythia"), "tokens"]) == {299_892_736_000.0}
    row = table.set_index(["family", "params"])
    assert row.loc[("Cerebras-GPT", 1.3e10), ["tokens", "compute", "loss"]].tolist() == [2.57e11, 2.3e22, 1.572]
    assert row.loc[("Cerebras-GPT muP", 1.11e8), ["tokens", "compute", "loss"]].tolist() == [2.22e9, 2.6e18, 2.588]
    assert row.loc[("Pythia", 7e7), ["compute", "loss"]].tolist() == [1.6e20, 2.504]
    assert row.loc[("Pythia deduped", 1.4e9), "loss"] == 1.889
    assert row.loc[("GPT-NeoX", 2e10), ["tokens", "compute", "loss"]].tolist() == [4.72e11, 6.4e22, 1.519]
    assert row.loc[("GPT-J", 6e9), ["tokens", "compute", "loss"]].tolist() == [4.02e11, 1.7e22, 1.613]
    assert table["loss"].sum() == pytest.approx(58.994, abs=1e-9)


def test_pile_families_warn_only_of_families_of_one_model():
    runs = load("pile-families")
    assert runs.compute_convention == "exact"
    assert [warning.code for warning in runs.warnings] == ["single-run-family"]
