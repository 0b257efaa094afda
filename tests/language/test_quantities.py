"""Quantities say what values they have, once."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from bayescale.data.schema import COLUMNS, Column, columns_with
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.quantities import ACCURACY, EXPERTS, LOSS, QUANTITIES, Quantity, mixture, quantity_from_dict

TEMPERATURE = Quantity("temperature", "T", "K", "sampling temperature", lower=-1.0, upper=2.0, strict=False)


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda q: q.name)
def test_columns_have_the_bounds_of_their_quantities(quantity):
    column = COLUMNS[quantity.name]
    assert (column.lower, column.upper, column.strict) == (quantity.lower, quantity.upper, quantity.strict)
    assert column.kind == "number"


@pytest.mark.parametrize("quantity", [TEMPERATURE, LOSS, mixture("web")], ids=lambda q: q.name)
def test_a_quantity_comes_back_from_json(quantity):
    assert quantity_from_dict(json.loads(json.dumps(quantity.as_dict(), allow_nan=False))) == quantity


@pytest.mark.parametrize(
    "record",
    [None, {"name": "x"}, LOSS.as_dict() | {"label": 3}, LOSS.as_dict() | {"lower": "0"}, LOSS.as_dict() | {"more": 1}],
    ids=["nothing", "a name", "a number as label", "a text as bound", "more"],
)
def test_a_hostile_record_is_refused(record):
    with pytest.raises(LawError, match=r"^A quantity (is a record of|has texts and numbers as bounds, got) "):
        quantity_from_dict(record)


@pytest.mark.parametrize("name", ["", "two words", "a-b", 3])
def test_the_name_of_a_quantity_is_that_of_a_column(name):
    with pytest.raises(
        LawError, match=r"^A quantity's name is its column's, made of letters, digits and underscores; "
    ):
        Quantity(name, "x", "", "something")


@pytest.mark.parametrize(("lower", "upper"), [(1.0, 1.0), (-math.inf, 1.0), (math.nan, 1.0)])
def test_bounds_that_leave_no_values_are_refused(lower, upper):
    with pytest.raises(LawError, match=r"^The quantity 'x' needs a finite lower bound below its upper bound, got "):
        Quantity("x", "x", "", "something", lower=lower, upper=upper)


def test_further_quantities_come_last_with_their_standard_errors():
    known = columns_with([TEMPERATURE, mixture("web")])
    assert list(known) == [*COLUMNS, "mix_web", "temperature", "temperature_se"]
    assert known["temperature"] == Column("temperature", lower=-1.0, strict=False, upper=2.0)
    assert known["mix_web"].upper == 1.0


@pytest.mark.parametrize(
    "quantity",
    [replace(EXPERTS, lower=0.5), Quantity("family", "f", "", "family"), Quantity("loss_se", "s", "", "error")],
    ids=lambda q: q.name,
)
def test_a_quantity_that_gives_a_column_another_meaning_is_refused(quantity):
    message = f"The quantity {quantity.name!r} has the name of a column that every table may have and is another; "
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}"):
        columns_with([quantity])


def test_a_quantity_that_is_told_otherwise_has_the_same_column():
    assert columns_with([replace(ACCURACY, label="share right")]) == COLUMNS
