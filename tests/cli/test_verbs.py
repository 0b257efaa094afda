"""Every verb on a fit, in every format, with its exit code."""

from __future__ import annotations

import io
import math

import pandas as pd
import pytest

PREDICT = ("--params", "3.3e9", "--tokens", "5e10", "--group", "starcoder")


def test_fit_says_what_was_fitted_what_the_checks_say_and_what_comes_next(fit_output):
    path, result = fit_output
    assert path.is_file()
    assert "Fitted chinchilla to 50 runs in 2 families, from runs.csv" in result.out
    assert "2 chains x 100 draws" in result.out
    assert "ess-bulk fails" in result.out
    assert f"bayescale predict {path} --params 7e10 --tokens 1.4e12 --group starcoder" in result.out
    # Lines and no progress bar where there is no terminal.
    assert all(line.startswith("sampling, attempt ") for line in result.err.splitlines())
    assert result.err.startswith("sampling, attempt 1: 2 chains of 200 draws, warm-up included")


def test_a_failing_check_exits_1_and_still_prints_table_and_advice(bayescale, fit_nc):
    result = bayescale("check", fit_nc, fit_nc.parent / "fit.nc")
    assert result.code == 1
    assert "r-hat" in result.out
    assert "Sample more" in result.out


def test_checks_that_pass_exit_0(bayescale, fit_nc, passing):
    result = bayescale("check", fit_nc)
    assert result.code == 0
    assert "all 10 checks pass" in result.out


def test_check_as_json_names_the_file_of_every_record(bayescale, fit_nc):
    result = bayescale("check", fit_nc, "--format", "json")
    assert result.code == 1
    assert {"file", "name", "status", "value", "threshold", "advice"} == set(result.records[0])
    assert result.records[0]["file"] == str(fit_nc)


def test_an_unreadable_file_exits_2_and_the_others_are_still_checked(bayescale, fit_nc, tmp_path):
    result = bayescale("check", tmp_path / "none.nc", fit_nc)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert "ess-bulk" in result.out


@pytest.mark.parametrize("verb", ["summary", "predict", "allocate"])
def test_only_check_measures_the_checks_again(bayescale, fit_nc, monkeypatch, verb):
    from bayescale.inference import diagnose

    def no(fit):
        raise AssertionError("measured again")

    monkeypatch.setattr(diagnose, "diagnose", no)
    more = {"summary": (), "predict": PREDICT, "allocate": ("--compute", "1e21")}[verb]
    result = bayescale(verb, fit_nc, *more)
    assert result.code == 0, result.err
    assert "note: the fit does not pass its checks" in result.err
    assert bayescale("check", fit_nc).code == 3


def test_the_table_of_a_plan_names_the_cost_that_the_plan_was_made_with(capsys):
    import bayescale as bs
    from bayescale.cli.allocate import show

    class Serving(bs.costs.SixND):
        """The same under another name."""

    show(bs.allocate(bs.laws.Chinchilla(1.8, 400.0, 400.0, 0.34, 0.28), compute=1e21, cost=Serving()).table())
    assert "Compute-optimal plan (C = Serving) for chinchilla" in capsys.readouterr().out


def test_the_only_family_heads_its_parameters(capsys):
    from bayescale.cli.summary import show

    table = pd.DataFrame({"group": "dense", "parameter": ["E", "sigma"], "meaning": "m", "unit": "", "prob": 0.9})
    show(table.assign(median=1.0, lower=0.9, upper=1.1))
    assert capsys.readouterr().out.startswith("Parameters of dense, median and 90% equal-tailed interval\n")


@pytest.mark.parametrize("verb", ["summary", "predict", "allocate"])
@pytest.mark.parametrize("form", ["table", "csv", "json", "latex", "markdown"])
def test_every_format_of_every_verb(bayescale, fit_nc, verb, form):
    more = {"summary": (), "predict": PREDICT, "allocate": ("--compute", "1e21", "1e23")}[verb]
    result = bayescale(verb, fit_nc, *more, "--format", form)
    assert result.code == 0, result.err
    assert "note: the fit does not pass its checks" in result.err
    assert "note: " not in result.out.replace('"note": ', "")
    if form == "json":
        assert {"group", "prob", "median", "lower", "upper"} <= set(result.records[0])
    elif form == "csv":
        table = pd.read_csv(io.StringIO(result.out), keep_default_na=False)
        assert {"group", "prob", "median", "lower", "upper"} <= set(table)
        assert "\r" not in result.out
    elif form == "latex":
        assert r"\toprule" in result.out
    elif form == "markdown":
        assert "| ---: | ---: |" in result.out
        assert "mcse" not in result.out
    else:
        assert "90% " in result.out


