"""What is added beyond the data stands in every figure and table whose intervals have it."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.decisions import allocate, predict
from bayescale.show import figures
from bayescale.show.figures.discrepancies import discrepancy_words
from bayescale.show.tables import wide_plan

ADDED = bs.Discrepancy.brownian(0.05, drift=-0.02)
WORDS = "discrepancy: brownian 0.05 per\nsqrt(decade), drift -0.02 per\ndecade"
GROUP, FAR = "Pythia", [1e20, 1e24]
DRAWN = {
    "loss_compute": {"groups": GROUP},
    "isoflop": {"group": GROUP, "compute": FAR},
}


def legend(axes) -> str:
    """Draw it, which must raise no warning, and return the words of its legend."""
    axes.figure.savefig(io.BytesIO(), format="png", dpi=50)
    return "\n".join(text.get_text() for text in axes.get_legend().get_texts())


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(("choice", "words"), [({}, "discrepancy: learnt"), ({"discrepancy": None}, "no discrepancy")])
def test_a_legend_names_what_is_in_the_intervals_beyond_the_data(fit, name, choice, words):
    found = legend(getattr(figures, name)(fit, **DRAWN[name], **choice))
    assert f"largest training compute,\n{words}" in found


@pytest.mark.parametrize("name", DRAWN)
def test_a_discrepancy_of_ones_own_is_drawn_and_named(fit, name):
    data = getattr(figures, f"{name}_data")(fit, **DRAWN[name], discrepancy=ADDED)
    lines = data[data["part"] != "run"]
    beyond = lines["extrapolation"] > 1 + 1e-9
    assert beyond.any() and not beyond.all()
    assert lines["discrepancy"].tolist() == np.where(beyond, ADDED.name, "none").tolist()
    assert WORDS in legend(getattr(figures, name)(data))


def test_the_intervals_are_those_with_the_discrepancy_that_was_asked_for(fit):
    frontier = figures.loss_compute_data(fit, groups=GROUP, discrepancy=ADDED)
    far = frontier[frontier["part"] == "curve"].iloc[-1]
    plan = allocate(fit, compute=far["compute"], group=GROUP, discrepancy=ADDED).table().set_index("quantity")
    columns = ["median", "lower", "upper"]
    assert far[columns].tolist() == pytest.approx(plan.loc["loss", columns].tolist(), rel=1e-9)
    valley = figures.isoflop_data(fit, group=GROUP, compute=FAR, discrepancy=ADDED)
    point = valley[(valley["part"] == "curve") & (valley["budget"] == FAR[1])].iloc[3]
    asked = {"params": point["params"], "tokens": FAR[1] / (6 * point["params"])}
    made = predict(fit, **asked, group=GROUP, kind="law", discrepancy=ADDED).table().iloc[0]
    assert point[columns].tolist() == pytest.approx(made[columns].tolist(), rel=1e-9)
    best = valley[(valley["part"] == "optimum") & (valley["budget"] == FAR[1])].iloc[0]
    own = allocate(fit, compute=FAR[1], group=GROUP, discrepancy=ADDED).table().set_index("quantity")
    assert best[columns].tolist() == pytest.approx(own.loc["loss", columns].tolist(), rel=1e-9)


def test_several_discrepancies_are_counted_and_none_is_said():
    assert discrepancy_words(pd.Series(["a", "a", "b"])) == "discrepancy: 2 of them"
    assert discrepancy_words(pd.Series(["none", "none"])) == discrepancy_words(pd.Series([], dtype=object))
    assert discrepancy_words(pd.Series(["none"])) == "no discrepancy"


def test_the_multiverse_of_the_loss_names_it_and_that_of_a_split_has_none():
    data = pd.DataFrame({"choice": ["(stacked)", "chinchilla"], "weight": [1.0, 1.0], "median": [1.8, 1.8]})
    data = data.assign(compute=1e25, prob=0.9, lower=1.7, upper=1.9, extrapolation=50.0)
    loss = data.assign(quantity="loss", unit="nats/token", discrepancy="learnt, 25 families")
    assert figures.multiverse(loss).get_xlabel().endswith("interval,\ndiscrepancy: learnt, 25 families)")
    inside = figures.multiverse(loss.assign(extrapolation=0.5, discrepancy="none"))
    assert inside.get_xlabel().endswith("90% equal-tailed interval)")
    split = data.assign(quantity="params", unit="parameters", discrepancy="none")
    assert figures.multiverse(split).get_xlabel().endswith("90% equal-tailed interval)")


def test_a_wide_plan_names_the_discrepancy_of_its_loss(fit):
    table = allocate(fit, compute=[*FAR, FAR[1]], group=GROUP, discrepancy=ADDED).table()
    wide = wide_plan(table)
    assert wide["discrepancy"].tolist() == ["none", ADDED.name, ADDED.name]
    assert wide.attrs["note"] == table.attrs["note"] != ""
    loss = table[table["quantity"] == "loss"]
    assert wide["loss_upper"].tolist() == loss["upper"].tolist()
