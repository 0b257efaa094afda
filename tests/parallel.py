"""Which tests one of several processes runs: those of a folder, which share fits that are made once per process."""

from __future__ import annotations

from functools import cached_property

from xdist.scheduler import LoadScopeScheduling

FEW = 4


class FolderScheduling(LoadScopeScheduling):
    """Folders go to whichever process is free, those with the most tests first; of few folders their files do."""

    @cached_property
    def _few(self) -> bool:
        return len({_folder(test) for test in self.collection or ()}) <= FEW

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if self._few else _folder(nodeid)


def _folder(nodeid: str) -> str:
    return nodeid.split("::", 1)[0].rpartition("/")[0]
