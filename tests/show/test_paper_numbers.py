"""Numbers for papers: digits follow the Monte-Carlo error, tables in two markups, and macros that LaTeX reads."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import xarray as xr

import bayescale as bs
from bayescale.inference.monte_carlo import monte_carlo_errors
from bayescale.show.numbers import format_estimate, powers
from bayescale.show.tables import to_latex, to_macros, to_markdown

HOSTILE = "a|b\\ <script>alert(1)</script> {$x$} \u202e50%\n& `c` [d](e) ~_*#"


def unit_of_last_digit(text: str) -> float:
    """What one step of the last digit before zeros of a printed number is."""
    mantissa, _, power = text.partition("e")
    digits = mantissa.partition(".")[2]
    return 10.0 ** (int(power or 0) - len(digits))


@pytest.mark.parametrize("error", [1e-4, 0.0011, 0.009, 0.04, 0.3, 2.0])
@pytest.mark.parametrize("median", [0.4321, 4.3217, 43.217])
def test_a_monte_carlo_error_is_at_most_one_unit_of_the_last_digit(median, error):
    text, interval = format_estimate(median, median - 0.2, median + 0.2, errors=(error,) * 3)
    for number in (text, *re.findall(r"[\d.e-]+", interval)):
        single = len(number.replace("0.", "").strip("0.")) <= 1
        assert error <= unit_of_last_digit(number) * (1 + 1e-12) or single, (number, error)


def test_a_small_monte_carlo_error_changes_nothing():
    plain = format_estimate(1.81724, 1.7911, 1.8432)
    assert format_estimate(1.81724, 1.7911, 1.8432, errors=(1e-6, 1e-6, 1e-6)) == plain
    assert format_estimate(1.81724, 1.7911, 1.8432, errors=(math.nan,) * 3) == plain
    assert format_estimate(1.81724, 1.7911, 1.8432, errors=(0.02, 0.04, 0.04)) == ("1.8", "[1.8, 1.8]")


def test_monte_carlo_errors_are_those_of_independent_draws():
    # The sd of a median of n independent normal draws is sqrt(pi / (2 n)), that of a 5 % quantile
    # sqrt(0.05 * 0.95 / n) over the density there, 0.10314. Estimates of it scatter by a few per cent of it.
    draws = xr.DataArray(np.random.default_rng(0).standard_normal((4, 5000, 3)), dims=("chain", "draw", "family"))
    found = monte_carlo_errors(draws, 0.9)
    assert found["median_mcse"] == pytest.approx(math.sqrt(math.pi / 40_000), rel=0.15)
    assert found["lower_mcse"] == pytest.approx(math.sqrt(0.05 * 0.95 / 20_000) / 0.10314, rel=0.2)
    assert np.isnan(monte_carlo_errors(draws.isel(chain=[0], draw=[0]), 0.9)["lower_mcse"]).all()


def test_tables_have_monte_carlo_errors_only_when_asked(fit):
    assert not [name for name in fit.table() if name.endswith("mcse")]
    table = fit.table(mcse=True)
    assert (table[["median_mcse", "lower_mcse", "upper_mcse"]] > 0).all(axis=None)
    made = bs.predict(fit, params=1e9, tokens=2e10, group="Pythia").table(mcse=True)
    plan = bs.allocate(fit, compute=[1e21], group="Pythia").table(mcse=True)
    assert (made["median_mcse"] > 0).all()
    assert (plan["median_mcse"] > 0).all()
    # Two hundred draws do not know the digits that the interval's width alone would print.
    assert to_latex(table) != to_latex(fit.table())
    assert "mcse" not in to_latex(table) + to_markdown(table)


def test_markdown_has_the_cells_of_latex_and_names_its_interval(parameters):
    lines = to_markdown(parameters).splitlines()
    assert lines[0] == "| family | parameter | unit | median | 90% equal-tailed interval |"
    assert lines[1] == "| --- | --- | --- | ---: | ---: |"
    assert lines[2] == "| dense | E | nats/token | 1.817 | [1.791, 1.843] |"
    assert "| sparse | E " in lines[4]
    assert lines[5] == "|  | N_c | parameters | 7.2×10⁹ | [6.1, 8.4]×10⁹ |".replace("_", "\\_")
    assert len(lines) == len(parameters) + 2


def test_a_hostile_name_is_inert_in_markdown(parameters):
    text = to_markdown(parameters.assign(group=HOSTILE))
    assert len(text.splitlines()) == len(parameters) + 2
    assert not re.search(r"(?<!\\)(\\\\)*[`*~#$]|<|\u202e", text)
    row = text.splitlines()[2]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("7.2e9", "7.2×10⁹"),
        ("1e21", "10²¹"),
        ("-1.2e-4", "-1.2×10⁻⁴"),
        ("[6.1, 8.4]e9", "[6.1, 8.4]×10⁹"),
        ("[1.3e7, 1e10]", "[1.3×10⁷, 10¹⁰]"),
        ("0.348", "0.348"),
        ("-", "-"),
    ],
)
def test_powers_of_ten_are_printed_as_people_write_them(plain, shown):
    assert powers(plain) == shown


def test_macros_have_the_numbers_of_the_table(fit):
    text = to_macros({"pile": fit})
    row = fit.table(mcse=True).query("group == 'Pythia' and parameter == 'alpha'").iloc[0]
    errors = row[["median_mcse", "lower_mcse", "upper_mcse"]]
    middle, interval = format_estimate(row["median"], row["lower"], row["upper"], latex=True, errors=errors)
    assert rf"\@namedef{{bayescale@pile.Pythia.alpha}}{{\ensuremath{{{middle}}}}}" in text
    assert rf"\@namedef{{bayescale@pile.Pythia.alpha.interval}}{{\ensuremath{{{interval}}}}}" in text
    assert r"bayescale@pile.Pythia.E.unit}{nats/token}" in text
    assert r"(90\% interval \ensuremath" in text
    keys = re.findall(r"bayescale@([^}#]+)\}", text)
    assert len(keys) == len(set(keys)) == 4 * len(fit.table())
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", key) for key in keys)


def test_families_whose_names_look_alike_have_keys_of_their_own():
    from bayescale.show.macros import _keys

    assert list(_keys(["a b", "a-b", "{a}/b", "%"]).values()) == ["a-b", "a-b-2", "a-b-3", "unnamed"]


def test_macros_of_what_is_no_fit_are_refused():
    with pytest.raises(bs.SettingsError, match="to_macros takes a fit, or several by name, got list"):
        to_macros([1])
