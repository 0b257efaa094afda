"""Chains of fits: the doubt about the loss, and a run's own luck, reach the error that is predicted from it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.decisions.chain import Chain
from bayescale.decisions.stages import paired
from bayescale.inference.posterior import flat_sites
from bayescale.language.errors import SettingsError
from bayescale.laws import DownstreamError, KaplanN

SIZES = np.geomspace(1e7, 1e9, 10)
LARGE = 1e11
LOSS_PRIORS = {"L_N": bs.LogNormal(3.0, 0.1), "alpha_N": bs.LogNormal(0.07, 0.2), "sigma": bs.LogNormal(0.01, 0.1)}
# Narrow in what ten runs cannot tell apart, so that the posteriors are such that the instant engine is quick with them.
ERROR_PRIORS = {
    "eps": bs.LogitNormal(0.8, 0.03),
    "K": bs.LogNormal(0.12, 0.2),
    "gamma": bs.LogNormal(2.5, 0.03),
    "sigma": bs.LogNormal(0.002, 0.1),
}


def drawn(prior: bs.Prior, rng: np.random.Generator) -> float:
    """A draw from a prior, by its median and sd on the unconstrained scale."""
    mean, sd = prior.exact_moments()
    return float(np.exp(z) if prior.positive else 1 / (1 + np.exp(-z))) if (z := rng.normal(mean, sd)) else math.nan


def experiment(seed: int) -> tuple[pd.DataFrame, float, float]:
    """A table of ten runs with losses and errors from laws that the priors gave, and a large run beside it."""
    rng = np.random.default_rng(seed)
    one = {name: drawn(prior, rng) for name, prior in LOSS_PRIORS.items()}
    two = {name: drawn(prior, rng) for name, prior in ERROR_PRIORS.items()}
    anchor = math.exp(np.log(SIZES).mean())
    sizes = np.append(SIZES, LARGE)
    curve = np.asarray(KaplanN(L_N=one["L_N"], alpha_N=one["alpha_N"], N0=anchor)(sizes))
    loss = curve * np.exp(one["sigma"] * rng.standard_normal(sizes.size))
    # The second law's priors hold at the mean of the losses that were measured.
    middle = math.exp(np.log(loss[:-1]).mean())
    law = DownstreamError(eps=two["eps"], K=two["K"], gamma=two["gamma"], L0=middle)
    error = np.asarray(law(loss)) * np.exp(two["sigma"] * rng.standard_normal(sizes.size))
    table = pd.DataFrame({"params": SIZES, "loss": loss[:-1], "error": error[:-1]})
    return table, float(loss[-1]), float(error[-1])


def fits_of(table: pd.DataFrame) -> tuple[bs.Fit, bs.Fit]:
    """Both stages, of one seed."""
    runs = bs.read_runs(table[["params", "loss"]], law="kaplan-n")
    loss = bs.fit("kaplan-n", runs, noise="normal", priors=LOSS_PRIORS, seed=0)
    runs = bs.read_runs(table[["loss", "error"]], law="downstream-error")
    return loss, bs.fit("downstream-error", runs, noise="normal", priors=ERROR_PRIORS, seed=0)


@pytest.fixture(scope="module")
def stages() -> tuple[bs.Fit, bs.Fit]:
    return fits_of(experiment(0)[0])


@pytest.fixture(scope="module")
def repeated() -> pd.DataFrame:
    """For many experiments, where the measured loss and error of the large run lie among the draws, from 0 to 1."""
    rows = []
    for seed in range(200):
        table, loss, error = experiment(1000 + seed)
        first, second = fits_of(table)
        made = bs.predict(bs.chain(first, second), params=LARGE)
        losses, errors = (made.stages[i].draws[name].to_numpy().ravel() for i, name in enumerate(("loss", "error")))
        plugged = bs.predict(second, loss=float(np.median(losses))).draws["error"].to_numpy()
        rows.append(
            {"loss": (losses < loss).mean(), "error": (errors < error).mean(), "plug": (plugged < error).mean()}
        )
    return pd.DataFrame(rows)


def coverage(ranks: pd.Series, prob: float) -> float:
    return float((np.abs(ranks - 0.5) < prob / 2).mean())


@pytest.mark.parametrize("stage", ["loss", "error"])
@pytest.mark.parametrize("prob", [0.5, 0.9])
def test_intervals_of_a_chain_hold_the_run_as_often_as_they_say(repeated, stage, prob):
    """Truths come from the priors, so coverage is exact; four standard errors are one false alarm in 16,000."""
    assert abs(coverage(repeated[stage], prob) - prob) < 4 * math.sqrt(prob * (1 - prob) / len(repeated))


def test_plugging_in_the_loss_gives_intervals_that_are_too_narrow(repeated):
    """What a chain is for: at the median of the first stage the second stage fails the test that the chain passes."""
    assert coverage(repeated["plug"], 0.9) < 0.9 - 4 * math.sqrt(0.9 * 0.1 / len(repeated))
    assert coverage(repeated["plug"], 0.5) < 0.5 - 4 * math.sqrt(0.5 * 0.5 / len(repeated))


def known(prior: bs.Prior) -> bs.Prior:
    """The same prior so narrow that its parameter is known."""
    return bs.LogNormal(prior.median, 1e-4) if prior.positive else bs.LogitNormal(prior.median, 1e-4)


def test_a_runs_own_loss_is_what_its_error_follows_from(stages):
    """With a second law that is known, what is left of the error is its own noise, free of the run's luck in loss.

    Ten thousand draws: a correlation has a standard error of .01, a sd one of .7 %; five of them.
    """
    table = experiment(0)[0]
    runs = bs.read_runs(table[["loss", "error"]], law="downstream-error")
    priors = {name: known(prior) for name, prior in ERROR_PRIORS.items()}
    second = bs.fit("downstream-error", runs, noise="normal", priors=priors, seed=0, draws=2500)
    made = bs.predict(bs.chain(stages[0], second), params=LARGE)
    loss, error = (one.draws[one.response].to_numpy().ravel() for one in made.stages)
    law = DownstreamError(eps=0.8, K=0.12, gamma=2.5, L0=second.anchors["L0"])
    left = np.log(error / np.asarray(law(loss)))
    away = 5 / math.sqrt(loss.size)
    assert abs(np.corrcoef(left, loss)[0, 1]) < away
    assert float(left.std()) == pytest.approx(0.002, rel=away)
    assert float(np.corrcoef(error, loss)[0, 1]) > 0.9


def test_fits_of_one_seed_are_paired_at_random(stages):
    """Chained with itself a fit has the same draws in both places, in another order."""
    one, other = paired(Chain((stages[0], stages[0]), ("loss",)), seed=0)
    name = next(iter(one.unconstrained.data_vars))
    first, second = (flat_sites(fit.unconstrained)[str(name)] for fit in (one, other))
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / math.sqrt(first.size)


def test_the_first_stage_predicts_what_it_does_alone(stages):
    made, alone = bs.predict(bs.chain(*stages), params=[1e9, LARGE]), bs.predict(stages[0], params=[1e9, LARGE])
    np.testing.assert_array_equal(made.stages[0].draws["loss"], alone.draws["loss"])


def test_a_curve_has_neither_runs_luck(stages):
    chained = bs.chain(*stages)
    run, law = (bs.predict(chained, params=LARGE, kind=kind).table() for kind in ("run", "law"))
    assert ((law["upper"] - law["lower"]) < (run["upper"] - run["lower"])).all()


def test_the_table_has_every_stage_and_how_far_it_goes(stages):
    made = bs.predict(bs.chain(*stages), params=[1e8, 1e13])
    table = made.table(prob=0.5)
    assert list(table.columns) == [
        "stage", "law", "response", "group", "params", "kind", "unit", "prob", "median", "lower", "upper",
        "extrapolation", "discrepancy", "outside",
    ]  # fmt: skip
    assert table["response"].tolist() == ["loss"] * 2 + ["error"] * 2
    assert table["outside"].isna().tolist() == [True, True, False, False]
    assert table["outside"].tolist()[2:] == [0.0, 1.0]
    assert made.last.response == "error"
    assert "kaplan-n then downstream-error" in repr(made)
    both = bs.chain(*stages).table()
    assert both.groupby("stage")["law"].first().tolist() == ["kaplan-n", "downstream-error"]
    bs.chain(*stages).check()


def test_fewer_draws_of_a_later_stage_are_used_again(stages):
    table = experiment(0)[0]
    runs = bs.read_runs(table[["params", "loss"]], law="kaplan-n")
    longer = bs.fit("kaplan-n", runs, noise="normal", priors=LOSS_PRIORS, seed=1, draws=12_000)
    made = bs.predict(bs.chain(longer, stages[1]), params=LARGE)
    assert made.last.draws.sizes["draw"] == longer.unconstrained.sizes["draw"]
    assert bool(np.isfinite(made.last.draws["error"]).all())


def test_saved_fits_make_the_same_chain(stages, tmp_path):
    for name, fit in zip("ab", stages, strict=True):
        fit.save(tmp_path / name)
    loaded = bs.chain(*(bs.load(tmp_path / name) for name in "ab"))
    again, before = (bs.predict(one, params=LARGE).stages for one in (loaded, bs.chain(*stages)))
    for ours, theirs in zip(again, before, strict=True):
        np.testing.assert_array_equal(ours.draws[ours.response], theirs.draws[theirs.response])


def test_a_stage_without_families_is_common_to_all(grouped, stages):
    """Stages with families answer for the group, a new one too."""
    made = bs.predict(bs.chain(grouped, stages[1]), params=1e9, tokens=2e10, group="web").table()
    assert made["group"].tolist() == ["web", "(all)"]
    made = bs.predict(bs.chain(grouped, stages[1]), params=1e9, tokens=2e10).table()
    assert made["group"].tolist() == ["(new family)", "(all)"]


def test_scores_over_items_follow_a_loss(one):
    """A count of 20 questions is one, and accuracy above guessing falls with loss."""
    rng = np.random.default_rng(0)
    loss = np.linspace(2.0, 3.5, 30)
    right = rng.binomial(500, 0.25 + 0.75 * 0.9 / (1 + np.exp(3 * (loss - 2.6)))) / 500
    table = pd.DataFrame({"loss": loss, "accuracy": right, "chance": 0.25, "items": 500})
    runs = bs.read_runs(table, law="downstream-accuracy")
    second = bs.fit("downstream-accuracy", runs, noise="beta-binomial", seed=0, draws=200, warmup=200, chains=2)
    made = bs.predict(bs.chain(one, second), params=[1e8, 1e9], tokens=6e10, chance=0.25, items=20)
    accuracy = made.last.draws["accuracy"].to_numpy()
    np.testing.assert_allclose(accuracy * 20, np.round(accuracy * 20), atol=1e-9)
    low, high = made.last.table()["median"]
    assert low < high


def test_stages_that_do_not_fit_together_are_refused(stages, one, grouped):
    loss, error = stages
    with pytest.raises(
        SettingsError, match=r"^chain takes two fits or more, from the first stage to the last, got Fit\.$"
    ):
        bs.chain(loss)
    with pytest.raises(
        SettingsError, match=r"^The law 'kaplan-n' takes params, and 'downstream-error' before it predi"
    ):
        bs.chain(error, loss)
    table = pd.DataFrame({"loss": [7.0, 8.0, 9.0, 10.0], "error": [0.5, 0.6, 0.65, 0.7]})
    with pytest.warns(bs.DataWarning):
        far = bs.read_runs(table, law="downstream-error")
    other = bs.fit("downstream-error", far, noise="normal", priors=ERROR_PRIORS, seed=0)
    with pytest.raises(SettingsError, match=r"from 7 to 10: they have no value in common and are not of one test set"):
        bs.chain(loss, other)
    with pytest.raises(SettingsError, match=r"^The fit has no family 'web'; its table had no families"):
        bs.predict(bs.chain(loss, error), params=1e9, group="web")
    with pytest.raises(SettingsError, match=r"^The fit has no family 'java'; it has web, code, books\.$"):
        bs.predict(bs.chain(grouped, error), params=1e9, tokens=1e10, group="java")
    with pytest.raises(
        SettingsError, match=r"^The law 'kaplan-n then downstream-error' does not take the input 'loss'"
    ):
        bs.predict(bs.chain(loss, error), params=1e9, loss=2.0)
    with pytest.raises(SettingsError, match=r"^compute_error is of one fit; predict its stage by itself, or leave it"):
        bs.predict(bs.chain(one, error), params=1e9, tokens=1e10, compute_error=bs.costs.ComputeError(0.1))


def test_families_of_other_names_are_refused(grouped):
    table = pd.DataFrame({"loss": np.tile(np.linspace(2.0, 3.0, 6), 2), "family": ["x"] * 6 + ["y"] * 6})
    table["error"] = 0.8 - 0.1 * np.exp(3.0 - table["loss"]) + 0.001 * np.tile([1.0, -1.0], 6)
    runs = bs.read_runs(table, law="downstream-error")
    pooled = bs.fit("downstream-error", runs, pooling="complete", seed=0)
    with pytest.raises(SettingsError, match=r"^The stages have no family in common \('chinchilla' web, code, books; "):
        bs.chain(grouped, pooled)
