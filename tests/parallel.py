"""Which tests one of several processes runs: those of a folder, which share fits that are made once per process."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from xdist.scheduler import LoadScopeScheduling

FEW = 4
# Seconds that a test of a folder takes on average, where it is far more than the others' fraction of one. They decide
# about the order alone: what takes long begins first, so that no process is alone with it in the end.
SECONDS = {
    "tests/calibration": 7.0,
    "tests/exactness": 10.0,
    "tests/notebooks": 20.0,
    "tests/recovery": 3.0,
    "tests/startup": 3.0,
    "tests/docs": 4.0,
    "tests/validation": 2.5,
    "tests/cli": 1.0,
    "tests/inference": 0.8,
    "tests/show": 0.8,
    "tests/benchmarks": 2.0,
}
OTHERS = 0.3


class FolderScheduling(LoadScopeScheduling):
    """Folders go to whichever process is free, those that take longest first; of few folders their files do."""

    @cached_property
    def _few(self) -> bool:
        return len({_folder(test) for test in self.collection or ()}) <= FEW

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if self._few else _folder(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        longest = max(self.workqueue, key=lambda scope: seconds_of(scope, len(self.workqueue[scope])))
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


def seconds_of(scope: str, tests: int) -> float:
    """Return about how long the tests of a folder or file take."""
    return tests * SECONDS.get("/".join(scope.split("/")[:2]), OTHERS)


def _folder(nodeid: str) -> str:
    return nodeid.split("::", 1)[0].rpartition("/")[0]
