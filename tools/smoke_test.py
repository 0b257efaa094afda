"""Whether an installed package works: its data files, a fit, a question, a saved file, the command line.

``python -P tools/smoke_test.py`` needs nothing but the package, and takes some seconds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import bayescale as bs


def main() -> None:
    """Try each in turn, and say what was tried."""
    place = Path(bs.__file__).parent
    assert "site-packages" in place.parts, f"{place} is not an installed package"
    for name in ("py.typed", "laws/references.bib", "data/datasets/sets/pile_families.csv"):
        assert files("bayescale").joinpath(name).is_file(), f"the package lacks {name}"
    runs = bs.datasets.load("pile-families").select("Pythia")
    fit = bs.fit("chinchilla", runs, seed=0)
    loss = bs.predict(fit, params=1e10, tokens=1e12, kind="law").table()
    assert 1.0 < float(loss["median"].iloc[0]) < 2.5, loss
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.nc"
        fit.save(path)
        again = bs.load(path)
        assert again.posterior.equals(fit.posterior)
        asked = [Path(sys.executable).with_name("bayescale"), "summary", path, "--format", "csv"]
        assert "alpha" in subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    print(f"bayescale {version('bayescale')} works in {place}")


if __name__ == "__main__":
    main()
