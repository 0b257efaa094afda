"""The folder of a report: whole or not there, and never in place of something else."""

from __future__ import annotations

import json

import pytest

from bayescale.language.errors import StoreError
from bayescale.show.report.files import CARD, SCHEMA, report_folder, write_report

CARD_TEXT = json.dumps({"schema": SCHEMA, "files": ["report.html", "latex/old.tex", "../outside.tex", CARD]})


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="exists and is no report; give a folder that is new or empty"):
        report_folder(tmp_path / "mine")
    (tmp_path / "mine" / CARD).write_text('{"schema": "something/1", "files": []}')
    with pytest.raises(StoreError, match="exists and is no report"):
        report_folder(tmp_path / "mine")


def test_files_and_missing_folders_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is a file; give the name of a folder"):
        report_folder(tmp_path / "file")
    with pytest.raises(StoreError, match=r"There is no folder .* to make report in; make it first"):
        report_folder(tmp_path / "nowhere" / "report")
    with pytest.raises(StoreError, match="out must be the name of a folder, got 3"):
        report_folder(3)


def test_an_older_report_is_replaced_and_what_others_put_there_stays(tmp_path):
    target, outside = tmp_path / "report", tmp_path / "outside.tex"
    outside.write_text("not ours")
    write_report(target, {"report.html": "old", "latex/old.tex": "old", CARD: CARD_TEXT})
    (target / "latex" / "report.log").write_text("of LaTeX")
    write_report(report_folder(target), {"report.html": "new", CARD: CARD_TEXT})
    assert (target / "report.html").read_text() == "new"
    assert not (target / "latex" / "old.tex").exists()
    assert (target / "latex" / "report.log").exists()
    assert outside.read_text() == "not ours"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside.tex", "report"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    write_report(report_folder(tmp_path / "empty"), {"report.html": "new", CARD: CARD_TEXT})
    assert (tmp_path / "empty" / "report.html").exists()


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StoreError, match=r"could not be written to .*No space left on device"):
        write_report(tmp_path / "report", {"report.html": "new"})
    assert list(tmp_path.iterdir()) == []
