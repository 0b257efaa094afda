"""What a report says, and what it refuses."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import bayescale as bs
from bayescale.laws.references import bibliography

SECTIONS = (
    "summary", "data", "model", "checks", "parameters", "fit", "predictions", "plan", "extrapolation", "comparison",
    "provenance", "references",
)  # fmt: skip


def text_of(report) -> str:
    """The page without its elements."""
    page = re.sub(r"<(style|svg).*?</\1>", " ", report.html.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def contents(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_report_has_every_section(plain_report):
    page = plain_report.html.read_text("utf-8")
    assert re.findall(r'<h2 id="([a-z]+)"', page) == list(SECTIONS)
    assert "The fit passes all 9 checks" in text_of(plain_report)


def test_what_was_not_asked_is_left_out_with_its_reason(plain_report):
    text = text_of(plain_report)
    assert "Left out: no run was asked for; params=... and tokens=..." in text
    assert "Left out: no budget was asked for; compute=..." in text
    assert "a comparison of laws needs several fits" in text
    assert "a backtest on these runs, since none was given" in text


def test_failed_checks_and_extrapolation_stand_on_top_in_plain_words(hostile_report):
    text = text_of(hostile_report)
    start = text[: text.index("Rows are")]
    assert re.search(r"fails \d of 10 checks \(r-hat, ess-bulk", start)
    assert "no number below is to be relied on" in start
    assert re.search(r"Some answers lie [\d.]+ times beyond the largest training compute of the data", start)
    assert "intervals covered" in start


def test_the_same_fit_gives_the_same_files(plain_fit, plain_report, tmp_path):
    again = bs.report(plain_fit, out=tmp_path / "again")
    assert contents(again.folder) == contents(plain_report.folder)


def test_numbers_are_those_of_the_table_with_the_digits_of_the_monte_carlo_error(plain_fit, plain_report):
    row = plain_fit.table(mcse=True).set_index("parameter").loc["alpha"]
    errors = row[["median_mcse", "lower_mcse", "upper_mcse"]]
    middle, interval = bs.tables.format_estimate(row["median"], row["lower"], row["upper"], errors=errors)
    assert f"α – {middle} {interval} size exponent" in text_of(plain_report)
    table = (plain_report.latex / "tables" / "parameters.tex").read_text("utf-8")
    assert rf"$\alpha$ & -- & ${middle}$" in table


def test_only_what_was_used_is_cited(plain_fit, plain_report, hostile_report):
    bib = (plain_report.latex / "references.bib").read_text("utf-8")
    keys = set(re.findall(r"@\w+\{([^,]+),", bib))
    assert keys == set(bs.cite(plain_fit).keys) == {row["key"] for row in plain_report.card["citations"]}
    assert {"hoffmann2022training", "hastings1970monte", "bayescale"} <= keys
    # Neither NUTS nor a discrepancy was used, nor a data set of the registry in full.
    assert not {"hoffman2014nuts", "phan2019composable", "plummer2015cuts", "dey2023cerebras"} & keys
    more = {row["key"] for row in hostile_report.card["citations"]}
    assert {"hoffman2014nuts", "phan2019composable", "plummer2015cuts", "kennedy2001bayesian"} <= more
    assert "hastings1970monte" not in more
    cited = set(
        re.findall(
            r"[a-z0-9]+", " ".join(re.findall(r"\\cite\{([^}]+)\}", (plain_report.latex / "methods.tex").read_text()))
        )
    )
    assert cited <= keys
    assert cited - {"bayescale"} <= set(bibliography())


def test_the_data_set_of_the_registry_is_cited(pile_fit):
    assert bs.datasets.describe("pile-families").citation_key in bs.cite(pile_fit).keys


def test_cite_refuses_what_is_no_answer():
    words = r"cite takes what has fits or is asked of them \(Fit, .*Chain, .*\), got str; write bs.cite\(fit\)"
    with pytest.raises(bs.SettingsError, match=words):
        bs.cite("chinchilla")
    with pytest.raises(bs.SettingsError, match="got nothing"):
        bs.cite()


def test_several_fits_are_compared(plain_fit, tmp_path):
    other = bs.fit("chinchilla-tied", plain_fit.runs, pooling="complete", seed=0, progress=False)
    made = bs.report([plain_fit, other], out=tmp_path / "two", params=1e10, tokens=3e11)
    scores = made.card["comparison"]["scores"]
    assert scores[0]["difference"] == 0
    assert {row["fit"] for row in scores} == {"chinchilla", "chinchilla-tied"}
    text = text_of(made)
    assert "The same runs as chinchilla." in text
    assert "Laws by leave-one-out, the best first." in text
    assert {row["fit"] for row in made.card["predictions"]} == {"chinchilla", "chinchilla-tied"}
    assert (made.latex / "tables" / "parameters-chinchilla-tied.tex").exists()
    assert "vehtari2017practical" in (made.latex / "references.bib").read_text("utf-8")


def test_fits_of_other_runs_are_not_scored_against_each_other(plain_fit, tmp_path):
    few = bs.fit("chinchilla", plain_fit.runs.select("Pythia"), seed=0, progress=False)
    made = bs.report({"both": plain_fit, "Pythia alone": few}, out=tmp_path / "two")
    assert made.card["comparison"]["scores"] == []
    assert "scores of the fits, which are of different runs" in text_of(made)


def test_a_law_of_accuracy_has_what_it_can_have(tmp_path):
    law = bs.laws.DownstreamAccuracy
    truth = law(ceiling=0.9, k=4.0, half=2.6, L0=1.0)
    loss = np.linspace(2.0, 3.0, 15)
    accuracy = np.asarray(truth.at(loss=loss, chance=0.25)) * np.exp(0.01 * np.cos(7 * np.arange(15)))
    table = pd.DataFrame({"loss": loss, "chance": 0.25, "accuracy": accuracy})
    fit = bs.fit(law, bs.read_runs(table, law=law), seed=0, progress=False)
    made = bs.report(fit, out=tmp_path / "accuracy", loss=2.2, chance=0.25)
    text = text_of(made)
    assert "Left out: loss against compute. This figure shows losses by compute" in text
    assert "Every run against its own posterior predictive 90% interval" in text
    assert "No coverage beyond the data is known for these fits" in text
    assert made.card["predictions"][0]["response"] == "accuracy"


def test_only_verdicts_are_coloured_whatever_a_cell_says(hostile_fit):
    from bayescale.show.cells import words
    from bayescale.show.grid import grid
    from bayescale.show.report.blocks import Section, Table
    from bayescale.show.report.html import html
    from bayescale.show.report.sections.checks import table

    named = grid(["family"], [[words(text)] for text in ("passes", "warns", "FAILS")])

    def page(cells):
        return html("", [Section("checks", "Checks", (Table("checks", "", cells),))], [], "")

    assert page(named).count('<td class="left"><bdi>') == 3
    made = page(table(hostile_fit))
    for status, word in (("pass", "passes"), ("warn", "warns"), ("fail", "FAILS")):
        count = sum(check.status == status for check in hostile_fit.checks.checks)
        assert made.count(f'<td class="left {status}"><bdi>{word}</bdi>') == count


def test_questions_that_no_fit_can_answer_are_refused(plain_fit, tmp_path):
    with pytest.raises(bs.SettingsError, match="No fit has the family 'GPT-9'; there are Cerebras-GPT, Pythia"):
        bs.report(plain_fit, out=tmp_path / "report", group="GPT-9")
    with pytest.raises(bs.SettingsError, match="params must be positive"):
        bs.report(plain_fit, out=tmp_path / "report", params=-1, tokens=1e9)
    with pytest.raises(bs.SettingsError, match="report takes a fit, several, or a mapping of names to fits, got int"):
        bs.report(3, out=tmp_path / "report")
    with pytest.raises(bs.SettingsError, match=r"A fit's name must be text"):
        bs.report({"": plain_fit}, out=tmp_path / "report")
    with pytest.raises(bs.SettingsError, match="title must be text of at most 200 characters"):
        bs.report(plain_fit, out=tmp_path / "report", title=" \n ")
    assert not (tmp_path / "report").exists()


def test_the_card_answers_the_checklist(plain_fit, plain_report, tmp_path):
    items = {row["item"]: row["answer"] for row in plain_report.card["fits"][0]["checklist"]}
    unknown = {item for item, answer in items.items() if answer is None}
    assert unknown == {"training.architecture", "training.data", "training.optimiser", "evaluation.set"}
    assert items["law.form"] == "L(N, D) = E + A·(N/N₀)^-α + B·(D/D₀)^-β"
    assert items["data.runs"] == "15 rows in 2 families, from pile_families.csv"
    assert items["convention.compute"] == plain_fit.runs.compute_convention
    assert json.loads((plain_report.folder / "card.json").read_text()) == plain_report.card
    told = bs.report(plain_fit, out=tmp_path / "told", answers={"training.architecture": "GPT"})
    assert told.card["fits"][0]["checklist"][0]["answer"] == "GPT"
    with pytest.raises(bs.SettingsError, match=r"The card has no item 'colour'; it has training.architecture"):
        bs.report(plain_fit, out=tmp_path / "other", answers={"colour": "red"})


def test_the_command_of_the_report_makes_the_fit_again(plain_report, plain_fit, tmp_path, monkeypatch):
    from bayescale.cli import main

    monkeypatch.chdir(tmp_path)
    plain_fit.runs.to_frame().to_csv("pile_families.csv", index=False)
    command = plain_report.card["fits"][0]["commands"][-1].split()
    assert command[:3] == ["bayescale", "fit", "pile_families.csv"]
    with pytest.raises(SystemExit) as stop:
        main(command[1:])
    assert not stop.value.code
    again = bs.load("chinchilla.nc")
    assert (again.posterior["alpha"] == plain_fit.posterior["alpha"]).all()


@pytest.mark.filterwarnings("ignore::bayescale.DataWarning")
def test_methods_and_card_say_all_that_the_likelihood_has(tmp_path):
    """Residuals along runs, effects, and the law's own error; and rows that are checkpoints are called so."""
    design = [(n, d) for n in (1e8, 3e8, 1e9, 3e9) for d in (2e9, 4e9, 8e9, 1.6e10)]
    table = pd.DataFrame(design, columns=["params", "tokens"])
    rng = np.random.default_rng(0)
    curve = 1.7 + 400 * table["params"] ** -0.34 + 400 * table["tokens"] ** -0.28
    table = table.assign(run=table["params"].astype(str), loss=curve * np.exp(0.005 * rng.standard_normal(16)))
    short = {"chains": 2, "warmup": 50, "draws": 50, "seed": 0, "engine": "nuts", "progress": False}
    fit = bs.fit("chinchilla", bs.read_runs(table), residuals="ou", effects="run", model_error=0.04, **short)
    made = bs.report(fit, out=tmp_path / "report")
    methods = " ".join((made.latex / "methods.tex").read_text("utf-8").split())
    assert "to 16 checkpoints of 4 runs" in methods
    assert "Residuals along a run follow each other (ou)." in methods
    assert "Observations of one run share a random effect." in methods
    assert "The law has an error of its own, 0.04 on that scale a decade below the largest run." in methods
    items = {row["item"]: row["answer"] for row in made.card["fits"][0]["checklist"]}
    for words in ("residuals along runs: ou", "random effects of run", "the law's own error 0.04"):
        assert words in items["fitting.objective"]
    assert "was fitted to 16 checkpoints of 4 runs" in text_of(made)
