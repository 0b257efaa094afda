"""Keys of a study are taken once, checked as they are taken, and refused where nobody takes them."""

from __future__ import annotations

import math

import pytest

import bayescale as bs
from bayescale.study.keys import Keys, plain_name


def keys(**content) -> Keys:
    return Keys(content, "the study")


def test_what_is_left_out_has_its_default():
    empty = keys()
    assert empty.text("a", None) is None and empty.text("a", "b") == "b"
    assert empty.truth("a", True) is True and empty.count("a", 3) == 3
    assert empty.one_of("a", ("x", "y")) == "x" and empty.file_name("a", "a.csv") == "a.csv"
    assert empty.number("a", None, above=0.0) is None and empty.numbers("a", above=0.0) == ()
    assert empty.texts("a", ("b",)) == ("b",) and empty.table("a").content == {}


def test_what_is_given_is_taken():
    given = keys(text="a", yes=False, n=2, x=2, xs=[2, 3.5], words=["b", "a"], file="S-1_a.parquet", table={"k": 1})
    assert given.text("text", None) == "a" and given.truth("yes", True) is False and given.count("n", 1) == 2
    assert given.number("x", None, above=1.0) == 2.0 and given.numbers("xs", above=1.0) == (2.0, 3.5)
    assert given.texts("words", ("c",)) == ("b", "a") and given.file_name("file", "a.csv") == "S-1_a.parquet"
    assert given.table("table").rest() == {"k": 1}
    given.refuse_others()


@pytest.mark.parametrize("value", [1.0, 0, -2, True, "2", math.inf, math.nan, [2]])
def test_a_number_is_finite_and_above_its_bound(value):
    with pytest.raises(bs.SettingsError, match="x of the study must be a number above 1, got"):
        keys(x=value).number("x", None, above=1.0)
    with pytest.raises(bs.SettingsError, match="x of the study must be numbers above 1, got"):
        keys(x=[3.0, value]).numbers("x", above=1.0)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, [2]])
def test_a_count_is_a_whole_number_of_at_least_one(value):
    with pytest.raises(bs.SettingsError, match="x of the study must be a whole number"):
        keys(x=value).count("x", 1)


@pytest.mark.parametrize(
    ("method", "value", "words"),
    [
        ("text", 3, "must be a text, got 3"),
        ("truth", 1, "must be true or false, got 1"),
        ("texts", "a", "must be a list, got 'a'"),
        ("texts", ["a", 1], "must be a list of texts, got 1"),
        ("texts", ["a", "b", "a"], "has 'a' twice; name each once"),
        ("distinct", [1, 1], "has 1 twice; name each once"),
    ],
)
def test_another_kind_of_value_is_named(method, value, words):
    with pytest.raises(bs.SettingsError, match=f"^x of the study {words}"):
        getattr(keys(x=value), method)("x", ())


def test_an_empty_list_is_refused_only_where_something_is_needed():
    assert keys(x=[]).texts("x", ()) == ()
    with pytest.raises(bs.SettingsError, match="x of the study is empty; give at least one, or leave it out"):
        keys(x=[]).texts("x", ("a",))


def test_a_key_that_nobody_takes_is_refused_with_the_nearest():
    given = keys(seed=[0])
    given.distinct("seeds", (0,))
    with pytest.raises(
        bs.SettingsError, match=r"There is no 'seed' in the study; it takes seeds, laws\. Did you mean 'se"
    ):
        given.refuse_others(("laws",))


def test_tables_are_called_by_their_way_through_the_file():
    inner = Keys({"tables": {"pile": {"columns": 3}}}, "the study").table("tables").table("pile")
    assert inner.where == "[tables.pile]"
    with pytest.raises(bs.SettingsError, match=r"^\[tables\.pile\.columns\] must be a table of keys and values, got 3"):
        inner.table("columns")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "a\n", "ä", "a" * 62])
def test_a_plain_name_is_letters_digits_and_dashes(name):
    with pytest.raises(bs.SettingsError, match="The name of it must be letters, digits, - and _"):
        plain_name(name, "it")
    assert plain_name("A-1_b", "it") == "A-1_b"
