"""Where the real experiments are that some tests and benchmarks use; they are not part of the project.

``python tools/real_data.py`` prints the folder, or exits with 1 where there is none. Tests and benchmarks load this
file by its path (``runpy.run_path``), so that the folder is looked up in one way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("BAYESCALE_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

if __name__ == "__main__":
    if not FOLDER.is_dir():
        sys.exit(1)
    print(FOLDER)
