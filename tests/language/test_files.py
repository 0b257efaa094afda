"""Files appear whole or not at all, and nothing is left behind."""

from __future__ import annotations

import os

import pytest

from bayescale.language.files import brief, sweep, whole_file


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_when_writing_fails(error, tmp_path):
    place = tmp_path / "note.txt"
    place.write_text("before")

    def write() -> None:
        with whole_file(place) as unfinished:
            unfinished.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"note.txt": "before"}


def test_the_content_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), sync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("rename"), replace(*names))[1])
    with whole_file(tmp_path / "note.txt") as unfinished:
        unfinished.write_text("all")
    assert done == ["sync", "rename", "sync"]
    assert (tmp_path / "note.txt").read_text() == "all"


def test_the_longest_name_of_a_file_can_be_written(tmp_path):
    with whole_file(tmp_path / ("n" * 251 + ".txt")) as unfinished:
        unfinished.write_text("all")
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_left_of_a_file_is_swept_and_nothing_else(tmp_path):
    place, other = tmp_path / "one.txt", tmp_path / "other.txt"
    context, others = whole_file(place), whole_file(other)
    context.__enter__().write_text("half")
    kept = others.__enter__()
    kept.write_text("half")
    sweep(place)
    assert list(tmp_path.iterdir()) == [kept]


def test_a_long_message_of_others_is_cut():
    assert brief(ValueError("a\n b")) == "a b"
    assert brief(ValueError()) == "ValueError"
    assert len(brief(ValueError("x" * 300))) == 200
