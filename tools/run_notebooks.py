"""Run the notebooks, each from a clean kernel in an empty folder.

``python tools/run_notebooks.py [NAME ...] [--write]``: without names all of ``notebooks/`` are run; a name is the
beginning of a file's, such as ``03``. A cell that raises ends the run with exit code 1. ``--write`` keeps the new
outputs in the files, with nothing in them that tells of the machine. Real experiments are taken from the folder of
``tools/real_data.py`` where it exists, or where ``BAYESCALE_DATASETS`` says.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
CELL_SECONDS = 600
MOST_BYTES = 300_000


def chosen(names: list[str]) -> list[Path]:
    """The notebooks whose names begin as asked, all of them without names."""
    paths = sorted(FOLDER.glob("*.ipynb"))
    for name in names:
        if not any(path.name.startswith(name) for path in paths):
            sys.exit(f"no notebook begins with {name!r}; there are {', '.join(path.name for path in paths)}")
    return [path for path in paths if not names or path.name.startswith(tuple(names))]


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with fresh outputs, from a new kernel whose folder is empty."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        place = {"metadata": {"path": folder}}
        NotebookClient(
            notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False, resources=place
        ).execute()
    return notebook


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Leave out of a notebook what would change from one machine to another."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id, cell.metadata = f"cell-{number:02d}", {}


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Keep the outputs; refuse what is too large for a repository."""
    tidy(notebook)
    text = nbformat.writes(notebook) + "\n"
    if len(text) > MOST_BYTES:
        sys.exit(f"{path.name} would have {len(text):,} bytes, and at most {MOST_BYTES:,} are kept: draw fewer figures")
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Run what is asked for, and say how long each took."""
    parser = argparse.ArgumentParser(description="Run the notebooks from clean kernels.")
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 03")
    parser.add_argument("--write", action="store_true", help="keep the new outputs")
    asked = parser.parse_args()
    data = runpy.run_path(str(ROOT / "tools" / "real_data.py"))["FOLDER"]
    if data.is_dir():
        os.environ.setdefault("BAYESCALE_DATASETS", str(data))
    # tqdm, which NumPyro imports, asks for widgets that nothing here draws.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:IProgress not found")
    for path in chosen(asked.names):
        began = time.perf_counter()
        try:
            notebook = executed(path)
        except CellExecutionError as error:
            sys.exit(f"{path.name}: {error}")
        if asked.write:
            write(notebook, path)
        print(f"{path.name}: {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
