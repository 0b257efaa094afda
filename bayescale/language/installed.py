"""Versions of what is installed."""

from __future__ import annotations

from functools import cache


@cache
def version_of(package: str) -> str:
    """Return the version of a package; words where it is not installed, as this one need not be.

    >>> version_of("a-package-that-is-none")
    'not installed'
    """
    from importlib.metadata import PackageNotFoundError, version  # here, since it takes a while

    try:
        return version(package)
    except PackageNotFoundError:
        return "from source" if package == "bayescale" else "not installed"
