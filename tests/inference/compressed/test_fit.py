"""A fit chooses its likelihood, says which it was, and its posterior is the same."""

from __future__ import annotations

import numpy as np
import pytest

from bayescale.inference import diagnose, some_curves
from bayescale.inference.compressed import choice, compress
from bayescale.inference.convergence import convergence
from bayescale.inference.fit import fit
from bayescale.language.errors import FitError, SettingsError
from bayescale.laws import Chinchilla

SHORT = {
    "residuals": "ar1",
    "pooling": "none",
    "chains": 4,
    "warmup": 200,
    "draws": 500,
    "engine": "nuts",
    "progress": False,
}


@pytest.fixture(scope="module")
def fits(table_of):
    runs = table_of("ar1", families=2, per_family=6, rows=90)[0]
    return {kind: fit(Chinchilla, runs, **SHORT, likelihood=kind) for kind in ("compressed", "full")}


def test_the_posterior_is_that_of_all_rows(fits):
    """Means within five Monte-Carlo standard errors and sds within 5 % and as many of theirs, for all parameters."""
    posteriors = [fits[kind].posterior for kind in ("compressed", "full")]
    for name in posteriors[1].data_vars:
        # Logs, since coefficients at anchors of 1 have tails so long that their sds are those of a few draws.
        logs = (np.log(p[name].transpose(..., "chain", "draw").to_numpy()) for p in posteriors)
        one, other = (draws.reshape(-1, 4, 500) for draws in logs)
        ess = np.minimum(*(convergence(draws[None]).ess_bulk[0] for draws in (one, other)))
        assert ess.min() > 400, name
        sds = one.std(axis=(1, 2)), other.std(axis=(1, 2))
        away = np.abs(one.mean(axis=(1, 2)) - other.mean(axis=(1, 2))) / sds[1]
        assert np.all(away < 5.0 * np.sqrt(2.0 / ess)), name
        assert np.all(np.abs(np.log(sds[0] / sds[1])) < 0.05 + 5.0 / np.sqrt(ess)), name


def test_the_fit_says_what_its_likelihood_was(fits):
    record = fits["compressed"].record["likelihood"]
    assert record["kind"] == "compressed" and record["rows"] == len(fits["compressed"].runs)
    assert 0 < record["bound"] < compress.TOLERANCE and 0 < record["at_draws"] < compress.TOLERANCE
    words = fits["compressed"].likelihood
    assert words.startswith("compressed: 8 nodes of each of 12 curves for ") and " nats" in words
    assert words in repr(fits["compressed"])
    assert fits["full"].likelihood == "full: as asked for"


def test_draws_where_nodes_are_wrong_send_the_fit_to_all_rows(table_of, monkeypatch):
    """The second check must be able to fail: here it is told that 1e-12 nats are too many."""
    runs = table_of("ar1", families=2, per_family=4, rows=60)[0]
    monkeypatch.setattr(choice, "TOLERANCE", 1e-12)
    monkeypatch.setattr(choice, "FEWEST_ROWS", 100)
    quick = SHORT | {"warmup": 50, "draws": 20}
    made = fit(Chinchilla, runs, **quick)
    assert made.likelihood.startswith("full: nodes missed the log likelihood by ")
    with pytest.raises(
        FitError, match=r"^The likelihood cannot be compressed: nodes missed .* Use likelihood='full'\.$"
    ):
        fit(Chinchilla, runs, **quick, likelihood="compressed")


def test_a_table_that_cannot_be_compressed_is_refused_or_fitted_in_full(table_of, monkeypatch):
    runs = table_of("ar1", families=2, per_family=4, rows=60)[0]
    quick = SHORT | {"warmup": 50, "draws": 4, "residuals": None, "noise": "student-t"}
    refused = r"^The likelihood cannot be compressed: the noise is student-t, and only sums"
    with pytest.warns(match="independent-checkpoints"), pytest.raises(FitError, match=refused):
        fit(Chinchilla, runs, **quick, likelihood="compressed")
    monkeypatch.setattr(choice, "FEWEST_ROWS", 100)
    with pytest.warns(match="independent-checkpoints"):
        made = fit(Chinchilla, runs, **quick)
    assert made.likelihood == "full: the noise is student-t, and only sums of squares can be taken beforehand"


def test_settings_that_make_no_sense_are_refused():
    from bayescale.inference.settings import Settings

    with pytest.raises(SettingsError, match=r"^likelihood must be one of auto, compressed, full, got 'fast'\.$"):
        Settings(likelihood="fast")
    with pytest.raises(SettingsError, match=r"^likelihood='compressed' is for NUTS, and engine='instant' takes all"):
        Settings(likelihood="compressed", engine="instant")


def test_large_tables_are_checked_by_some_whole_runs(fits, monkeypatch):
    monkeypatch.setattr(some_curves, "ROWS", len(fits["full"].runs) // 3)
    part = some_curves.some_curves(fits["full"])
    assert part.runs.families == fits["full"].runs.families and len(part.runs) < len(fits["full"].runs)
    keys = ["family", "run"]
    lengths = part.runs.table.groupby(keys).size()
    assert lengths.equals(fits["full"].runs.table.groupby(keys).size().loc[lengths.index])
    assert part.log_likelihood["loss"].sizes["run"] == len(part.runs)
    monkeypatch.setattr(diagnose, "MANY_ROWS", 10)
    check = diagnose._pareto(fits["full"])
    assert check.name == "pareto-k" and 0 <= check.value <= 1
