"""Priors learnt from fits of many families, and those that come with the package."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.language.errors import SettingsError
from bayescale.models import priors

ANCHORS = {"N0": 2e7, "D0": 2e8}
WIDE = {
    "E": bs.LogNormal(1.8, 0.6),
    "A": bs.LogNormal(1.5, 0.8),
    "B": bs.LogNormal(1.5, 0.8),
    "alpha": bs.LogNormal(0.4, 0.6),
    "beta": bs.LogNormal(0.4, 0.6),
    "sigma": bs.LogNormal(0.004, 1.5),
}
FAMILIES = 12


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    """Parameters of families at the anchors; each is its own cluster."""
    rng = np.random.default_rng(1)
    middle = {"E": 1.7, "A": 1.4, "B": 1.5, "alpha": 0.35, "beta": 0.4}
    scatter = {"E": 0.25, "A": 0.15, "B": 0.3, "alpha": 0.2, "beta": 0.25}
    return {name: middle[name] * np.exp(scatter[name] * rng.standard_normal(FAMILIES)) for name in middle}


@pytest.fixture(scope="module")
def fits(truth) -> bs.Fits:
    """Tables that determine their family well, fitted under wide priors."""
    size, tokens = np.meshgrid(np.geomspace(1e7, 3e9, 6), np.geomspace(1e9, 1e11, 6))
    design = pd.DataFrame({"params": size.ravel(), "tokens": tokens.ravel()})
    tables = {}
    for k in range(FAMILIES):
        law = bs.laws.Chinchilla(**{name: values[k] for name, values in truth.items()}, **ANCHORS)
        tables[f"family {k}"] = bs.read_runs(bs.simulate(law, design, sigma=0.002, seed=k))
    return bs.fit_many("chinchilla", tables, priors=bs.Priors(WIDE, ANCHORS), draws=500, progress=False)


@pytest.fixture(scope="module")
def learnt(fits) -> bs.Priors:
    return bs.learn_priors(fits)


def test_the_centre_is_that_of_the_families(truth, learnt):
    """The centre of twelve known families has a standard error of their sd over the root of twelve; four of them."""
    for name, values in truth.items():
        logs = np.log(values)
        assert abs(np.log(learnt[name].median) - logs.mean()) < 4 * logs.std(ddof=1) / np.sqrt(FAMILIES), name


def test_the_width_is_that_of_a_further_family(truth, learnt):
    """Of a normal sample the next value has the sd times the root of 1 + 1/12, and Student's quantile of 84 % with 11
    degrees of freedom is 1.05; the half-normal prior of scales draws sds of .15 and .3 by less than a fifth."""
    for name, values in truth.items():
        expected = np.log(values).std(ddof=1) * np.sqrt(1 + 1 / FAMILIES) * 1.05
        assert expected / 1.2 < learnt[name].log_sd < expected * 1.2, name


def test_what_it_is_from_stands_with_it(fits, learnt):
    assert dict(learnt.anchors) == ANCHORS
    assert learnt.record["runs"] == 36 * FAMILIES
    assert learnt.record["families"] == [f"family {k}" for k in range(FAMILIES)]
    some = bs.learn_priors(fits, families=[f"family {k}" for k in range(6)])
    assert some.record["clusters"] == [f"family {k}" for k in range(6)]


def test_the_noise_scale_is_learnt_too(learnt):
    """All families have the same, 0.002; that of a table of 36 runs with heavy tails is known to a fifth."""
    assert abs(np.log(learnt["sigma"].median / 0.002)) < 0.2


def test_a_family_unlike_the_others_is_in_conflict(learnt):
    law = bs.laws.Chinchilla(E=5.0, A=1.4, B=1.5, alpha=0.35, beta=0.4, **ANCHORS)
    size, tokens = np.meshgrid(np.geomspace(1e7, 3e9, 6), np.geomspace(1e9, 1e11, 6))
    design = pd.DataFrame({"params": size.ravel(), "tokens": tokens.ravel()})
    runs = bs.read_runs(bs.simulate(law, design, sigma=0.002, seed=0))
    status = bs.fit("chinchilla", runs, priors=learnt).checks.table().set_index("name")["status"]
    assert status["prior-conflict"] == "warn"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"clusters": {"family 0": "a"}}, "clusters lacks the family 'family 1'"),
        ({"clusters": {f"family {k}": "ab"[k % 2] for k in range(FAMILIES)}}, "at least 3 clusters of families, got 2"),
        ({"families": ["family 0", "family 1", "other"]}, "There is no fit 'other'"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_learnt(fits, how, message):
    with pytest.raises(SettingsError, match=message):
        bs.learn_priors(fits, **how)


def test_fits_at_anchors_of_their_own_are_not_compared(fits):
    own = bs.fit_many("chinchilla", {"a": fits.runs[0]}, draws=100, progress=False)
    with pytest.raises(SettingsError, match="Each fit has its own anchor 'N0'"):
        bs.learn_priors(own)


def test_public_priors_are_those_of_the_file():
    """Every record makes priors that fit takes, and says where it is from."""
    records = json.loads((bs.models.priors.resources.files("bayescale.models") / priors.FILE).read_text())
    assert {(one["law"], one["modality"]) for one in records} >= {("chinchilla", "text"), ("chinchilla", "any")}
    for one in records:
        found = priors.public(one["law"], modality=one["modality"], model_error=one["record"]["model_error"])
        assert {name: prior.median for name, prior in found.items()} == {
            name: values["median"] for name, values in one["priors"].items()
        }
        assert set(found.record) >= {"families", "clusters", "runs", "script", "version", "model_error"}
        assert priors.to_record(one["law"], one["modality"], found) == one


def test_public_priors_follow_the_model_error_of_the_runs():
    near, far = (priors.public("chinchilla", model_error=error).record["model_error"] for error in (0.03, 0.01))
    assert (near, far) == (0.04, 0.0)


@pytest.mark.parametrize(
    ("law", "how", "message"),
    [
        ("chinchila", {}, "did you mean"),
        ("kaplan-n", {}, "No public priors were learnt for the law 'kaplan-n'"),
        ("chinchilla", {"modality": "images"}, "modality must be one of any, text, got 'images'"),
    ],
)
def test_what_was_not_learnt(law, how, message):
    with pytest.raises(SettingsError, match=message):
        bs.priors.public(law, **how)
