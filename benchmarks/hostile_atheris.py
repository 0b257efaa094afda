"""Coverage-guided fuzzing of the readers of files: pip install 'bayescale[fuzz]', where there are wheels of atheris.

python benchmarks/hostile_atheris.py csv|parquet|toml|netcdf [FOLDER-OF-INPUTS] [-max_total_time=600] [-seed=1]

It ends with a traceback and the input, as crash-HASH, when something else is raised than an error of the package.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed, or has no wheel for this Python: pip install 'bayescale[fuzz]'.")

READING = ["bayescale.data", "bayescale.inference.store", "bayescale.study.toml", "bayescale.study.keys", "tomllib"]
with atheris.instrument_imports(include=READING):
    import bayescale as bs
    from bayescale.data.read import read_quietly
    from bayescale.inference.store.fits import load
    from bayescale.study.study import Study


def door(read: Callable[[Path], object], path: Path) -> Callable[[bytes], None]:
    """What is called with each input: a result or a refusal."""

    def once(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(bs.BayescaleError):
            read(path)

    return once


def main() -> None:
    """Fuzz the door that is named first."""
    tables = {kind: (read_quietly, f"t.{kind}") for kind in ("csv", "parquet")}
    doors = {**tables, "toml": (Study.read, "s.toml"), "netcdf": (load, "fit.nc")}
    if len(sys.argv) < 2 or sys.argv[1] not in doors:
        sys.exit(__doc__)
    read, name = doors[sys.argv.pop(1)]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup(sys.argv, door(read, Path(folder) / name))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
