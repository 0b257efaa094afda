"""The Python of the documentation's pages runs as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs"
if not PAGES.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)
# Pages whose code needs nothing but the package.
SELF_CONTAINED = ("many_fits.md",)


@pytest.mark.parametrize("page", SELF_CONTAINED)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (PAGES / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {})
    assert "20 fits of chinchilla: 20 ok" in capsys.readouterr().out
    assert (tmp_path / "fits.nc").exists()
