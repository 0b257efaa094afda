"""Suspicious tables warn with a code, once each, and clean ones do not."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from bayescale.data import read_runs
from bayescale.data.suspicions import EXPLAINED_BY, SUSPICIONS
from bayescale.language.errors import DataWarning


def codes(table: pd.DataFrame, **settings) -> list[str]:
    """Read a table and return the codes it warns of, which must be those it keeps."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs = read_runs(table, **settings)
    emitted = [warning.message.code for warning in caught if isinstance(warning.message, DataWarning)]
    assert emitted == [warning.code for warning in runs.warnings]
    return emitted


def grid(params=(1e8, 3e8, 9e8), tokens=(4e9, 2e10, 6e10)) -> pd.DataFrame:
    """Return an ungrouped design with Chinchilla-like losses."""
    N, D = (axis.ravel() for axis in np.meshgrid(params, tokens))
    return pd.DataFrame({"params": N, "tokens": D, "loss": 1.8 + 400 / N**0.35 + 400 / D**0.3})


def exact(table: pd.DataFrame, factor) -> pd.DataFrame:
    """Return a table with compute a factor off 6ND."""
    return table.assign(compute=6 * table["params"] * table["tokens"] * factor)


def scaled(**factors) -> pd.DataFrame:
    """Return the design with columns in other units."""
    table = grid()
    return table.assign(**{name: table[name] * factor for name, factor in factors.items()})


SIZES = np.array([1e8, 2e8, 4e8, 8e8, 1.6e9, 3.2e9])
BASE = grid()
SUSPICIOUS = {
    "duplicate-rows": pd.concat([BASE, BASE.iloc[:2]]),
    "few-runs": BASE.iloc[[0, 1, 3, 5, 7]],
    "single-run-family": BASE.assign(family=["a"] * 8 + ["b"]),
    "similar-family-names": BASE.assign(family=["GPT-J", "gpt j", "ＧＰＴ＿Ｊ"] * 3),
    "checkpoints-as-runs": BASE.assign(run=BASE["params"].astype(str)),
    "params-look-scaled": scaled(params=1e-9),
    "tokens-look-scaled": scaled(tokens=1e-9),
    "swapped-params-tokens": BASE.rename(columns={"params": "tokens", "tokens": "params"}),
    "compute-mismatch": exact(BASE, 0.5),
    "mixed-conventions": exact(BASE, np.array([1, 1, 1, 1, 2, 1, 1, 1, 1.0])),
    "loss-looks-like-perplexity": BASE.assign(loss=np.exp(BASE["loss"])),
    "loss-looks-like-bits-per-byte": BASE.assign(loss=BASE["loss"] / np.log(2) / 6),
    "losses-mixed-units": BASE.assign(loss=[11.0, 11, 11, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3]),
    "constant-params": grid(params=[1e9], tokens=[1e10, 2e10, 4e10, 8e10, 16e10, 32e10]),
    "constant-tokens": grid(params=SIZES, tokens=[1e10]),
    "constant-tokens-per-param": pd.DataFrame({"params": SIZES, "tokens": 20 * SIZES, "loss": 3 - np.arange(6) / 9}),
    "collinear-design": pd.DataFrame({"params": SIZES, "tokens": SIZES**1.3, "loss": 3 - np.arange(6) / 9}),
    "loss-rises-with-compute": BASE.assign(loss=1 / BASE["loss"] + 2),
}


@pytest.mark.parametrize("code", SUSPICIOUS)
def test_suspicion_warns_with_its_code_and_no_other(code):
    assert codes(SUSPICIOUS[code]) == [code]


def test_losses_beyond_any_perplexity_warn_and_break_nothing():
    assert "loss-looks-like-perplexity" in codes(BASE.assign(loss=BASE["loss"] * 1e6))


def test_a_loss_in_nats_declared_as_perplexity_warns():
    assert codes(BASE, loss_unit="perplexity") == ["loss-looks-like-nats"]


def test_a_very_large_table_warns(tmp_path):
    rng = np.random.default_rng(0)
    N, D = 10 ** rng.uniform(8, 10, 200_001), 10 ** rng.uniform(9, 12, 200_001)
    assert codes(pd.DataFrame({"params": N, "tokens": D, "loss": 1.8 + 400 / N**0.35 + 400 / D**0.3})) == [
        "large-table"
    ]


def test_every_suspicion_has_a_test():
    assert {*SUSPICIOUS, "loss-looks-like-nats", "large-table"} == set(SUSPICIONS)
    assert set(EXPLAINED_BY) <= set(SUSPICIONS)


def test_clean_tables_warn_of_nothing(clean):
    assert codes(clean) == codes(BASE) == codes(exact(BASE, 1.2)) == []


@pytest.mark.parametrize("factor", [0.8, 1.4])
def test_overheads_of_attention_and_embeddings_are_no_mismatch(factor):
    assert codes(exact(BASE, factor)) == []


def test_an_overhead_that_fades_with_size_is_no_mixed_convention():
    assert codes(exact(BASE, (BASE["params"] / 9e8) ** -0.3)) == []


def test_families_at_different_levels_do_not_make_loss_rise(clean):
    clean.loc[clean["family"] == "dense", ["tokens", "loss"]] *= [30.0, 2.0]
    assert codes(clean) == []


def test_a_name_shared_by_runs_of_several_sizes_is_no_run():
    assert codes(BASE.assign(run=[f"seed {row // 3}" for row in range(9)])) == []


def test_a_group_column_that_names_runs_says_so():
    table = BASE.assign(model=[f"m{row}" for row in range(9)])
    with pytest.warns(DataWarning, match=r"every family has one run: group column 'model' seems to name runs"):
        read_runs(table, group="model")


def test_a_warning_points_at_the_caller(clean):
    with pytest.warns(DataWarning) as caught:
        read_runs(clean.assign(family="a", loss=clean["loss"] * 5), group="family")
    assert all(warning.filename == __file__ for warning in caught)
