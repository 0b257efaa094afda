"""Tables keep the digits that matter and print whatever the names hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bayescale.decisions import allocate
from bayescale.language.errors import SettingsError
from bayescale.laws import Chinchilla
from bayescale.show.tables import escape, format_estimate, format_number, to_latex, to_records, wide_plan

POINT = Chinchilla.published["besiroglu2024chinchilla"]


@pytest.mark.parametrize("width", [0.004, 0.0996, 0.12, 1.0, 37.0, 4.4e3, 9.96e9])
@pytest.mark.parametrize("median", [0.0123, 1.8172, 19.25, 4321.0, 7.2e9, 3e12])
def test_rounding_moves_the_ends_of_an_interval_by_less_than_a_twentieth_of_its_width(median, width):
    ends = median - width / 3, median + 2 * width / 3
    text, interval = format_estimate(median, *ends)
    low, high, power = re.fullmatch(r"\[(.+), (.+)\](e\d+)?", interval).groups()
    shown = [float(low + (power or "")), float(high + (power or "")), float(text)]
    assert np.allclose(shown, [*ends, median], rtol=0, atol=0.0501 * width)


def test_an_interval_over_orders_of_magnitude_keeps_two_digits_of_its_lower_end():
    assert format_estimate(6.267e9, 1.32e7, 3.8174e10) == ("6.3e9", "[1.3e7, 3.8e10]")
    assert format_estimate(31.0, 0.1144, 95.58) == ("31", "[0.11, 96]")


def test_a_point_answer_has_no_interval():
    assert format_estimate(5.998e10, 5.998e10, 5.998e10) == ("6.00e10", "-")


@pytest.mark.parametrize(
    ("value", "plain", "latex"),
    [
        (7.2e9, "7.2e9", r"7.2\times10^{9}"),
        (1e21, "1e21", "10^{21}"),
        (-0.00012, "-1.2e-4", r"-1.2\times10^{-4}"),
        (0.0, "0", "0"),
        (99999.6, "1e5", "10^{5}"),
        (1234.5, "1230", "1230"),
        (float("nan"), "-", r"\mbox{--}"),
        (float("-inf"), "-inf", r"-\infty"),
    ],
)
def test_numbers_print_as_people_write_them(value, plain, latex):
    assert format_number(value) == plain
    assert format_number(value, latex=True) == latex


@pytest.mark.parametrize("digits", [0, 18, 2.5, True])
def test_digits_must_be_a_whole_number(digits):
    with pytest.raises(SettingsError, match="digits must be a whole number from 1 to 17"):
        format_number(1.0, digits=digits)


def test_a_family_name_with_every_special_character_is_safe():
    name = "\\ { } $ & # _ % ~ ^ < > | [ ] * -- --- é αΩμ ∞ \n\t 漢"
    text = escape(name)
    # What is left once escapes and mathematics are taken out holds no character that LaTeX acts on.
    rest = re.sub(r"\\text[a-z]+\{\}|\\[{}$&#_%]|\$[^$]*\$|\{[][*]\}|-\{\}", "", text)
    assert not re.search(r"[\\{}$&#_%^<>|\[\]*]", rest)
    assert "--" not in text
    assert "\n" not in text
    assert "é" in text
    assert r"$\alpha$$\Omega$$\mu$" in text


def test_a_row_never_starts_with_what_the_end_of_the_row_before_would_read():
    table = pd.DataFrame({"group": ["a", "[b]", "*c"], "prob": 0.9, "median": 1.0, "lower": 0.9, "upper": 1.1})
    rows = to_latex(table).splitlines()
    assert not any(row.startswith(("[", "*")) for row in rows)


def test_the_table_of_a_fit_names_its_interval_and_needs_only_booktabs(parameters):
    text = to_latex(parameters, caption="Posterior.", label="tab:posterior")
    assert r"median & 90\% equal-tailed interval \\" in text
    assert r"dense & $E$ & nats/token & $1.817$ & $[1.791,\,1.843]$ \\" in text
    assert r" & $N_{\mathrm{c}}$ & parameters & $7.2\times10^{9}$ & $[6.1,\,8.4]\times10^{9}$ \\" in text
    assert text.count(r"\addlinespace") == 2
    assert text.startswith("\\begin{table}\n\\centering\n\\caption{Posterior.}\n\\label{tab:posterior}\n")
    commands = {"begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "addlinespace"}
    assert set(re.findall(r"\\([a-z]+)", text)) <= commands | {"mathrm", "times", "alpha", "nu"}


def test_every_row_has_as_many_cells_as_the_header(parameters):
    lines = [line for line in to_latex(parameters).splitlines() if line.endswith(r"\\")]
    assert len({len(re.findall(r"(?<!\\)&", line)) for line in lines}) == 1
    assert len(lines) == len(parameters) + 1


def test_a_unit_that_all_rows_share_goes_to_the_header(parameters):
    text = to_latex(parameters[parameters["parameter"] == "E"])
    assert "median (nats/token)" in text
    assert "& unit &" not in text


def test_a_prediction_has_units_in_its_header():
    table = pd.DataFrame({"group": ["a"], "params": [7e10], "tokens": [1.4e12], "kind": ["run"], "prob": [0.955]})
    text = to_latex(table.assign(unit="nats/token", median=1.95, lower=1.9, upper=2.01, extrapolation=12.3))
    assert r"model size (parameters) & training tokens (tokens) & kind & loss (nats/token), median & 95.5\%" in text
    assert r"$7\times10^{10}$ & $1.4\times10^{12}$ & run & $1.95$ & $[1.90,\,2.01]$ & $12$ \\" in text


def test_a_plan_at_published_values_shows_no_interval():
    text = to_latex(allocate(POINT, compute=[1e21]).table())
    assert r"training compute 6ND (FLOP) & quantity & unit &" in text
    assert r"$10^{21}$ & model size & parameters & $2.78\times10^{9}$ & $\mbox{--}$ & none \\" in text


def test_tables_that_cannot_be_printed_are_refused(parameters):
    with pytest.raises(SettingsError, match=r"mixes intervals of several probabilities \(90%, 50%\)"):
        to_latex(pd.concat([parameters, parameters.assign(prob=0.5)]))
    with pytest.raises(SettingsError, match="no rows"):
        to_latex(parameters[:0])
    with pytest.raises(SettingsError, match="needs prob, median, lower, upper"):
        to_latex(pd.DataFrame({"a": [1]}))


def test_records_are_json_without_nan_or_numpy():
    values = {
        "a": [np.float64("nan"), np.inf, 1.5],
        "b": ["x", None, "z"],
        "c": [np.int64(1), 2, 3],
        "d": [True, False, True],
    }
    records = to_records(pd.DataFrame(values))
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert records[0] == {"a": None, "b": "x", "c": 1, "d": True}
    assert records[1]["a"] is None
    assert records[1]["b"] is None


def test_a_wide_plan_has_one_row_per_budget_and_the_same_numbers():
    table = allocate(POINT, compute=[1e21, 1e23, 1e21]).table()
    wide = wide_plan(table)
    assert wide["compute"].tolist().count(1e21) == 2
    assert len(wide) == 3
    long = table[(table["quantity"] == "tokens") & (table["compute"] == 1e23)].iloc[0]
    row = wide[wide["compute"] == 1e23].iloc[0]
    assert (row["tokens"], row["tokens_lower"]) == (long["median"], long["lower"])
    with pytest.raises(SettingsError, match="takes the table of a plan; this one lacks compute"):
        wide_plan(table.drop(columns="compute"))


def test_importing_the_tables_does_not_import_matplotlib():
    code = "import sys, bayescale.show.tables; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
