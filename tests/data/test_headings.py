"""What is said of a table with other headings is all that it needs: families, runs and units too."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bayescale.data.read import read_quietly as read_runs
from bayescale.language.errors import DataError

HEADINGS = {"n_params": [1e8, 2e8, 4e8, 8e8], "tokens_b": [2.0, 4, 8, 9], "val_ppl": [30.0, 25, 22, 20]}
GROUPING = {"corpus": ["a", "a", "b", "b"], "run_id": ["1", "2", "3", "4"]}
SAID = "say which with columns={'params': 'n_params', 'tokens': 'tokens_b*1e9', 'loss': 'val_ppl'"


def test_families_runs_and_units_are_suggested():
    whole = f"{SAID}, 'family': 'corpus', 'run': 'run_id'}} and loss_unit='perplexity'."
    with pytest.raises(DataError, match=re.escape(whole)):
        read_runs(pd.DataFrame(HEADINGS | GROUPING))


def test_what_is_named_or_declined_is_not_suggested():
    whole = f"{SAID}}} and loss_unit='perplexity'."
    with pytest.raises(DataError, match=re.escape(whole)):
        read_runs(pd.DataFrame(HEADINGS | GROUPING), {"run": None}, group="corpus")


def test_the_suggestion_reads_the_table():
    columns = {"params": "n_params", "tokens": "tokens_b*1e9", "loss": "val_ppl", "family": "corpus", "run": "run_id"}
    runs = read_runs(pd.DataFrame(HEADINGS | GROUPING), columns, loss_unit="perplexity")
    assert runs.families == ("a", "b")
    np.testing.assert_allclose(runs.table["loss"], np.log(HEADINGS["val_ppl"]))
    np.testing.assert_allclose(runs.table["tokens"], [2e9, 4e9, 8e9, 9e9])
