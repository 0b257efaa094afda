"""The commands of a report make the fit again, and say what they lack where they cannot."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

import bayescale as bs
from bayescale.cli import main
from bayescale.models import Pooling, RunEffects
from bayescale.show.report.fit_command import fit_commands, not_on_the_command_line
from bayescale.show.report.report_command import not_in_the_report_command, report_command
from bayescale.show.report.subject import Subject

BYTES = 4.123456789012345


@pytest.fixture(scope="module")
def renamed(plain_fit, tmp_path_factory):
    """A file of losses in bits per byte, with columns of other names, and how it is read."""
    table = plain_fit.runs.to_frame()[["params", "tokens", "loss"]]
    table["loss"] /= np.log(2) * BYTES
    path = tmp_path_factory.mktemp("renamed") / "mine.csv"
    table.rename(columns={"params": "model size", "loss": "bpb"}).to_csv(path, index=False)
    return path, {"columns": {"params": "model size", "loss": "bpb"}, "loss_unit": "bits/byte"}


def run_again(fit, folder, monkeypatch):
    """The fit that the commands of a fit make."""
    monkeypatch.chdir(folder)
    for command in fit_commands(fit, "again"):
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(command)[1:])
        assert not stop.value.code
    return bs.load("again.nc")


def test_a_table_of_other_names_and_units_is_fitted_again(renamed, monkeypatch):
    path, how = renamed
    fit = bs.fit("chinchilla", bs.read_runs(path, **how, bytes_per_token=BYTES), seed=0, progress=False)
    fit.save(path.parent / "fit.nc")
    back = bs.load(path.parent / "fit.nc")
    assert (back.runs.bytes_per_token, back.runs.renamed) == (BYTES, how["columns"])
    assert not_on_the_command_line(back) == ""
    again = run_again(back, path.parent, monkeypatch)
    assert again.runs.sha256 == fit.runs.sha256
    assert (again.posterior["alpha"] == fit.posterior["alpha"]).all()


def test_a_data_set_is_written_in_canonical_columns_and_units(pile_fit):
    runs = replace(pile_fit.runs, source="mine.csv", source_loss_unit="bits/token", renamed={"loss": "bits"})
    asked = "Cerebras-GPT"  # one family, so that the fit is quick
    few = bs.fit("chinchilla", replace(runs, source="data set pile-families").select(asked), progress=False)
    assert "only 7 rows of the data set were fitted, which needs Python" in not_on_the_command_line(few)
    commands = fit_commands(replace(pile_fit, runs=runs), "again")
    assert commands[0] == "bayescale datasets pile-families --out pile-families.csv"
    assert "--loss-unit" not in commands[1]
    assert "--columns" not in commands[1]


def test_public_priors_are_named(plain_fit, tmp_path, monkeypatch):
    plain_fit.runs.to_frame().to_csv(tmp_path / "pile_families.csv", index=False)
    priors = bs.priors.public("chinchilla", modality="any")
    fit = bs.fit("chinchilla", plain_fit.runs, priors=priors, pooling="complete", seed=0, progress=False)
    assert not_on_the_command_line(fit) == ""
    assert "--public-priors any" in fit_commands(fit, "again")[0]
    again = run_again(fit, tmp_path, monkeypatch)
    assert (again.posterior["alpha"] == fit.posterior["alpha"]).all()


def changed(fit, **parts):
    return replace(fit, runs=replace(fit.runs, **parts))


def of_model(fit, **parts):
    return replace(fit, model=replace(fit.model, **parts))


def test_a_column_that_was_left_out_is_left_out_again(plain_fit, tmp_path, monkeypatch):
    table = plain_fit.runs.to_frame()
    table["compute"] *= 2.0
    table.to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    runs = bs.read_runs("runs.csv", columns={"compute": None})
    fit = replace(plain_fit, runs=runs)
    assert not_on_the_command_line(fit) == ""
    assert "--columns compute= " in f"{fit_commands(fit, 'again')[0]} "


LOST = {
    "a DataFrame": (lambda fit: changed(fit, source="DataFrame"), "the runs were a DataFrame, to be written to runs"),
    "a file of before the names": (lambda fit: changed(fit, renamed=None), "before the names of the table's columns"),
    "a file of before the bytes": (
        lambda fit: changed(fit, source_loss_unit="bits/byte"),
        "before the bytes per token were kept",
    ),
    "priors of one's own": (
        lambda fit: of_model(fit, priors=(("nu", bs.HalfNormal(1.0)),)),
        "priors of nu were replaced, which needs Python",
    ),
    "a prior of effects": (
        lambda fit: of_model(fit, effects=RunEffects("run", bs.HalfNormal(0.5))),
        "the prior of the random effects was replaced",
    ),
    "correlations": (
        lambda fit: of_model(fit, pooling=Pooling("partial", correlated=True)),
        "parameters of families are correlated, which needs Python",
    ),
}


@pytest.mark.parametrize("kind", LOST)
def test_what_the_command_line_cannot_say_is_said(kind, plain_fit):
    change, words = LOST[kind]
    assert not_on_the_command_line(plain_fit) == ""
    assert words in not_on_the_command_line(change(plain_fit))


def test_early_checkpoints_that_were_dropped_are_said(plain_fit):
    from bayescale.data.checkpoints import DROPPED
    from bayescale.language.errors import DataWarning

    fit = changed(plain_fit, warnings=(DataWarning(DROPPED, "some"),))
    assert "early checkpoints were dropped, which needs Python" in not_on_the_command_line(fit)


def test_what_the_command_of_a_report_lacks_is_said(plain_fit):
    plain = Subject({"chinchilla": plain_fit})
    assert not_in_the_report_command(plain) == ""
    drifting = bs.Discrepancy.brownian(0.02, drift=-0.01)
    assert "the discrepancy is one of your own" in not_in_the_report_command(replace(plain, discrepancy=drifting))
    assert "--discrepancy" not in report_command(replace(plain, discrepancy=drifting))
    assert "--discrepancy none" in report_command(replace(plain, discrepancy=None))
    assert "the backtest needs Python" in not_in_the_report_command(replace(plain, backtest=object()))
    assert "calls the fit Our law as its file, our-law" in not_in_the_report_command(Subject({"Our law": plain_fit}))
