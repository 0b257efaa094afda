"""Studies and folders of results of somebody else: nothing outside is read or written, nothing of others is removed."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayescale as bs
from bayescale.inference.store.hdf5 import check_closed
from bayescale.show.report.files import write_report
from bayescale.study.files import write_sealed
from bayescale.study.folder import Folder
from bayescale.study.keys import Keys
from bayescale.study.run import plan
from bayescale.study.study import Outputs, outputs_of

GOOD = b'[tables.made]\ndataset = "pile-families"\n[outputs]\nsummary = "s.csv"\n'
RUNS = "params,tokens,loss\n1e8,2e9,3.1\n3e8,2e9,2.9\n3e8,8e9,2.7\n"


def refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(bs.SettingsError, match=message) as caught:
        bs.Study.read(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = " + b"[" * 100_000, "values inside of values too deep"),
        (b"seeds = [" + b"9" * 5000 + b"]", "cannot be read"),
        (b"model_error = 0x" + b"f" * 5000, "a whole number of 20,000 bits, where TOML has up to 64"),
        (b"part = 0x1" + b"0" * 16, "a whole number of 65 bits"),
        (b".".join([b"a"] * 5000) + b" = 1", "a key with more than 50 dots"),
        (b" . ".join([b'"a b"'] * 5000) + b" = 1", "a key with more than 50 dots"),
        (b"#" * (2 << 20), "has more than 1,048,576 bytes"),
        (b"a = '\xff'", "is no TOML file"),
    ],
)
def test_toml_that_readers_choke_on_is_refused(tmp_path, content, message):
    refused(tmp_path / "study.toml", content, message)


@given(place=st.integers(0, len(GOOD)), deleted=st.integers(0, 9), put=st.text(max_size=12))
def test_a_study_that_was_spoilt(place, deleted, put):
    content = (GOOD[:place] + put.encode() + GOOD[place + deleted :]).decode("utf-8", "replace")
    with contextlib.suppress(bs.BayescaleError, tomllib.TOMLDecodeError):
        bs.Study.of(tomllib.loads(content))


@given(
    name=st.one_of(
        st.text(), st.sampled_from(("../x.csv", "/x.csv", "a/b.csv", "x.csv\n", ".csv", "x.exe", "C:\\x.csv"))
    )
)
def test_names_of_outputs_stay_in_the_folder(name):
    try:
        made = outputs_of(Keys({"summary": name}, "[outputs]"))
    except bs.SettingsError:
        return
    assert isinstance(made, Outputs)
    assert Path(made.summary).name == made.summary
    assert made.summary.isascii() and made.summary.isprintable()


def test_circles_of_links_are_not_walked(tmp_path):
    (tmp_path / "t.csv").write_text(RUNS)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "t.csv").write_text(RUNS)
    for name in "abcd":
        (tmp_path / name).symlink_to(".")
    for pattern in ("**/*.csv", f"{tmp_path}/**/*.csv"):
        tasks = plan(bs.Study.of({"tables": {"made": {"files": pattern}}}, folder=tmp_path)).tasks
        assert [Path(task.table).name for task in tasks] == ["t.csv"]


@pytest.mark.parametrize("pattern", ["**/a**b", "**/\0*.csv", "*\0.csv"])
def test_patterns_that_are_none_are_refused(tmp_path, pattern):
    with pytest.raises(bs.SettingsError, match=r"has no pattern of files|matches no file"):
        plan(bs.Study.of({"tables": {"made": {"files": pattern}}}, folder=tmp_path))


def test_what_is_not_of_a_study_is_not_removed(tmp_path):
    folder = Folder(tmp_path)
    folder.prepare()
    mine = [tmp_path / "summary" / "thesis.docx", tmp_path / "parts" / "notes.json", tmp_path / "draws" / "a.nc"]
    for path in mine:
        path.write_text("mine")
    ours = tmp_path / "summary" / f"{'a' * 32}.parquet"
    ours.write_text("left by a process that was killed")
    folder.sweep()
    assert all(path.read_text() == "mine" for path in mine)
    assert not ours.exists()
    assert folder.parts() == []


def test_what_is_in_the_way_is_named(tmp_path):
    folder = Folder(tmp_path)
    folder.prepare()
    (tmp_path / "draws" / f"{'a' * 32}.nc").mkdir()
    with pytest.raises(bs.StoreError, match=r"cannot be removed .* in the way"):
        folder.sweep()
    (tmp_path / ".lock").symlink_to("/etc/passwd")
    with pytest.raises(bs.StoreError, match="cannot be used as a lock"), folder.held(None):
        pass
    (tmp_path / ".lock").unlink()
    os.mkfifo(tmp_path / ".lock")
    with pytest.raises(bs.StoreError, match="cannot be used as a lock"), folder.held(None):
        pass


@pytest.mark.parametrize("changes", [{"hash": 1}, {"label": None}, {"ratio": "2"}, {"seed": "0"}, {"table": ["a"]}])
def test_sealed_nonsense_is_no_manifest(tmp_path, changes):
    task = {
        "hash": "0" * 64,
        "label": "a",
        "table": "a",
        "family": "",
        "ratio": None,
        "law": "l",
        "noise": "n",
        "seed": 0,
    }
    content = {"format": "bayescale-study", "version": 1, "outputs": {}, "about": {}}
    write_sealed(tmp_path / "manifest.json", content | {"tasks": [task]})
    assert len(bs.open_results(tmp_path).missing) == 1
    write_sealed(tmp_path / "manifest.json", content | {"tasks": [task | changes]})
    with pytest.raises(bs.StoreError, match="holds no manifest"):
        bs.open_results(tmp_path)


def external(file: h5py.File) -> None:
    file.create_dataset("x", (9,), "f8", external=[("/etc/passwd", 0, 72)])


def linked(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("/etc/passwd", "/")


def huge(file: h5py.File) -> None:
    file.create_dataset("x", (10**6, 10**6), "f8", chunks=(1000, 1000), compression="gzip")


@pytest.mark.parametrize(("change", "message"), [(external, "another file"), (linked, "links to"), (huge, "declares")])
def test_draws_are_of_their_own_file(tmp_path, change, message):
    with h5py.File(tmp_path / "draws.nc", "w") as file:
        file["E"] = np.ones(5)
    check_closed(tmp_path / "draws.nc")
    with h5py.File(tmp_path / "draws.nc", "r+") as file:
        change(file)
    with pytest.raises(bs.StoreError, match=message):
        check_closed(tmp_path / "draws.nc")


def test_a_report_does_not_follow_links_out_of_its_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "report"
    target.mkdir()
    (target / "card.json").write_text(json.dumps({"schema": "bayescale-report/1", "files": []}))
    (target / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(bs.StoreError, match="is a link to another place"):
        write_report(target, {"figures/a.pdf": b"x", "card.json": "{}"})
    assert not list((tmp_path / "elsewhere").iterdir())