def test_predictions_are_records_of_the_documented_keys(bayescale, fit_nc):
    result = bayescale("predict", fit_nc, *PREDICT, "--prob", "0.9", "--kind", "run", "--format", "json")
    (record,) = result.records
    assert {"group", "params", "tokens", "kind", "prob", "median", "lower", "upper"} <= set(record)
    assert (record["group"], record["kind"], record["prob"]) == ("starcoder", "run", 0.9)
    assert (record["params"], record["tokens"]) == (3.3e9, 5e10)
    assert record["lower"] < record["median"] < record["upper"]


def test_csv_and_json_hold_the_same_numbers_in_full(bayescale, fit_nc):
    csv = bayescale("predict", fit_nc, *PREDICT, "--format", "csv").out
    records = bayescale("predict", fit_nc, *PREDICT, "--format", "json").records
    texts = pd.read_csv(io.StringIO(csv), dtype=str)["median"]
    assert [float(text) for text in texts] == [record["median"] for record in records]


@pytest.mark.parametrize(
    "compute",
    [
        ("--compute", "1e21", "1e23"),
        ("--compute", "1e21", "--compute", "1e23"),
        ("--compute=1e21", "1e23"),
    ],
)
def test_several_budgets_after_one_option(bayescale, fit_nc, compute):
    for words in ((fit_nc, *compute), (*compute, fit_nc)):
        result = bayescale("allocate", *words, "--group", "starcoder", "--format", "json")
        assert result.code == 0, result.err
        assert [record["compute"] for record in result.records[::4]] == [1e21, 1e23]
        quantities = [record["quantity"] for record in result.records[:4]]
        assert quantities == ["params", "tokens", "tokens_per_param", "loss"]
        assert {"group", "compute", "quantity", "prob", "median", "lower", "upper"} <= set(result.records[0])


SHAPE = ("--shape", "aspect=60", "vocabulary=50000", "context=2048")


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ((), "6ND"),
        (("--serve", "1e12"), "6ND + inference"),
        (("--compute-error", "0.1"), "6ND, sd 0.1"),
        (("--cost", "kaplan", *SHAPE), "Kaplan forward"),
        (("--cost", "deepseek", *SHAPE), "M D"),
        (("--cost", "hoffmann", *SHAPE, "ffw_ratio=3"), "Hoffmann F"),
        (("--cost", "hoffmann-vocabulary", *SHAPE, "--serve", "1e12"), "Hoffmann F with vocabulary + inference"),
        (("--cost", "active", *SHAPE, "experts=8", "experts_per_token=2"), "6ND, active"),
    ],
)
def test_budgets_are_counted_as_asked(bayescale, fit_nc, words, counts):
    result = bayescale("allocate", fit_nc, "--compute", "1e21", *words, "--group", "starcoder", "--format", "json")
    assert result.code == 0, result.err
    assert {record["cost"] for record in result.records} == {counts}


def test_several_points_after_one_option(bayescale, fit_nc):
    result = bayescale("predict", fit_nc, "--params", "1e9", "2e9", "--tokens", "2e10", "--format", "json")
    assert [record["params"] for record in result.records] == [1e9, 2e9]
    assert result.records[0]["group"] == "(new family)"


def test_compute_beyond_the_data_is_noted_with_its_factor_and_how_intervals_held(bayescale, fit_nc, passing):
    inside = bayescale("allocate", fit_nc, "--compute", "1e20", "--group", "starcoder")
    beyond = bayescale("allocate", fit_nc, "--compute", "1e22", "--group", "starcoder")
    assert "Extrapolated" not in inside.out + inside.err
    assert "Extrapolated 11.1x in compute; 90 % intervals covered" in " ".join(beyond.out.split())
    # What a program reads stays a table: rows have their notes in a column, and people the note on the other stream.
    table = bayescale("allocate", fit_nc, "--compute", "1e22", "--group", "starcoder", "--format", "csv")
    notes = pd.read_csv(io.StringIO(table.out))["note"]
    assert notes.str.contains("xtrapolated 11.1x in compute; 90 % intervals covered", regex=False).all()
    assert "xtrapolated 11.1x in compute; 90 % intervals covered" in " ".join(table.err.split())


