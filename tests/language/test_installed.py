"""Versions of what is installed, and of what runs from its source."""

from __future__ import annotations

from importlib import metadata

import pytest

import bayescale as bs
from bayescale.language.installed import version_of


@pytest.fixture
def nothing_installed(monkeypatch):
    """No package is found."""

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    version_of.cache_clear()
    yield
    version_of.cache_clear()


def test_a_version_is_that_of_the_package():
    assert version_of("numpy") == metadata.version("numpy")


def test_the_package_itself_may_run_from_its_source(nothing_installed):
    assert (version_of("bayescale"), version_of("numpy")) == ("from source", "not installed")


def test_the_package_says_its_version_and_no_name_that_it_has_not():
    assert bs.__version__ == version_of("bayescale")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = bs.nonsense
