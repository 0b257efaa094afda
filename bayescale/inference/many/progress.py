"""A progress bar over fits, with rate and time left, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def fits_progress(total: int, shown: bool | None) -> Iterator[Callable[[int, str], None]]:
    """Yield what is called with the number of fits that are done and a note on what is being done.

    Args:
        total: number of fits.
        shown: True, False, or None for "when the error stream is a terminal".
    """
    if not (sys.stderr.isatty() if shown is None else shown):
        yield lambda done, note: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Fits per second so far."""

        def render(self, task: object) -> Text:
            elapsed = getattr(task, "elapsed", None) or 0.0
            done = float(getattr(task, "completed", 0.0))
            return Text(f"{done / elapsed:,.1f} fits/s" if elapsed > 0 and done else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Fitting", total=total, note="")
        yield lambda done, note: bar.update(task, completed=done, note=note)
