"""Pooling, run effects and priors are declared as data, and wrong ones are answered with a sentence."""

from __future__ import annotations

import pytest

from bayescale.language.errors import SettingsError
from bayescale.language.priors import Gamma, HalfNormal, LogNormal
from bayescale.language.priors import Normal as NormalPrior
from bayescale.laws import Chinchilla, KaplanND
from bayescale.models import Laplace, Normal, Pooling, RunEffects, StudentT, build_model


def names(parameters) -> list[str]:
    return [p.name for p in parameters]


def model(law=Chinchilla, pooling=None, noise=StudentT, n_families=3, **more):
    return build_model(law, noise=noise, pooling=pooling or Pooling(), n_families=n_families, **more)


def test_pooling_is_partial_for_groups_and_complete_without():
    assert Pooling.of(None, grouped=True) == Pooling("partial")
    assert Pooling.of(None, grouped=False) == Pooling("complete")


def test_pooling_is_given_by_name_mapping_or_whole():
    assert Pooling.of("none", grouped=True) == Pooling("none")
    mapped = Pooling.of({"beta": "none", "alpha": "complete"}, grouped=True)
    assert mapped == Pooling("partial", (("alpha", "complete"), ("beta", "none")))
    assert Pooling.of({"default": "none", "E": "partial"}, grouped=True) == Pooling("none", (("E", "partial"),))
    assert [mapped.kind(n) for n in ("alpha", "beta", "E")] == ["complete", "none", "partial"]
    whole = Pooling("partial", correlated=True)
    assert Pooling.of(whole, grouped=True) is whole


@pytest.mark.parametrize(
    ("pooling", "grouped", "message"),
    [
        ("half", True, "pooling must be one of complete, partial, none, got 'half'."),
        ({"alpha": "half"}, True, "pooling must be one of complete, partial, none, got 'half'."),
        (3, True, "pooling must be a name, a mapping of parameter to name, or a Pooling, got int."),
        (
            "partial",
            False,
            "pooling 'partial' needs families, and the table has none or only one; "
            r"read it with group='\.\.\.' or leave pooling out.",
        ),
        ({"default": "complete", "E": "none"}, False, "pooling 'complete' needs families, .*"),
        (Pooling("none"), False, "pooling 'none' needs families, .*"),
    ],
)
def test_pooling_that_makes_no_sense_is_refused(pooling, grouped, message):
    with pytest.raises(SettingsError, match=f"^{message}$"):
        Pooling.of(pooling, grouped=grouped)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_concentration_that_is_not_positive_is_refused(value):
    with pytest.raises(SettingsError, match=f"^concentration must be positive, got {value}.$"):
        Pooling(concentration=value)


def test_run_effects_are_over_budget_or_run():
    assert RunEffects("budget").prior == HalfNormal(0.01)
    with pytest.raises(SettingsError, match=r"^run effects are over 'budget' or 'run', got 'seed'.$"):
        RunEffects("seed")


def test_a_parameter_can_stay_common_whatever_the_pooling():
    """The degrees of freedom of the noise are declared so."""
    for kind in ("partial", "none"):
        assert names(model(pooling=Pooling(kind)).of_kind("complete")) == ["nu"]


def test_one_family_needs_no_pooling():
    assert names(model(n_families=1).of_kind("complete")) == ["E", "A", "B", "alpha", "beta", "sigma", "nu"]


def test_kinds_partition_the_parameters():
    mixed = model(pooling=Pooling("partial", (("E", "complete"), ("alpha", "none"), ("sigma", "none"))))
    assert names(mixed.of_kind("complete")) == ["E", "nu"]
    assert names(mixed.of_kind("none")) == ["alpha", "sigma"]
    assert names(mixed.partial_law) == ["A", "B", "beta"]
    assert mixed.partial_noise == ()


def test_pooled_coordinates_are_used_when_the_whole_law_is_partial_on_the_log_scale():
    assert names(model().coordinates) == ["level", "size_share", "data_share", "alpha", "beta"]
    for other in (
        model(pooling=Pooling("partial", (("E", "complete"),))),
        model(priors={"alpha": NormalPrior(0.3, 0.1)}),
        model(priors={"alpha": Gamma(2.0, 5.0, 0.1)}),
    ):
        assert names(other.coordinates) == names(other.partial_law)
    assert names(model(KaplanND).coordinates) == ["L_N", "L_D", "alpha_N", "alpha_D"]


def test_models_of_the_same_choices_are_one_model():
    """They are static arguments of compiled functions: equal means compiled once."""
    prior = {"E": LogNormal(1.5, 0.1)}
    assert len({model(priors=prior), model(priors=dict(prior)), model(priors=prior)}) == 1
    assert model(priors=prior) != model()
    assert model(priors=prior).prior("E") == LogNormal(1.5, 0.1)
    assert model(priors=prior).prior("A") == LogNormal(0.4, 1.0)


@pytest.mark.parametrize("noise", [StudentT, Normal, Laplace])
def test_a_prior_for_an_unknown_parameter_is_refused(noise):
    has = ", ".join(sorted(["A", "B", "E", "alpha", "beta", *names(noise.parameters)]))
    message = f"^There is no parameter 'gamma' to set the prior of; chinchilla with {noise.name} noise has {has}.$"
    with pytest.raises(SettingsError, match=message):
        model(noise=noise, priors={"gamma": HalfNormal(1.0)})


def test_pooling_of_an_unknown_parameter_is_refused():
    with pytest.raises(SettingsError, match=r"^There is no parameter 'gamma' to set the pooling of; .*$"):
        model(pooling=Pooling("partial", (("gamma", "none"),)))


def test_a_prior_that_is_none_is_refused():
    message = r"^The prior of 'E' must be a Prior such as LogNormal\(0\.4, 0\.4\), got 1\.7\.$"
    with pytest.raises(SettingsError, match=message):
        model(priors={"E": 1.7})
