"""Data sets by name: :func:`names`, :func:`describe`, :func:`load`, and :func:`fetch` for the file behind one."""

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.registry import describe, fetch, load, names, state

__all__ = ["DataFile", "DatasetInfo", "Variant", "describe", "fetch", "load", "names", "state"]
