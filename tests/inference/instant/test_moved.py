"""Coordinates where a table says most: the same posterior, drawn for few runs under distant priors too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.data.read import read_quietly
from bayescale.inference.instant.density import Density
from bayescale.inference.instant.engine import run_instant
from bayescale.inference.instant.mixture import match_mixture
from bayescale.inference.settings import Settings
from bayescale.models import Pooling, StudentT, build_model, lay_out
from bayescale.models.layout import model_anchors

LAWS = ("chinchilla", "chinchilla-tied", "chinchilla-outer", "chinchilla-offset")


@pytest.fixture(scope="module")
def few() -> bs.Runs:
    """The five smallest of the Cerebras models, with an error of the law that leaves the largest alone."""
    runs = bs.datasets.load("pile-families").select("Cerebras-GPT")
    return runs.subset((runs.table["params"] < 3e9).to_numpy()).with_model_error(0.04)


def density(runs: bs.Runs, law: str = "chinchilla", priors: bs.Priors | None = None) -> Density:
    """Of all runs as one family."""
    model = build_model(bs.laws.find_law(law), noise=StudentT, pooling=Pooling("complete"), priors=priors)
    anchors = model_anchors(model, runs)
    return Density.of(model, lay_out(model.law, runs, None, anchors, model.noise))


def test_coordinates_are_at_the_anchors_where_all_rows_say_as_much(few):
    assert density(few.with_model_error(0.0)).moves == {}


def test_coordinates_are_near_the_row_that_says_most(few):
    largest = few.table.loc[few.table["params"].idxmax()]
    made = density(few, priors=bs.priors.public("chinchilla", model_error=0.04))
    for anchor, column in (("N0", "params"), ("D0", "tokens")):
        assert np.exp(made.moves[anchor]) * made.anchors[anchor] == pytest.approx(largest[column], rel=0.1)


@pytest.mark.parametrize("law", LAWS)
def test_moved_coordinates_are_a_bijection_of_volume_one(few, law):
    made = density(few, law)
    assert made.moves
    centre = np.array([made.model.prior(p.name).unconstrained_moments()[0] for p in made.model.parameters])
    values = centre + 0.1 * np.random.default_rng(0).standard_normal((50, centre.size))
    back, _ = made.unconstrained(made.positions(values))
    np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-9)
    count = len(made.model.law.parameters)
    columns = tuple(values[:, :count].T)
    step = 1e-5
    for row in values[:3, :count]:
        near = row + step * np.concatenate([np.eye(count), -np.eye(count)])
        moved = np.column_stack(made.model.law.moved(tuple(near.T), made.moves))
        jacobian = (moved[:count] - moved[count:]) / (2 * step)
        assert np.linalg.det(jacobian) == pytest.approx(1.0, abs=1e-6)
    # The curve is the same at other anchors.
    law_at = made.model.law_at(made.natural(values), made.anchors)
    logs = np.column_stack([*made.model.law.moved(columns, {k: -m for k, m in made.moves.items()}), values[:, count:]])
    elsewhere = {name: value * np.exp(made.moves.get(name, 0.0)) for name, value in made.anchors.items()}
    law_there = made.model.law_at(made.natural(logs), elsewhere)
    inputs = {name: np.exp(log)[None] for name, log in made.log_inputs.items()}
    np.testing.assert_allclose(law_there(**inputs), law_at(**inputs), rtol=1e-9)


def test_the_posterior_is_the_same_in_both_coordinates():
    """Means and sds by importance weights in coordinates at the anchors: z of seven parameters, above 4.5 in 5e-5."""
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    design = pd.DataFrame(
        {"params": np.repeat(np.geomspace(5e7, 4e9, 6), 6), "ratio": np.tile(np.geomspace(2, 200, 6), 6)}
    )
    table = bs.simulate(law, design.assign(tokens=design["params"] * design["ratio"])[["params", "tokens"]], seed=2)
    made = density(read_quietly(table).with_model_error(0.04), priors=bs.priors.public("chinchilla", model_error=0.04))
    assert min(made.moves.values()) > 0.5
    drawn = run_instant(made, Settings(ess=4000), seed=3)
    there = replace(made, moves={})
    rng = np.random.default_rng(1)
    proposal, _, _ = match_mixture(there, rng, 4)
    positions, log_proposal = proposal.draw(rng, 600_000)
    log_weight = there(positions) - log_proposal
    weight = np.exp(log_weight - log_weight.max())
    possible = weight > 0
    weight = weight[possible] / weight.sum()
    values, _ = there.unconstrained(positions[possible])
    effective = 1.0 / (weight**2).sum()
    assert effective > 2000
    for j, parameter in enumerate(made.model.parameters):
        mean = weight @ values[:, j]
        sd = np.sqrt(weight @ (values[:, j] - mean) ** 2)
        draws = drawn.sites[parameter.name]
        error = sd * np.sqrt(1.0 / effective + 1.0 / drawn.quality["ess"])
        assert abs(draws.mean() - mean) < 4.5 * error, parameter.name
        assert draws.std() == pytest.approx(sd, rel=0.15), parameter.name


@pytest.mark.parametrize("largest", [2e9, 3e9])
def test_few_runs_under_public_priors_are_instant_and_pass(few, largest):
    """The priors hold at sizes far below the table's; without moving, neither engine's chains met on four or five."""
    some = few.subset((few.table["params"] < largest).to_numpy())
    fit = bs.fit("chinchilla", some, priors=bs.priors.public("chinchilla", model_error=0.04), model_error=0.04)
    assert fit.engine.startswith("instant")
    assert not {check.name for check in fit.checks.failed} & {"r-hat", "ess-bulk", "ess-tail", "pareto-k"}