def test_a_wider_probability_gives_wider_intervals(bayescale, fit_nc):
    narrow, wide = (
        bayescale("summary", fit_nc, "--prob", prob, "--format", "json").records[0] for prob in ("0.5", "0.95")
    )
    assert wide["lower"] < narrow["lower"] < narrow["upper"] < wide["upper"]


@pytest.mark.parametrize("columns", ["80", "120"])
def test_tables_fit_the_width_they_are_given(bayescale, fit_nc, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for words in (
        ("summary", fit_nc),
        ("allocate", fit_nc, "--compute", "1e21"),
        ("check", fit_nc),
        ("laws", "chinchilla"),
    ):
        out = bayescale(*words).out
        tables = [line for line in out.splitlines() if line.startswith("  ") and " = {" not in line]
        assert max(map(len, tables)) <= int(columns)


def test_laws_as_json_have_the_documented_keys(bayescale):
    result = bayescale("laws", "--format", "json")
    by_name = {record["name"]: record for record in result.records}
    assert {"name", "inputs", "response", "cites"} <= set(by_name["chinchilla"])
    assert by_name["chinchilla"]["inputs"] == ["params", "tokens"]


def flat(text: str) -> str:
    """The words, wherever the lines break."""
    return " ".join(text.split())


def test_every_law_is_described_with_formula_priors_and_references(bayescale):
    from bayescale.language.latex import plain_symbol
    from bayescale.laws import CATALOGUE

    listed = bayescale("laws").out
    for law in CATALOGUE:
        assert f"{law.name}: " in listed
        out = bayescale("laws", law.name).out
        assert f"  {plain_symbol(law.response.symbol)}(" in out
        assert flat(law.unidentified) in flat(out)
        assert all(f"  {p.name} " in out for p in law.parameters)
        assert all(f"{{{key}," in out for key in law.cites)
    assert "Priors hold at the anchors; fits print the form with anchors at 1." in flat(
        bayescale("laws", "chinchilla").out
    )
    assert "fits print the parameters at these anchors." in flat(bayescale("laws", "kaplan-nd").out)
    assert "x0 of x (in the formula D₀ of D). Priors" in flat(bayescale("laws", "bnsl-2").out)
    assert r"\frac" in bayescale("laws", "kaplan-nd", "--latex").out
    assert bayescale("laws", "--format", "csv").out.startswith("name,summary,inputs,response,")


def test_what_is_not_finite_is_null_in_json(bayescale, capsys):
    from bayescale.cli.output import emit

    emit(pd.DataFrame({"median": [math.nan, math.inf, 1.0]}), "json", print)
    assert "NaN" not in (out := capsys.readouterr().out)
    assert out.count("null") == 2


def test_a_family_named_like_markup_is_printed_as_it_is(capsys):
    from bayescale.cli.output import print_table

    print_table(("family",), [("[bold]x[/bold]",), (":smile:",)])
    assert "[bold]x[/bold]" in (out := capsys.readouterr().out)
    assert ":smile:" in out


OWN_LAW = '''
from jax import Array
from bayescale.language.declare import parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Law


class Flat(Law):
    """A floor and nothing else."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + 0.0 * (N + D)
'''


def test_a_law_whose_source_changed_is_used_only_when_told_so(bayescale, runs_csv, tmp_path):
    source, path = tmp_path / "own.py", tmp_path / "own.nc"
    source.write_text(OWN_LAW)
    law = ("--law", f"{source}:Flat")
    few = ("--chains", 2, "--warmup", 50, "--draws", 50)
    assert bayescale("fit", runs_csv, *law, "--pooling", "complete", *few, "--out", path).code == 0
    source.write_text(OWN_LAW.replace("nothing else", "nothing more"))  # words, not the formula
    assert bayescale("summary", path, *law).code == 0
    source.write_text(OWN_LAW.replace("0.0 *", "1e-99 *"))
    refused = bayescale("summary", path, *law)
    assert refused.code == 2
    assert "another version of the law 'flat'" in refused.err
    assert "--allow-changed-law" in refused.err
    assert bayescale("summary", path, *law, "--allow-changed-law").code == 0
