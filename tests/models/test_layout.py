"""Rows become padded blocks: padding counts for nothing and every row comes back."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
from jax import Array
from numpyro import handlers
from numpyro.infer.util import log_density

from bayescale.data.read import read_quietly
from bayescale.language.declare import parameter
from bayescale.language.errors import DataError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import LearningRate, Loss, UniqueTokens
from bayescale.laws import Chinchilla, KaplanND, Law
from bayescale.models import Pooling, RunEffects, StudentT, build_model, lay_out, layout
from bayescale.models.layout import block_width, design_anchors, padded_count


def table(counts: dict[str, int], seed: int = 0) -> pd.DataFrame:
    """Runs of one law in families of these sizes, in random order."""
    rng = np.random.default_rng(seed)
    family = rng.permutation(np.repeat(list(counts), list(counts.values())))
    params, tokens = 10 ** rng.uniform(7, 10, family.size), 10 ** rng.uniform(9, 12, family.size)
    loss = 1.8 + 400 / params**0.35 + 400 / tokens**0.3 + 0.01 * rng.random(family.size)
    budget = rng.choice(["x", "y", "z"], family.size)
    return pd.DataFrame(
        {"params": params, "tokens": tokens, "loss": loss, "family": family, "budget": budget, "loss_se": 0.001}
    )


def laid(counts: dict[str, int], effects: RunEffects | None = None, law: type[Law] = Chinchilla):
    runs = read_quietly(table(counts))
    return runs, lay_out(law, runs, effects, design_anchors(law, runs))


class Repeating(Law):
    """Needs what few tables have."""

    E: Array = parameter("floor", prior=LogNormal(1.7, 0.35))

    def __call__(self, U: UniqueTokens, lr: LearningRate) -> Loss:
        return self.E


SIZES = [{"a": 5, "b": 3}, {"a": 16, "b": 17, "c": 1}, {"a": 200, "b": 3, "c": 70}, {"a": 1000, "b": 9}]


@pytest.mark.parametrize("counts", SIZES, ids=str)
def test_every_row_comes_back_by_its_position(counts):
    runs, made = laid(counts, RunEffects("budget"))
    arrays, frame = made.arrays, runs.table
    np.testing.assert_allclose(np.exp(arrays["log_loss"][made.position]), frame["loss"], rtol=1e-14)
    for argument, quantity in Chinchilla.arguments.items():
        np.testing.assert_array_equal(arrays["inputs"][argument][made.position], frame[quantity.name])
    np.testing.assert_allclose(arrays["measurement_sd"][made.position], frame["loss_se"] / frame["loss"], rtol=1e-14)
    assert arrays["mask"][made.position].all()
    assert arrays["mask"].sum() == len(runs)
    families = [made.families[f] for f in arrays["family"][made.position[0]]]
    assert families == frame["family"].tolist()
    levels = [made.levels[i] for i in arrays["level"][made.position]]
    assert levels == list(zip(frame["family"], frame["budget"], strict=True))
    assert [made.families[i] for i in arrays["level_family"]] == [family for family, _ in made.levels]


@pytest.mark.parametrize("counts", SIZES, ids=str)
def test_no_two_rows_share_a_place_and_no_block_mixes_families(counts):
    _, made = laid(counts)
    places = set(zip(*(axis.tolist() for axis in made.position), strict=True))
    assert len(places) == sum(counts.values())
    assert made.arrays["mask"].shape == (made.arrays["family"].size, made.arrays["log_loss"].shape[1])
    # Blocks without a row stand at the end.
    used = made.arrays["mask"].any(axis=1)
    assert (used == (np.arange(used.size) < used.sum())).all()
    assert used.size == padded_count(int(used.sum()))


def test_padding_is_finite():
    _, made = laid({"a": 3, "b": 40})
    for name in ("log_loss", "measurement_sd"):
        assert np.isfinite(made.arrays[name]).all()
    assert all((column > 0).all() for column in made.arrays["inputs"].values())


@pytest.mark.parametrize("width", [1, 2, 8, 64, 256])
def test_the_width_of_blocks_never_changes_the_log_likelihood(width, monkeypatch):
    """Against SciPy's Student-t over the rows of the table, which knows no blocks."""
    from scipy import stats

    monkeypatch.setattr(layout, "block_width", lambda counts: width)
    runs, made = laid({"a": 30, "b": 7, "c": 1}, RunEffects("budget"))
    sizes = {"n_families": 3, "n_levels": len(made.levels)}
    model = build_model(Chinchilla, noise=StudentT, pooling=Pooling("none"), effects=RunEffects("budget"), **sizes)
    rng = np.random.default_rng(1)
    values = {p.name: np.exp(rng.normal(-1.0, 0.1, 3)) for p in Chinchilla.parameters}
    values |= {"sigma": np.array([0.01, 0.02, 0.03]), "nu": np.array(4.0)}
    effects = 0.01 * rng.standard_normal(sizes["n_levels"])
    values |= {"run_effects": effects, "run_effects_sd": np.array(0.01)}
    with jax.enable_x64(True):
        _, trace = log_density(model, (made.arrays,), {}, values)
        observed = trace["log_loss"]
        found = float(np.where(made.arrays["mask"], observed["fn"].log_prob(observed["value"]), 0.0).sum())
        hidden = log_density(handlers.block(model, hide=["log_loss"]), (made.arrays,), {}, values)[0]
        whole = log_density(model, (made.arrays,), {}, values)[0]
    frame = runs.table
    family = np.array([made.families.index(f) for f in frame["family"]])
    levels = [made.levels.index(key) for key in zip(frame["family"], frame["budget"], strict=True)]
    law = Chinchilla(
        **{n: values[n][family] for n in ("E", "A", "B", "alpha", "beta")}, **design_anchors(Chinchilla, runs)
    )
    with jax.enable_x64(True):
        mean = np.log(np.asarray(law.at(params=frame["params"].to_numpy(), tokens=frame["tokens"].to_numpy())))
    scale = np.hypot(values["sigma"][family], frame["loss_se"] / frame["loss"])
    expected = stats.t(4.0, mean + effects[levels], scale).logpdf(np.log(frame["loss"])).sum()
    assert found == pytest.approx(expected, rel=1e-11)
    assert float(whole - hidden) == pytest.approx(expected, rel=1e-9)


