"""Figures of plans: what is drawn is what the tables say."""

from __future__ import annotations

import io

import numpy as np
import pytest

from bayescale.costs import WithInference
from bayescale.decisions import allocate, pareto
from bayescale.decisions.allocation import ParamsBetween, TokensPerParam
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla
from bayescale.show import figures

POINT = Chinchilla.published["besiroglu2024chinchilla"]


def legend_of(axes) -> list[str]:
    """Write a figure as PNG, which must raise no warning, and return the texts of its legend."""
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_regret_is_least_at_the_plan_and_marked_there(fit):
    plan = allocate(fit, compute=[1e21, 1e23], group="Pythia")
    data = figures.regret_data(plan)
    axes = figures.regret(data)
    marked = [line.get_xdata().item() for line in axes.get_lines() if line.get_marker() in ("o", "s")]
    np.testing.assert_allclose(sorted(marked), plan.action["params"])
    np.testing.assert_allclose(data.loc[data["is_plan"], "percent"], plan.regret()["percent"])
    assert axes.get_ylabel() == "compute wasted against the best size (%)"
    assert "mean and 90% equal-tailed interval" in legend_of(axes)


def test_of_a_law_the_best_size_wastes_nothing_and_has_no_interval():
    data = figures.regret_data(allocate(POINT, compute=1e21))
    assert data["params"].iloc[data["percent"].argmin()] == data.loc[data["is_plan"], "params"].item()
    assert legend_of(figures.regret(data)) == ["1e21 FLOP, plan marked"]


def test_fronts_are_drawn_one_per_budget():
    front = pareto(POINT, served=1e12, compute=[1e22, 1e23], count=5)
    axes = figures.trade_offs(front)
    lines = [line for line in axes.get_lines() if line.get_linestyle() == "-"]
    assert len(lines) == 2
    np.testing.assert_allclose(np.sort(lines[0].get_xdata()), front.table()["serving"][:5])
    assert legend_of(axes) == ["training 1e22 FLOP", "training 1e23 FLOP"]


def test_what_constraints_forbid_is_shaded_in_both_panels():
    kept = [ParamsBetween(most=1e11), TokensPerParam(least=30)]
    plan = allocate(POINT, compute=[1e22, 1e23, 1e24, 1e25], constraints=kept)
    params, tokens = figures.allocation(plan)
    assert legend_of(tokens)[-1] == "not allowed"
    of_tokens = plan.cost.tokens(plan.allowed.high, 1)
    for ax, values, is_upper in ((params, plan.allowed.high, True), (tokens, of_tokens, False)):
        edges = [path.vertices for shade in ax.collections for path in shade.get_paths()]
        compute = plan.draws["compute"].to_numpy()
        wanted = values if is_upper else values * compute
        for c, edge in zip(compute, wanted, strict=True):
            assert any(np.isclose(v, (c, edge), rtol=1e-6).all() for part in edges for v in part)
    assert "not allowed" not in legend_of(figures.allocation(allocate(POINT, compute=[1e22, 1e23]))[1])


def test_what_is_no_plan_is_refused():
    with pytest.raises(SettingsError, match=r"^regret takes a Plan or its table, got int\.$"):
        figures.regret(3)
    with pytest.raises(SettingsError, match=r"^trade_offs takes a Pareto or its table, got int\.$"):
        figures.trade_offs(3)
    with pytest.raises(SettingsError, match=r"leaves no tokens of 1e\+23 FLOP: 6ND \+ inference takes them all"):
        figures.regret(allocate(POINT, compute=1e23, cost=WithInference(1e13)))
