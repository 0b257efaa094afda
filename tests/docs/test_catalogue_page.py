"""The catalogue's page is what the laws say now."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from bayescale.laws import CATALOGUE

SCRIPT = Path(__file__).parents[2] / "docs" / "make_catalogue.py"
if not SCRIPT.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def test_the_page_is_up_to_date():
    made = runpy.run_path(str(SCRIPT))
    assert made["PATH"].read_text("utf-8") == made["page"](), "run docs/make_catalogue.py"


def test_it_has_a_section_for_every_law():
    text = (SCRIPT.parent / "catalogue.md").read_text("utf-8")
    assert [law.name for law in CATALOGUE if f"\n## {law.name}\n" not in text] == []


def test_every_law_has_been_fitted_to_a_table():
    lines = (SCRIPT.parent / "catalogue_fits.md").read_text("utf-8").splitlines()
    fitted = {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")}
    assert [law.name for law in CATALOGUE if law.name not in fitted] == [], "run benchmarks/catalogue.py"