def test_tables_of_about_the_same_shape_share_their_width():
    assert block_width(np.array([3, 5])) == 16
    assert block_width(np.array([16])) == 16
    assert block_width(np.array([9, 14, 12])) == 16
    for counts in ([1], [10_000], [300, 2], [7] * 50):
        assert block_width(np.array(counts)) >= 16


def test_a_doubling_of_blocks_has_at_most_eight_sizes():
    """Few enough that tables of about as many rows share one, and from 32 on none is more than an eighth too large."""
    counts = np.arange(1, 5000)
    padded = np.array([padded_count(int(count)) for count in counts])
    assert (padded >= counts).all()
    assert (padded - counts <= np.maximum(3, counts / 8)).all()
    assert (np.diff(padded) >= 0).all()
    assert padded[[0, 1, 2, 3, 4, 8]].tolist() == [1, 2, 4, 4, 8, 12]
    for power in range(12):
        inside = (counts > 2**power) & (counts <= 2 ** (power + 1))
        assert len(set(padded[inside])) <= 8


def test_tables_of_one_bucket_have_arrays_of_the_same_shapes():
    """Other families, other sizes of them, another number of rows; a table twice as large is of another bucket."""

    def shapes(counts):
        return jax.tree.map(np.shape, laid(counts)[1].arrays)

    first = shapes({"a": 500, "b": 310, "c": 95})
    assert first == shapes({"x": 420, "y": 371, "z": 130})
    assert first != shapes({"a": 1000, "b": 620, "c": 190})


def test_anchors_are_geometric_means():
    runs, made = laid({"a": 12, "b": 4})
    for name, column in (("N0", "params"), ("D0", "tokens")):
        expected = np.exp(np.log(runs.table[column]).mean())
        assert made.arrays["anchors"][name] == pytest.approx(expected, rel=1e-12)
    assert set(design_anchors(KaplanND, runs)) == {"N0", "D0"}


def test_a_table_without_families_is_one_nameless_family():
    runs = read_quietly(table({"a": 6}).drop(columns="family"))
    made = lay_out(Chinchilla, runs, None, {})
    assert made.families == ("",)
    assert made.levels == ()
    assert (made.arrays["family"] == 0).all()


def test_effects_without_their_column_are_refused():
    runs = read_quietly(table({"a": 6}))
    message = r"^Effects over 'run' need that column; map it with columns={'run': \.\.\.} in read_runs\.$"
    with pytest.raises(DataError, match=message):
        lay_out(Chinchilla, runs, RunEffects("run"), {})


def test_a_law_whose_inputs_the_table_lacks_is_refused():
    runs = read_quietly(table({"a": 6}))
    message = (
        r"^The law 'repeating' needs the columns unique_tokens, lr, which the table lacks; it has params, .*\. "
        r"Map one with columns=\{\.\.\.\} in read_runs\.$"
    )
    with pytest.raises(DataError, match=message):
        lay_out(Repeating, runs, None, {})
