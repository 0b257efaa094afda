"""The files of the demo: each appears whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayescale.language.errors import SettingsError
from bayescale.language.files import whole_file

if TYPE_CHECKING:
    import pandas as pd

    from bayescale import Fit, Plan


def prepare_folder(out: str) -> Path:
    """Make a folder, and try whether files can be made in it before any work is done.

    Raises:
        SettingsError: a file in its place, or no permission.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise SettingsError(f"--out {out} is a file, or lies below one; give the name of a folder.") from None
    except OSError as error:
        raise SettingsError(f"--out {out} cannot be written to ({error.strerror}); choose another folder.") from None
    return folder


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, numbers in full."""
    _write(path, lambda unfinished: table.to_csv(unfinished, index=False, lineterminator="\n"))


def write_figures(fit: Fit, plans: Sequence[Plan], folder: Path, *, group: str, prob: float) -> list[str]:
    """Draw every figure of a fit and its plans as PNG; IsoFLOP curves of one group.

    Returns:
        the names of the files.
    """
    from bayescale import figures

    drawings: dict[str, Callable[[], Any]] = {
        "loss_compute.png": lambda: figures.loss_compute(fit, prob=prob),
        "isoflop.png": lambda: figures.isoflop(fit, group=group, prob=prob),
        "allocation.png": lambda: figures.allocation(list(plans), prob=prob),
        "exponent.png": lambda: figures.exponent(fit, prob=prob),
        "residuals.png": lambda: figures.residuals(fit, prob=prob),
    }
    for name, draw in drawings.items():
        drawn = draw()
        figure = (drawn[0] if isinstance(drawn, tuple) else drawn).figure
        _write(folder / name, partial(figure.savefig, format="png"))
    return list(drawings)


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside the file and rename."""
    with whole_file(path) as unfinished:
        write(unfinished)
