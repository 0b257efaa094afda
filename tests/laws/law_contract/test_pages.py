"""Pages, records, citations and published values."""

from __future__ import annotations

import json

import pytest
from jax import Array

from bayescale.language.declare import parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size
from bayescale.laws import CATALOGUE, Law, citation, law_record
from bayescale.laws.base import PAGE
from bayescale.laws.references import bibliography

from .designs import LARGE
from .marks import every_law, scored_law
from .own_laws import Plain

# A law without a floor goes below what text allows, at sizes that its paper did not see.
WITHOUT_FLOOR = ("kaplan-n", "kaplan-d", "kaplan-c", "kaplan-nd", "kaplan-ns")


@every_law
def test_citations_exist(law):
    known = bibliography()
    assert set(law.cites) <= set(known)
    for name in law.published:
        assert any(name == key or name.startswith(f"{key}-") for key in law.cites), name
    for key in law.cites:
        assert citation(key).startswith("@")


@scored_law
def test_published_values_are_responses_people_have_seen(law):
    lowest = 1.0 if law.name in WITHOUT_FLOOR else 1.5
    low, high = (lowest, 2.5) if law.response.name == "loss" else (0.2, 0.8)
    for instance in law.published.values():
        assert low < float(instance.at(**LARGE)) < high


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
@pytest.mark.parametrize("page", PAGE)
def test_the_page_of_a_law_says_what_it_claims_and_what_it_does_not(law, page):
    """In sentences of its own, of a length to be read on a terminal."""
    text = getattr(law, page)
    assert page in vars(law)
    assert 20 < len(text) < 420
    assert text[0].isupper() or text.startswith(tuple(p.name for p in (*law.parameters, *law.derived_quantities)))
    assert text.endswith(".")
    assert law_record(law)[page] == text


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_a_law_has_published_values_or_says_why_it_has_none(law):
    """Not both, and in a sentence."""
    assert bool(law.published) != bool(law.unpublished)
    assert law_record(law)["unpublished"] == law.unpublished
    if law.unpublished:
        assert 20 < len(law.unpublished) < 200
        assert law.unpublished[0].isupper() and law.unpublished.endswith(".")


def test_a_law_of_ones_own_needs_no_page():
    assert [getattr(Plain, page) for page in (*PAGE, "unpublished")] == [""] * (len(PAGE) + 1)


def test_the_page_of_a_law_is_text():
    with pytest.raises(LawError, match=r"^Wordy\.needs must be text for the law's page, got \('grid',\)\.$"):

        class Wordy(Law):
            """A law."""

            needs = ("grid",)
            height: Array = parameter("loss", prior=LogNormal(2.0, 0.3))

            def __call__(self, N: Size) -> Loss:
                return self.height + 0.0 * N


@every_law
def test_the_record_is_json_and_says_what_was_declared(law):
    record = json.loads(json.dumps(law_record(law)))
    assert record["name"] == law.name
    assert record["summary"].endswith(".")
    assert [p["name"] for p in record["parameters"]] == [p.name for p in law.parameters]
    assert all(p["meaning"] and p["symbol"] and p["prior"] for p in record["parameters"])
    assert record["inputs"] == list(law.inputs())
    assert record["response"] == law.response.name
    assert [d["name"] for d in record["derived"]] == [d.name for d in law.derived_quantities]
    assert record["published"] == list(law.published)
