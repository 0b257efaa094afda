"""Progress of all chains: a bar on a terminal, or lines for whoever takes them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bayescale.inference.progress_lines import ChainLines
from bayescale.inference.settings import Settings


@contextmanager
def chain_progress(
    settings: Settings,
    thin: int,
    shown: bool | Callable[[str], None] | None,
    attempt: int = 1,
    why: str = "",
) -> Iterator[Callable[[int, int, int], None] | None]:
    """Yield what the sampler calls with (chain, draws done, divergences), or None where nothing is to be shown.

    Args:
        settings, thin: for the total.
        shown: True, False, or None for "when the error stream is a terminal"; or what takes lines instead of the bar.
        attempt: its number.
        why: it is made, or goes on, where it is not the first.
    """
    if callable(shown):
        yield ChainLines(settings, thin, attempt, why, shown)
        return
    if not (sys.stderr.isatty() if shown is None else shown):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    total = settings.nuts_warmup + thin * settings.nuts_draws
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    done, diverged, lock = [0] * settings.chains, [0] * settings.chains, threading.Lock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        words = f"Sampling {settings.chains} chains{f', {why}' if why else ''}"
        task = bar.add_task(words, total=total * settings.chains, note="")

        def report(chain: int, draws: int, divergences: int) -> None:
            with lock:
                done[chain], diverged[chain] = min(draws, total), divergences
                note = f"{sum(diverged)} divergences" if any(diverged) else ""
                bar.update(task, completed=sum(done), note=note)

        yield report
