"""The notebooks run from clean kernels, and what is committed is what they say."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
if not FOLDER.exists():
    pytest.skip("the notebooks are not beside these tests", allow_module_level=True)
REAL_DATA = runpy.run_path(str(ROOT / "tools" / "real_data.py"))["FOLDER"]
PATHS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 300_000
NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")


def words(text: str) -> list[str]:
    """The words of a text without its numbers, which Monte-Carlo error moves."""
    return NUMBER.sub("#", text).split()


def answer(path: Path) -> str:
    """What the last cell of a notebook says."""
    (output,) = nbformat.read(path, as_version=4).cells[-1].outputs
    return output.data["text/markdown"]


def test_there_are_eleven_in_order():
    assert [path.name[:3] for path in PATHS] == [f"{number:02d}_" for number in range(1, 12)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_opens_with_its_question_and_ends_with_its_answer(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    first, *_, heading, last = notebook.cells
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {int(path.name[:2])}. ")
    assert "**Question.**" in first.source
    assert heading.source.endswith("## Answer")
    assert last.cell_type == "code"
    assert "nan" not in words(answer(path))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_its_outputs_are_those_of_one_run_in_order_without_errors_and_warnings(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = {(output.output_type, output.get("name")) for cell in code for output in cell.outputs}
    assert ("stream", "stderr") not in kinds
    assert "error" not in {kind for kind, _ in kinds}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_small_and_tells_nothing_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) <= MOST_BYTES
    written = "".join(line for line in text.splitlines() if '"image/png"' not in line)
    assert not re.findall(r"/(?:home|Users|root|tmp|work|usr|opt)/", written)


def run(path: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """Execute a notebook by the tool, keeping its outputs."""
    command = [sys.executable, str(root / "tools" / "run_notebooks.py"), path.name, "--write"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copied(path: Path, to: Path) -> Path:
    """Copy a notebook and the tool that runs it, so that the checkout stays as it is."""
    (to / "tools").mkdir()
    for name in ("run_notebooks.py", "real_data.py"):
        shutil.copy(ROOT / "tools" / name, to / "tools" / name)
    (to / "notebooks").mkdir()
    return Path(shutil.copy(path, to / "notebooks" / path.name))


@pytest.fixture
def without_network(monkeypatch, tmp_path):
    """No copies of data sets, and a proxy that nobody answers at."""
    monkeypatch.delenv("BAYESCALE_DATASETS", raising=False)
    monkeypatch.setenv("BAYESCALE_TEST_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("BAYESCALE_DATASETS_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_kernel(path, tmp_path, request, monkeypatch):
    """On real runs it answers in the same words: numbers may differ by Monte-Carlo error, words show more than that."""
    if REAL_DATA.is_dir():
        monkeypatch.setenv("BAYESCALE_DATASETS", str(REAL_DATA))
    else:
        request.getfixturevalue("without_network")
    copy = copied(path, tmp_path)
    done = run(copy, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    if REAL_DATA.is_dir():
        assert words(answer(copy)) == words(answer(path))


@pytest.mark.slow
@pytest.mark.usefixtures("without_network")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_runs_on_simulated_runs_without_the_network(path, tmp_path):
    copy = copied(path, tmp_path)
    done = run(copy, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_cell_that_raises_is_an_error(tmp_path):
    """The tool can fail: otherwise a notebook that no longer runs would pass."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0", id="cell-01")])
    broken = tmp_path / "99_broken.ipynb"
    nbformat.write(notebook, broken)
    done = run(copied(broken, tmp_path), tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
