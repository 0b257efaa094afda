"""The LaTeX of a report compiles, hostile names and all, where there is a LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

import bayescale as bs

PDFLATEX, BIBTEX = shutil.which("pdflatex"), shutil.which("bibtex")
pytestmark = pytest.mark.skipif(not (PDFLATEX and BIBTEX), reason="pdflatex and bibtex are not installed")


def compiled(folder, name: str = "report", bibliography: bool = True) -> str:
    """Compile and return the log."""
    for command in ("pdflatex", *(("bibtex", "pdflatex", "pdflatex") if bibliography else ())):
        options = [] if command == "bibtex" else ["-interaction=nonstopmode", "-halt-on-error"]
        done = subprocess.run([command, *options, name], cwd=folder, capture_output=True, timeout=180)
        text = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, re.findall(r"^!.*", text, flags=re.MULTILINE) or text[-800:]
    return (folder / f"{name}.log").read_text("utf-8", "replace")


@pytest.fixture(params=["hostile_report", "plain_report"])
def folder(request, tmp_path):
    """A copy of the folder of LaTeX, which compiling fills with files."""
    return shutil.copytree(request.getfixturevalue(request.param).latex, tmp_path / "latex")


def test_the_report_compiles_and_every_reference_is_found(folder):
    log = compiled(folder)
    assert not re.findall(r"^!|undefined|Missing character", log, flags=re.MULTILINE)
    assert (folder / "report.pdf").stat().st_size > 30_000
    # Lines that stick out by more than a few millimetres would be cut off.
    assert [width for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log) if float(width) > 10] == []


def test_macros_print_numbers_in_text_mathematics_and_headings(plain_fit, tmp_path):
    (tmp_path / "numbers.tex").write_text(bs.tables.to_macros({"one fit": plain_fit}))
    body = r"\section{\bayescale{one-fit.alpha}} $x = \bayescale{one-fit.E}$ \bayescale{one-fit.alpha.full}"
    page = r"\documentclass{article}\input{numbers}\begin{document}" + body + r"\end{document}"
    (tmp_path / "page.tex").write_text(page)
    assert "bayescale Error" not in compiled(tmp_path, "page", bibliography=False)
    (tmp_path / "page.tex").write_text(page.replace("one-fit.E}", "one-fit.EE}"))
    with pytest.raises(AssertionError, match=r"There is no number one-fit\.EE"):
        compiled(tmp_path, "page", bibliography=False)
