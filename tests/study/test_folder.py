"""One folder, one who writes, or several that share it."""

from __future__ import annotations

import threading
import time

import pytest

import bayescale as bs
from bayescale.study.chunks import Shard
from bayescale.study.folder import Folder


@pytest.fixture
def folder(tmp_path) -> Folder:
    made = Folder(tmp_path / "out")
    made.prepare()
    return made


def test_a_second_driver_is_told_who_the_first_is(folder):
    with folder.held(None), pytest.raises(bs.StoreError, match=r"Process \d+ on .* is writing to .*Wait until"):
        folder.held(None).__enter__()
    with folder.held(None):
        pass  # the first has let go


def test_shards_work_side_by_side_but_not_beside_a_driver_of_all(folder):
    with folder.held(Shard(1, 2)), folder.held(Shard(2, 2)):
        for another in (Shard(1, 2), None):
            with pytest.raises(bs.StoreError, match="is writing to"):
                folder.held(another).__enter__()
    with folder.held(None), pytest.raises(bs.StoreError, match="is writing to"):
        folder.held(Shard(1, 2)).__enter__()


def test_a_shard_waits_for_others_before_it_writes_another_manifest(folder):
    let_go = threading.Event()
    entered = threading.Event()

    def other():
        with folder.held(Shard(2, 2)):
            entered.set()
            let_go.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    with folder.held(Shard(1, 2)) as hold:
        threading.Timer(0.5, let_go.set).start()
        began = time.monotonic()
        with hold.alone():
            assert time.monotonic() - began >= 0.4
    thread.join()


def test_a_folder_that_leads_elsewhere_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "draws").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(bs.StoreError, match="is a link to another place"):
        Folder(tmp_path / "out").prepare()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(bs.StoreError, match="cannot be used"):
        Folder(tmp_path / "out").prepare()
