"""The scripts that write pages, as modules."""

from __future__ import annotations

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def scripts_of_the_documentation(monkeypatch):
    """Let them find each other, as they do when they are run."""
    monkeypatch.syspath_prepend(str(DOCS))
