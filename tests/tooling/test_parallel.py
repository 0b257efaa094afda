"""Several processes share the tests: what takes long begins first, and folders stay whole."""

from __future__ import annotations

import runpy
from collections import OrderedDict
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parents[1]
PARALLEL = runpy.run_path(str(TESTS / "parallel.py"))
Scheduling, seconds_of = PARALLEL["FolderScheduling"], PARALLEL["seconds_of"]


@pytest.fixture
def dealt(monkeypatch):
    """Deal out folders with so many tests each, and return them in that order."""

    def deal(tests: dict[str, int]) -> list[str]:
        order: list[str] = []

        def take(self, node):
            order.append(self.workqueue.popitem(last=False)[0])

        monkeypatch.setattr(LoadScopeScheduling, "_assign_work_unit", take)
        scheduler = object.__new__(Scheduling)
        scheduler.workqueue = OrderedDict((folder, dict.fromkeys(range(count))) for folder, count in tests.items())
        while scheduler.workqueue:
            scheduler._assign_work_unit(None)
        return order

    return deal


def test_what_takes_longest_is_dealt_out_first(dealt):
    """A few tests of minutes come before hundreds of milliseconds."""
    order = dealt({"tests/laws": 300, "tests/calibration/hierarchies": 40, "tests/tooling": 5, "tests/study": 200})
    assert order == ["tests/calibration/hierarchies", "tests/laws", "tests/study", "tests/tooling"]


def test_folders_that_take_long_exist():
    assert [folder for folder in PARALLEL["SECONDS"] if not (TESTS.parent / folder).is_dir()] == []


def test_of_few_folders_their_files_are_dealt_out():
    scheduler = object.__new__(Scheduling)
    many = [f"tests/{folder}/test_a.py::test_b" for folder in "abcde"]
    scheduler.collection = many
    assert scheduler._split_scope("tests/a/test_a.py::test_b[x/y::z]") == "tests/a"
    few = object.__new__(Scheduling)
    few.collection = many[:4]
    assert few._split_scope("tests/a/test_a.py::test_b[x/y::z]") == "tests/a/test_a.py"
    assert seconds_of("tests/calibration/test_sbc.py", 2) == 2 * PARALLEL["SECONDS"]["tests/calibration"]
