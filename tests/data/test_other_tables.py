"""Tables of other responses, of other inputs, of mixtures, and of a law's own quantities."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest
from jax import Array

from bayescale.data.read import read_quietly as read_runs
from bayescale.language.declare import parameter
from bayescale.language.errors import DataError, SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Accuracy, Experts, Quantity, Size, mixture
from bayescale.laws import Law

TEXT = Quantity("family", "f", "", "family")
DEPTH = Quantity("depth", "h", "layers", "number of layers", lower=1.0, strict=False)


class Deep(Law):
    """Accuracy from size, depth and experts."""

    A: Array = parameter("accuracy", prior=LogNormal(0.4, 1.0))

    def __call__(self, N: Size, E: Experts, h: Annotated[Any, DEPTH]) -> Accuracy:
        return self.A


def table(**columns) -> pd.DataFrame:
    usual = {"params": [1e8, 2e8, 4e8, 1e8], "tokens": [1e9, 2e9, 8e9, 8e9], "loss": [3.4, 3.2, 2.9, 3.0]}
    return pd.DataFrame({name: values for name, values in (usual | columns).items() if values is not None})


def refused(frame, message, **settings):
    with pytest.raises(DataError, match=f"^{re.escape(f'DataFrame {message}')}$") as caught:
        read_runs(frame, **settings)
    return caught.value


BAD = {
    "experts": ({"experts": [1, 8, 0.5, 64]}, "row 3, experts: '0.5' is below 1"),
    "accuracy": ({"accuracy": [0.2, 0.3, 45, 0.5]}, "'45' is above 1 (a share, not a percentage: write 0.45 for 45 %)"),
    "error": ({"error": [0.2, -0.3, 0.4, 0.5]}, "row 2, error: '-0.3' is negative"),
    "repeats": ({"repeats": [1, 1, 0.9, 4]}, "row 3, repeats: '0.9' is below 1"),
    "items": ({"items": [0, 1, 1, 1]}, "row 1, items: '0' is below 1"),
    "bits_weights": ({"bits_weights": [16, 8, 4, 0]}, "row 4, bits_weights: '0' is not positive"),
    "mix_web": ({"mix_web": [1, 1, 1, 1.2]}, "row 4, mix_web: '1.2' is above 1 (a share, not a percentage: "),
    "unique_tokens": (
        {"unique_tokens": [1e9, 2.5e9, 8e9, 1e9]},
        "row 2, unique_tokens: '2500000000' is more than the 2e+09 tokens of the run (give the unique tokens that it ",
    ),
}


@pytest.mark.parametrize("column", BAD)
def test_values_outside_a_quantitys_domain_are_named_with_their_rows(column):
    columns, told = BAD[column]
    with pytest.raises(DataError, match=r"^DataFrame has 1 unusable cell: ") as caught:
        read_runs(table(**columns))
    assert told in str(caught.value)
    # A column that the usual table does not need can be left out.
    assert f"columns={{'{column}': None}}" in str(caught.value)
    assert len(read_runs(table(**columns), {column: None})) == 4


def test_values_at_the_bounds_are_read():
    ends = {
        "experts": [1, 1, 2, 2],
        "accuracy": [0, 1, 0.5, 0.5],
        "repeats": [1, 1, 2, 2],
    }
    runs = read_runs(table(**ends, unique_tokens=[1e9, 2e9, 4e9, 8e9]))
    for name, values in ends.items():
        np.testing.assert_array_equal(runs.table[name], values)


def test_weights_of_a_mixture_sum_to_one():
    weights = {"mix_web": [0.5, 0.6, 1.0, 0.333], "mix_code": [0.5, 0.3, 0.0, 0.333], "mix_books": [0, 0.1, 0, 0.333]}
    runs = read_runs(table(**weights))
    assert list(runs.table.columns[-3:]) == ["mix_books", "mix_code", "mix_web"]
    assert runs.quantities[0].label == "share of web in the training data"
    assert "mix_web" in repr(runs)
    refused(
        table(**weights | {"mix_web": [0.5, 0.7, 0.8, 0.333]}),
        "has 2 unusable cells: row 2, mix_books: '0.1' and the other weights of the mixture sum to 1.1 instead of 1; "
        "row 3, mix_books: '0' and the other weights of the mixture sum to 0.8 instead of 1 "
        "(to leave out what is not needed: columns={'mix_books': None}).",
    )


def test_weights_have_any_name_in_the_source():
    runs = read_runs(table(web=[0.5, 0.6, 1, 0], code=[0.5, 0.4, 0, 1]), {"mix_web": "web", "mix_code": "code"})
    np.testing.assert_array_equal(runs.table["mix_code"], [0.5, 0.4, 0, 1])


def test_accuracies_below_chance_are_refused_unless_it_may_be_bad_luck():
    frame = table(accuracy=[0.24, 0.3, 0.4, 0.5], chance=0.25)
    refused(
        frame,
        "has 1 unusable cell: row 1, accuracy: '0.24' is below the 0.25 of guessing (with 'items', the number of test "
        "items, it may be bad luck) (to leave out what is not needed: columns={'accuracy': None}).",
    )
    # 0.24 of 1,000 items is 0.7 standard deviations below 0.25, of 100,000 it is seven.
    assert len(read_runs(frame.assign(items=1000))) == 4
    with pytest.raises(DataError, match=r"^DataFrame has 1 unusable cell: row 1, accuracy: .* \(check chance\) "):
        read_runs(frame.assign(items=100_000))
    with pytest.raises(DataError, match=r"row 4, error: '0\.8' is above the error of guessing, 0\.75 "):
        read_runs(table(error=[0.7, 0.6, 0.5, 0.8], chance=0.25))


def test_a_table_of_another_response_is_read():
    runs = read_runs(table(loss=None, accuracy=[0.2, 0.3, 0.4, 0.5]))
    assert list(runs.table) == ["params", "tokens", "compute", "accuracy"]
    assert "  accuracy 0.2 to 0.5" in repr(runs)
    runs = read_runs(table(params=None, tokens=None, loss=None, source_loss=[3, 2, 2.5, 4], error=[0.7, 0.2, 0.4, 0.9]))
    assert list(runs.table) == ["error", "source_loss"]
    assert runs.compute_convention == "exact"
    assert len(runs.subset(runs.table["error"].to_numpy() < 0.8)) == 3


def test_a_table_of_a_single_input_is_read():
    runs = read_runs(table(params=None, tokens=None, compute=[1e18, 2e18, 3e18, 4e18]))
    assert list(runs.table) == ["compute", "loss"]


def test_what_the_header_seems_to_offer_is_asked_for_first():
    accuracies = table(loss=None, val_loss=[3, 2, 2, 1], accuracy=[0.2, 0.3, 0.4, 0.5])
    refused(
        accuracies,
        "has no column 'loss' (its columns: params, tokens, val_loss, accuracy): say which with "
        "columns={'loss': 'val_loss'} or, for a table of something else, columns={'loss': None}.",
    )
    assert "loss" not in read_runs(accuracies, {"loss": None}).table
    curve = table(tokens=None, params=None, n_params=[1e8, 1e8, 2e8, 3e8], compute=[1e18, 2e18, 3e18, 4e18])
    with pytest.raises(DataError, match=r"^DataFrame needs two of params, tokens, compute and has only compute "):
        read_runs(curve)
    assert "params" not in read_runs(curve, {"params": None}).table


def test_a_response_alone_is_no_table():
    with pytest.raises(DataError, match=r"^DataFrame needs two of params, tokens, compute and has none of them "):
        read_runs(pd.DataFrame({"accuracy": [0.1, 0.2, 0.3], "accuracy_se": 0.01}))


DEEP = {"loss": None, "experts": [1, 2, 4, 8], "depth": [1, 2, 3, 4], "accuracy": [0.2, 0.3, 0.4, 0.5]}


def test_a_laws_own_quantities_are_read_with_it():
    runs = read_runs(table(**DEEP, depth_se=[0, 0, 0, 0]), law=Deep)
    assert list(runs.table) == ["params", "tokens", "compute", "experts", "accuracy", "depth", "depth_se"]
    assert runs.quantities == (DEPTH,)
    assert "  depth    1 to 4 layers" in repr(runs)
    assert "depth" not in read_runs(table(**DEEP)).table
    other = table(**DEEP | {"depth": [1, 2, 3, 5]})
    assert read_runs(other, law=Deep).sha256 != read_runs(table(**DEEP), law=Deep).sha256


def test_a_laws_own_quantities_have_their_bounds():
    refused(table(**DEEP | {"depth": [1, 0, 3, 4]}), "has 1 unusable cell: row 2, depth: '0' is below 1.", law=Deep)


def test_a_table_that_lacks_what_the_law_takes_is_refused_at_once():
    frame = table(**DEEP | {"depth": None}, layers=[1, 2, 3, 4], n_experts=[1, 2, 4, 8]).drop(columns="experts")
    refused(
        frame,
        "lacks experts and depth, which the law 'deep' takes (its columns: params, tokens, accuracy, layers, "
        "n_experts): say which with columns={'experts': 'n_experts', 'depth': '<column>'}.",
        law=Deep,
    )
    assert len(read_runs(frame, {"experts": "n_experts", "depth": "layers"}, law=Deep)) == 4
    refused(
        table(accuracy=None, experts=[1, 2, 4, 8], depth=[1, 2, 3, 4]),
        "lacks accuracy, which the law 'deep' takes (its columns: params, tokens, loss, experts, depth): say which "
        "with columns={'accuracy': '<column>'}.",
        law=Deep,
    )


def test_a_design_column_that_follows_from_others_is_no_lack():
    frame = table(**DEEP | {"params": None}, compute=[6e17, 2.4e18, 1.92e19, 4.8e18])
    np.testing.assert_allclose(read_runs(frame, law=Deep).table["params"], [1e8, 2e8, 4e8, 1e8])


def test_the_law_of_a_usual_table_asks_for_what_it_always_did():
    with pytest.raises(DataError, match=r"^DataFrame has no column 'loss' .*: say which with columns=.*<column>'}\.$"):
        read_runs(table(loss=None, accuracy=[0.2, 0.3, 0.4, 0.5]), law="chinchilla")


def test_a_law_with_the_name_of_another_column_is_refused():
    class Confused(Law):
        """A law of a text."""

        A: Array = parameter("accuracy", prior=LogNormal(0.4, 1.0))

        def __call__(self, f: Annotated[Any, TEXT]) -> Accuracy:
            return self.A

    with pytest.raises(SettingsError, match=r"^The quantity 'family' has the name of a column that every table may "):
        read_runs(table(), law=Confused)


def test_a_law_of_mixture_weights_needs_them():
    class Mixed(Law):
        """A law of one weight."""

        A: Array = parameter("accuracy", prior=LogNormal(0.4, 1.0))

        def __call__(self, web: Annotated[Any, mixture("web")]) -> Accuracy:
            return self.A

    frame = table(loss=None, accuracy=[0.2, 0.3, 0.4, 0.5], mix_code=[1, 1, 1, 1])
    with pytest.raises(DataError, match=r"^DataFrame lacks mix_web, which the law 'mixed' takes "):
        read_runs(frame, law=Mixed)
