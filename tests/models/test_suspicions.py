"""A prior for the coefficient that papers print is noticed before it is sampled with."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.language.errors import SettingsWarning
from bayescale.language.priors import Gamma, HalfNormal, LogNormal
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Pooling, StudentT, build_model
from bayescale.models.suspicions import prior_suspicions


def suspicions(priors, law=Chinchilla):
    return prior_suspicions(build_model(law, noise=StudentT, pooling=Pooling("complete"), priors=priors))


def test_a_textbook_prior_at_an_anchor_warns_with_a_code():
    (warning,) = suspicions({"A": LogNormal(400.0, 1.0)})
    assert isinstance(warning, SettingsWarning)
    assert warning.code == "prior-at-anchor"
    assert warning.message == (
        "the prior LogNormal(400, 1) of A has its centre at 400, the declared LogNormal(0.4, 1) at 0.4. Priors hold at "
        "the anchors: A is the loss from finite size at N0, where N0 is the geometric mean of the table; it is not the "
        "coefficient with anchors at 1 that papers print and fits show."
    )


@pytest.mark.parametrize("prior", [HalfNormal(500.0), Gamma(2.0, 0.01, 1.0), LogNormal(0.01, 1.0)], ids=str)
def test_other_priors_far_from_the_declared_one_warn_too(prior):
    assert [w.code for w in suspicions({"B": prior})] == ["prior-at-anchor"]


@pytest.mark.parametrize(
    "priors",
    [{}, {"A": LogNormal(4.0, 1.0)}, {"A": LogNormal(0.03, 1.0)}, {"E": LogNormal(100.0, 1.0)}, {"B": HalfNormal(2.0)}],
    ids=str,
)
def test_priors_near_the_declared_one_or_of_parameters_without_anchor_do_not(priors):
    assert suspicions(priors) == ()


def test_a_law_without_textbook_form_is_held_to_its_anchors_too():
    (warning,) = suspicions({"L_N": LogNormal(100.0, 1.0)}, KaplanND)
    assert warning.message.endswith(
        "L_N is the loss with unlimited data at N0, where N0 is the geometric mean of the table."
    )


def test_a_fit_warns_before_it_samples():
    """Warnings are errors in the tests, so this one ends the fit where it is emitted."""
    with pytest.raises(
        SettingsWarning, match=r"^\[prior-at-anchor\] the prior LogNormal\(400, 1\) of A has its centre"
    ):
        bs.fit("chinchilla", bs.datasets.load("pile-families"), priors={"A": bs.LogNormal(400.0, 1.0)})
