"""Arms of fits whose truth is known: probabilities of the discrepancy's closed form, and what cancels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

import bayescale as bs
from bayescale.models.discrepancy import PARTS

# The largest run of the fits is 3.6e20 FLOP; this is two decades beyond.
FAR, DECADES = 3.6e22, 2.0
DRAWS = 10_000
CLOSE = 5 * 0.5 / np.sqrt(DRAWS)  # five standard errors of a share
STEEP = bs.laws.Chinchilla(E=1.8, A=500.0, B=1500.0, alpha=0.36, beta=0.36)
FLAT = STEEP.replace(E=1.7, A=380.0, B=1140.0, alpha=0.34, beta=0.34)


def discrepancy(**values: float) -> bs.Discrepancy:
    """One that is exactly known; its path has sd 1e-9 per root of a decade unless something else is said."""
    known = {"log_scale": np.log(1e-9)} | values
    return bs.Discrepancy("known", {part: np.array([known.get(part, 0.0)]) for part in PARTS})


def gap(fit: bs.Fit) -> float:
    """Log loss of code less that of web, which is the same in every draw."""
    found = bs.compare_arms(fit, compute=FAR, discrepancy=None)
    loss = np.log(found.draws["loss"]).median(("chain", "draw"))
    return float((loss.sel(arm="code") - loss.sel(arm="web")).item())


def wins(found: bs.Arms) -> float:
    pairs = found.pairs().set_index(["first", "second"])
    return float(pairs.loc[("web", "code"), "wins"])


def test_independent_paths_win_as_often_as_two_normals(grouped):
    """Each path has variance s^2 d at d decades, to a hundredth, which straight lines between nodes are short of."""
    scale = gap(grouped) / np.sqrt(2 * DECADES)
    found = bs.compare_arms(grouped, compute=FAR, discrepancy=bs.Discrepancy.brownian(scale))
    assert wins(found) == pytest.approx(norm.cdf(1.0), abs=CLOSE + 0.005 * norm.pdf(1.0))
    np.testing.assert_allclose(found.table()["best"].sum(), 1.0)


def test_a_drift_that_arms_share_cancels_and_that_of_clusters_does_not(grouped):
    between = gap(grouped) / np.sqrt(2) / DECADES
    shared = discrepancy(drift_between=between)
    together = bs.compare_arms(grouped, compute=FAR, discrepancy=shared)
    assert wins(together) == 1.0
    assert together.pairs()["correlation"].to_numpy() == pytest.approx(1.0, abs=1e-12)
    assert "All arms count as one cluster" in together.note
    clusters = {"web": "a", "code": "b", "books": "b"}
    apart = bs.compare_arms(grouped, compute=FAR, discrepancy=shared, clusters=clusters)
    assert wins(apart) == pytest.approx(norm.cdf(1.0), abs=CLOSE)
    pairs = apart.pairs().set_index(["first", "second"])
    assert pairs.loc[("code", "books"), "correlation"] == pytest.approx(1.0, abs=1e-12)
    assert abs(pairs.loc[("web", "code"), "correlation"]) < 5 / np.sqrt(DRAWS)
    assert "one of 2 clusters" in apart.note


def test_clusters_share_what_is_not_known_of_the_population(grouped):
    """A mean drift with two values: all clusters have the same one in each draw, so that it cancels."""
    parts = {part: np.zeros(2) for part in PARTS} | {"log_scale": np.full(2, np.log(1e-9))}
    known = bs.Discrepancy("two", parts | {"drift": np.array([-0.5, 0.5])})
    clusters = {"web": "a", "code": "b", "books": "c"}
    found = bs.compare_arms(grouped, compute=FAR, discrepancy=known, clusters=clusters)
    assert wins(found) == 1.0
    assert found.pairs()["correlation"].to_numpy() == pytest.approx(1.0, abs=1e-12)


def test_the_answer_is_that_of_predictions_and_plans(grouped):
    found = bs.compare_arms(grouped, compute=[1e20, FAR])
    for arm in grouped.groups:
        own = found.draws.sel(arm=arm)
        sizes = {name: own[name].to_numpy() for name in ("params", "tokens")}
        made = bs.predict(grouped, **sizes, kind="law", group=arm)
        np.testing.assert_array_equal(own["loss"].transpose(*made.draws["loss"].dims[:2], "budget"), made.draws["loss"])
        plan = bs.allocate(grouped, compute=[1e20, FAR], group=arm, discrepancy=None)
        np.testing.assert_allclose(sizes["params"], plan.action["params"], rtol=1e-6)
    assert found.best == ["web", "web"]


def test_arms_in_another_order_have_complements(grouped):
    found = [
        bs.compare_arms(grouped, compute=FAR, kind=kind, arms=names)
        for names in (["web", "code"], ["code", "web"])
        for kind in ("run",)
    ]
    first, second = (one.pairs().iloc[0] for one in found)
    assert 0.5 < first["wins"] < 1
    assert first["wins"] + second["wins"] == pytest.approx(1.0, abs=1e-12)
    assert first["difference"] == pytest.approx(-second["difference"], rel=1e-12)


def test_runs_scatter_more_than_curves(grouped):
    curves, runs = (bs.compare_arms(grouped, compute=1e20, kind=kind).pairs() for kind in ("law", "run"))
    assert (curves["sd"] < 1e-12).all()
    assert curves["correlation"].isna().all()
    assert (runs["sd"] > 0.02).all()


def test_separate_fits_are_paired_at_random(make_fit):
    """Fits of one seed and equal noise: paired in order, their runs would be the same and never differ."""
    fits = {"a": make_fit(), "b": make_fit()}
    found = bs.compare_arms(fits, compute=1e20, kind="run").pairs().iloc[0]
    assert found["wins"] == pytest.approx(0.5, abs=CLOSE)
    assert abs(found["correlation"]) < 5 / np.sqrt(DRAWS)
    far = bs.compare_arms(fits, compute=FAR, discrepancy=bs.Discrepancy.brownian(0.02)).pairs().iloc[0]
    assert abs(far["correlation"]) < 5 / np.sqrt(DRAWS)


def test_known_laws_cross_where_their_frontiers_do():
    found = bs.compare_arms({"steep": STEEP, "flat": FLAT}, compute=[1e22, 1e18])
    assert found.best == ["flat", "steep"]

    def apart(log_compute: float) -> float:
        plans = (bs.allocate(law, compute=np.exp(log_compute)) for law in (STEEP, FLAT))
        first, second = (float(plan.draws["loss"].item()) for plan in plans)
        return first - second

    row = found.crossings().iloc[0]
    wanted = np.exp(brentq(apart, np.log(1e18), np.log(1e22)))
    # Straight lines over steps of h = ln(1e4) / 96 miss a root by h^2 f'' / 8 f', 0.001 x 0.1 in log compute here.
    assert row["compute"] == pytest.approx(wanted, rel=1e-3)
    assert row[["crosses", "several", "first_overtakes", "second_overtakes"]].tolist() == [1, 0, 0, 1]
    never = bs.compare_arms({"a": STEEP, "b": STEEP.replace(E=1.9)}, compute=[1e18, 1e22]).crossings().iloc[0]
    assert never["crosses"] == 0
    assert np.isnan(never["compute"])


def test_sizes_and_tokens_may_be_the_same_for_all():
    laws = {"steep": STEEP, "flat": FLAT}
    by_size = bs.compare_arms(laws, compute=[1e20, 1e22], params=1e9).table()
    np.testing.assert_allclose(by_size["tokens"], by_size["compute"] / 6e9)
    by_tokens = bs.compare_arms(laws, compute=[1e20, 1e22], tokens=[1e10, 1e11]).table()
    np.testing.assert_allclose(by_tokens["params"], by_tokens["compute"] / 6 / by_tokens["tokens"])
    by_both = bs.compare_arms(laws, params=[1e9, 7e9], tokens=[2e10, 1e11]).table()
    np.testing.assert_allclose(by_both["compute"].unique(), [1.2e20, 4.2e21])
    np.testing.assert_allclose(by_both["median"].iloc[0], float(STEEP(1e9, 2e10)))


def test_a_detectable_difference_grows_with_what_is_not_known(grouped):
    found = bs.compare_arms(grouped, compute=[4e20, FAR])
    table = found.detectable(power=0.8, prob=0.95)
    np.testing.assert_allclose(table["detectable"], table["sd"] * (norm.ppf(0.8) + norm.ppf(0.95)))
    near, far = (table.loc[table["compute"] == compute, "detectable"].to_numpy() for compute in (4e20, FAR))
    assert (near < far).all()
    assert table["told"].equals(np.maximum(found.pairs()["wins"], 1 - found.pairs()["wins"]) >= 0.95)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, r"^Give compute, compute and one of params and tokens, or params and tokens; got nothing\.$"),
        ({"compute": 1e20, "arms": ["web", "law"]}, r"^There is no arm 'law'; there are web, code, books\.$"),
        ({"compute": 1e20, "arms": ["web"]}, r"^A comparison needs two arms or more, each once, got web\.$"),
        ({"compute": 1e20, "arms": "web"}, r"^arms must be a list of names, got 'web'"),
        ({"compute": 1e20, "clusters": {"web": "a"}}, r"^clusters must say for every arm .* and lacks 'code'\.$"),
        ({"compute": 1e20, "kind": "runs"}, r"^kind must be one of law, run, got 'runs'\.$"),
        ({"compute": [1e20, 1e20]}, r"^Every budget must be given once, got 1e\+20, 1e\+20 FLOP\.$"),
        ({"compute": 1e20, "experts": 8}, r"Plans take no 'experts'"),
        ({"compute": 1e20, "cost": 6}, r"^cost must be a Cost such as costs\.SixND\(\), got 6\.$"),
        ({"compute": 1e20, "discrepancy": 0.1}, r"^discrepancy must be 'learnt', None or a Discrepancy, got 0\.1\.$"),
    ],
)
def test_wrong_questions_are_refused(grouped, asked, message):
    with pytest.raises(bs.SettingsError, match=message):
        bs.compare_arms(grouped, **asked)


def test_what_are_no_arms_is_refused(one, grouped, make_fit):
    other = make_fit(params_convention="active")
    for fit, message in (
        (one, r"^Arms are the families of a fit, and this one has \(all\) only;"),
        (3, r"^compare_arms takes a Fit with families, or fits by name, got int\.$"),
        ({"a": one, "b": 3}, r"^Arms are fits by name, got 'b': int\.$"),
        ({"a": one, "b": grouped}, r"^The fit of arm 'b' has 3 families, and an arm is one;"),
        ({"a": one, "b": other}, r"^The fits count parameters differently, as "),
    ):
        with pytest.raises(bs.SettingsError, match=message):
            bs.compare_arms(fit, compute=1e20)
    with pytest.raises(bs.SettingsError, match=r"^The law of arm 'a' has no noise; compare curves"):
        bs.compare_arms({"a": STEEP, "b": FLAT}, compute=1e20, kind="run")
    with pytest.raises(bs.SettingsError, match=r"^Crossings lie between budgets, and there is one;"):
        bs.compare_arms({"a": STEEP, "b": FLAT}, compute=1e20).crossings()
    with pytest.raises(bs.SettingsError, match=r"^prob must lie in \(0\.5, 1\) and power above 1 - prob"):
        bs.compare_arms({"a": STEEP, "b": FLAT}, compute=1e20).detectable(prob=0.4)
