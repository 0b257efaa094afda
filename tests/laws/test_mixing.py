"""Mixtures of training data: a law made for the domains at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws import DataMixing, definition_hash, mixing_law

TRUTH = DataMixing(Y=2.9, f=0.62, g_web=-0.15, g_books=-0.06)


def mixtures(count: int, seed: int = 1) -> pd.DataFrame:
    """Random weights; some have no code."""
    weights = np.random.default_rng(seed).dirichlet([1, 1, 1], count)
    weights[:4, 2] = 0.0
    return pd.DataFrame(weights / weights.sum(1, keepdims=True), columns=["mix_web", "mix_books", "mix_code"])


def test_it_is_the_papers_exponential_of_weights():
    """c + k exp(t_1 r_1 + t_2 r_2 + t_3 r_3), the t of which sum to 0."""
    weights = mixtures(30)
    t = [TRUTH.t_web, TRUTH.t_books, TRUTH.t_code]
    assert sum(t) == pytest.approx(0.0, abs=1e-15)
    paper = TRUTH.c + TRUTH.k * np.exp(weights.to_numpy() @ t)
    np.testing.assert_allclose(TRUTH.at(**weights), paper, rtol=1e-12)
    assert TRUTH.at(mix_web=1 / 3, mix_books=1 / 3, mix_code=1 / 3) == pytest.approx(2.9, rel=1e-12)


def test_which_domain_comes_last_does_not_matter():
    other = mixing_law("code", "web", "books")
    law = other(Y=TRUTH.Y, f=TRUTH.f, g_code=0.21, g_web=-0.15)
    weights = mixtures(10)
    np.testing.assert_allclose(law.at(**weights), TRUTH.at(**weights), rtol=1e-12)
    assert law.t_books == pytest.approx(TRUTH.t_books, rel=1e-12)


def test_weights_are_recovered_and_the_floor_is_not():
    """18 mixtures, 0.3 % of scatter; a right posterior has a truth outside of its middle 99.8 % in one of 500 cases."""
    table = bs.simulate(TRUTH, mixtures(18), sigma=0.003, seed=3)
    fit = bs.fit("data-mixing", bs.read_runs(table, law="data-mixing"), seed=0)
    fit.check()
    for name in ("Y", "f", "g_web", "g_books", "c", "t_code"):
        low, high = np.quantile(fit.posterior[name], [0.001, 0.999])
        assert low < getattr(TRUTH, name) < high
    assert float(fit.posterior["g_web"].std()) < 0.01
    low, high = np.quantile(fit.posterior["c"], [0.05, 0.95])
    assert high - low > 0.5


def test_a_law_of_other_domains_is_fitted_saved_and_loaded(tmp_path):
    law = mixing_law("web", "code")
    truth = law(Y=2.5, f=0.6, g_web=-0.1)
    weights = np.linspace(0, 1, 9)
    table = bs.simulate(truth, pd.DataFrame({"mix_web": weights, "mix_code": 1 - weights}), sigma=0.003, seed=1)
    fit = bs.fit(law, bs.read_runs(table, law=law), seed=0)
    fit.save(tmp_path / "mix.nc")
    back = bs.load(tmp_path / "mix.nc", law=mixing_law("web", "code"))
    np.testing.assert_array_equal(back.posterior["t_code"], fit.posterior["t_code"])
    with pytest.raises(bs.BayescaleError, match="law"):
        bs.load(tmp_path / "mix.nc", law=mixing_law("code", "web"))


def test_laws_of_other_domains_are_other_laws():
    hashes = [definition_hash(mixing_law(*domains)) for domains in (("a", "b"), ("b", "a"), ("a", "b", "c"))]
    assert len(set(hashes)) == 3
    assert definition_hash(mixing_law("a", "b")) == hashes[0]


def test_weights_that_do_not_sum_to_one_are_refused_with_their_row():
    table = mixtures(4).assign(loss=[2.5, 2.6, 2.7, 2.8])
    table.loc[2, "mix_web"] += 0.05
    with pytest.raises(bs.DataError, match=r"row 3, mix_books: .* weights of the mixture sum to 1\.05 instead of 1"):
        bs.read_runs(table, law="data-mixing")


def test_a_prediction_at_weights_that_do_not_sum_to_one_is_refused():
    with pytest.raises(
        bs.SettingsError,
        match=r"^The weights of a mixture sum to 1, and mix_web=0\.5, mix_books=0\.5, mix_code=0\.1 sum to 1\.1\.$",
    ):
        bs.predict(TRUTH, mix_web=0.5, mix_books=0.5, mix_code=[0.0, 0.1], kind="law")


def test_a_law_of_fewer_domains_than_the_mixtures_have_is_refused():
    """Whose weights would not sum to 1."""
    table = bs.simulate(TRUTH, mixtures(9), sigma=0.003)
    law = mixing_law("web", "books")
    with pytest.raises(
        bs.DataError,
        match=r"^The law 'data-mixing-web-books' takes the weights mix_web, mix_books, and the mixtures of the table "
        r"have mix_code too: make a law of all its domains with laws\.mixing_law\(\.\.\.\)\.$",
    ):
        bs.fit(law, bs.read_runs(table, law=law), seed=0)


@pytest.mark.parametrize(("domains", "got"), [((), "none"), (("web",), "'web'"), (("web", "web"), "'web', 'web'")])
def test_a_mixture_has_two_or_more_domains(domains, got):
    with pytest.raises(bs.LawError, match=rf"^mixing_law needs two or more different domains, got {got}\.$"):
        mixing_law(*domains)


@pytest.mark.parametrize("domain", ["the web", "", 3])
def test_a_domain_has_the_name_of_a_column(domain):
    with pytest.raises(bs.LawError, match=r"^The name of a domain is a part of a column's, mix_<domain>, "):
        mixing_law("code", domain)
