"""Parts of results count as they were written, once, and not at all when a byte of them differs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import bayescale as bs
from bayescale.study.chunks import Chunk, chunks_of
from bayescale.study.folder import KINDS, Folder
from bayescale.study.parts import read_record, settle, write_part


@pytest.fixture
def folder(tmp_path) -> Folder:
    made = Folder(tmp_path / "out")
    made.prepare()
    return made


def files_of(folder: Folder, name: str) -> list[Path]:
    return [folder.record(name), *(folder.file(kind, name) for kind in KINDS)]


def test_what_is_written_is_done(folder, tasks, part_of):
    chunk = Chunk(tasks[:3])
    write_part(folder, part_of(chunk))
    assert settle(folder, tasks, ()) == {task.hash for task in tasks[:3]}


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "gone"])
@pytest.mark.parametrize("which", range(4))
def test_a_damaged_part_is_removed_and_made_again(folder, tasks, part_of, which, damage):
    chunk = Chunk(tasks[:3])
    write_part(folder, part_of(chunk))
    file = files_of(folder, chunk.id)[which]
    content = bytearray(file.read_bytes())
    if damage == "gone":
        file.unlink()
    elif damage == "bit":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    assert settle(folder, tasks, ()) == set()
    folder.sweep()
    assert not [path for path in folder.path.rglob("*") if path.is_file()]


def test_of_a_part_that_is_wanted_in_part_the_rest_is_kept(folder, tasks, part_of):
    write_part(folder, part_of(Chunk(tasks[:3])))
    kept = (tasks[0], tasks[2])
    assert settle(folder, kept, ()) == {task.hash for task in kept}
    (name,) = [path.stem for path in (folder.path / "parts").iterdir()]
    assert name == Chunk(kept).id
    assert sorted(path.stem for path in (folder.path / "draws").iterdir()) == [name]
    record = read_record(folder, name)
    assert record is not None and record.tasks == tuple(task.hash for task in kept)
    import xarray as xr

    with xr.open_dataset(folder.file("draws", name), engine="h5netcdf") as draws:
        assert draws["E"].values[:, 0, 0].tolist() == [0.0, 2.0]


def test_fits_that_are_there_twice_count_once(folder, tasks, part_of):
    write_part(folder, part_of(Chunk(tasks[:3])))
    write_part(folder, part_of(Chunk(tasks[1:4])))
    assert settle(folder, tasks, ()) == {task.hash for task in tasks[:4]}
    parts = [read_record(folder, path.stem) for path in (folder.path / "parts").iterdir()]
    found = [h for part in parts for h in part.tasks]
    assert sorted(found) == sorted(task.hash for task in tasks[:4])


def test_only_what_ended_by_no_fault_of_its_table_is_done_again_when_asked(folder, tasks, part_of):
    for task, status in zip(tasks, ("ok", "failed", "timed out", "worker died"), strict=False):
        part = part_of(Chunk((task,)))
        part.summary["status"] = status
        write_part(folder, part)
    assert len(settle(folder, tasks, ())) == 4
    assert settle(folder, tasks, {task.hash for task in tasks}) == {task.hash for task in tasks[:2]}


def test_a_process_that_is_killed_leaves_nothing_that_counts(folder, tasks, part_of):
    """Every moment of writing: before each rename the folder holds what it held, or files without a record."""
    chunk, seen = Chunk(tasks[:3]), []
    real = os.replace

    def stops(source, target):
        seen.append(Path(target).parent.name)
        raise KeyboardInterrupt

    for moment in range(4):
        renames = iter([real] * moment + [stops])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", lambda a, b, renames=renames: next(renames)(a, b))
            with pytest.raises(KeyboardInterrupt):
                write_part(folder, part_of(chunk))
        (folder.path / "draws" / ".unfinished-0123.nc").write_bytes(b"half")  # by kill -9 nothing is cleared away
        assert settle(folder, tasks, ()) == set()
        folder.sweep()
        assert not [path for path in folder.path.rglob("*") if path.is_file()]
    assert seen == ["summary", "estimates", "draws", "parts"]  # the record is the last


def test_a_disk_that_is_full_leaves_no_half_file(folder, tasks, part_of, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(bs.StoreError, match=r"could not be written .*No space left.*what is done is kept"):
        write_part(folder, part_of(Chunk(tasks[:3])))
    assert not [path for path in folder.path.rglob("*") if path.is_file()]


def test_a_record_of_another_name_or_with_other_files_does_not_count(folder, tasks, part_of):
    chunk = chunks_of(tasks, 3)[0]
    write_part(folder, part_of(chunk))
    record = json.loads(folder.record(chunk.id).read_text())
    folder.record("0" * 32).write_text(json.dumps(record))
    assert read_record(folder, "0" * 32) is None
    assert read_record(folder, f"../parts/{chunk.id}") is None
    record["files"]["../draws"] = record["files"]["draws"]
    folder.record(chunk.id).write_text(json.dumps(record))
    assert read_record(folder, chunk.id) is None
