"""The data sets' page is what the registry says now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "make_datasets.py"
if not SCRIPT.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def test_the_page_is_up_to_date():
    made = runpy.run_path(str(SCRIPT))
    assert made["PATH"].read_text("utf-8") == made["page"](), "run docs/make_datasets.py"
