"""Data sets by name: :func:`names`, :func:`describe` and :func:`load`."""

from bayescale.data.datasets.registry import DatasetInfo, describe, load, names

__all__ = ["DatasetInfo", "describe", "load", "names"]
