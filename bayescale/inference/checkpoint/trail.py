"""How far a run of NUTS has come: what is done of it in memory and, with a checkpoint, on disk."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bayescale.inference.checkpoint.leaves import from_arrays, to_arrays
from bayescale.inference.checkpoint.sealed import write_sealed_arrays
from bayescale.inference.lanes import Kept, joined
from bayescale.language.errors import SettingsWarning, StoreError
from bayescale.language.files import brief

# Seconds between writings, and how many times as long as one took the next has to wait: writing then takes one per cent
# of the time at most, however much there is to write.
SECONDS, TIMES = 10.0, 100.0


class Trail:
    """What is done of a run of NUTS; threads of chains add to it.

    Args:
        target: file that it is written to every now and then; None for memory alone.
        identity: of the fit, written with it.
        about, arrays: of an earlier process, as they were written; empty for a run that begins.
    """

    def __init__(
        self,
        target: Path | None = None,
        identity: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
    ):
        self._target, self._identity = target, dict(identity or {})
        about = about or {}
        self.why: str | None = about.get("why")
        self.full_because: str | None = about.get("full_because")
        self.attempts: list[dict[str, Any]] = list(about.get("attempts", ()))
        self.resumed = int(about.get("resumed", -1)) + 1
        self._seconds, self.planned = float(about.get("seconds", 0.0)), int(about.get("planned", 0))
        self._geometry = {n: v for n, v in (arrays or {}).items() if n.startswith("geometry/")}
        self._waiting = _by_lane(arrays or {})
        self._lanes: dict[int, tuple[Any, list[Kept]]] = {}
        self.stop = threading.Event()
        self._writing = threading.RLock()
        self._began = self._written = time.monotonic()
        self._took, self._warned = 0.0, False

    @property
    def seconds(self) -> float:
        """That the run has taken, in this process and in those before."""
        return self._seconds + time.monotonic() - self._began

    @property
    def seconds_before(self) -> float:
        """That earlier processes took."""
        return self._seconds

    def geometry(self, found: Any) -> Any:
        """Return the geometry that the run was begun with, which is the one that was found if it begins now."""
        if self._geometry:
            return self._restored(found, self._geometry, "geometry")
        self._geometry = to_arrays(found, "geometry")
        return found

    def plan(self, draws: int) -> None:
        """Say how many draws all chains of this attempt make, warm-up included."""
        self.planned = draws

    def begun(self, lane: int, first: Any) -> tuple[Any, list[Kept]]:
        """Return the state of a lane and what it has drawn, which is its first state and nothing if it begins now."""
        if lane in self._lanes:  # its chains are made longer
            state, chunks = self._lanes[lane]
            return state, list(chunks)
        if (saved := self._waiting.get(lane)) is None:
            return first, []
        state, chunks = self._restored(first, saved, f"lane/{lane}/state"), [self._drawn(lane, saved)]
        self._lanes[lane] = state, list(chunks)
        return state, chunks

    def add(self, lane: int, state: Any, chunks: list[Kept]) -> None:
        """Note what a lane has done, and write if it is time to."""
        self._lanes[lane] = state, list(chunks)
        due = self._written + max(SECONDS, TIMES * self._took)
        if self._target is not None and time.monotonic() >= due and self._writing.acquire(blocking=False):
            try:
                self.write()
            finally:
                self._writing.release()

    def next_attempt(self, attempt: Mapping[str, Any]) -> None:
        """Note an attempt that is not kept: another one begins."""
        with self._writing:
            self.attempts.append(dict(attempt))
            self._waiting, self._lanes = {}, {}

    def begin_again(self, full_because: str) -> None:
        """Forget what is done: the likelihood was compressed, and has to be that of all rows."""
        with self._writing:
            self.full_because = full_because
            self.attempts, self._geometry, self._waiting, self._lanes = [], {}, {}, {}

    def write(self) -> None:
        """Write the file, if there is one; where that is not possible warn and go on."""
        if self._target is None:
            return
        with self._writing:
            began = time.monotonic()
            try:
                write_sealed_arrays(self._target, self._about(), self._arrays())
                self._warned = False
            except OSError as error:
                self._warn(error)
            self._written = time.monotonic()
            self._took = self._written - began

    @property
    def done(self) -> str:
        """How far the run is, in words."""
        counts = [kept.diverging.size for _, chunks in list(self._lanes.values()) for kept in chunks]
        waiting = [v[f"lane/{n}/kept/diverging"].size for n, v in self._waiting.items() if n not in self._lanes]
        count = min(sum(counts) + sum(waiting), self.planned)
        again = f" of attempt {len(self.attempts) + 1}" if self.attempts else ""
        return f"{count:,} of {self.planned:,} draws{again}, warm-up included"

    def _about(self) -> dict[str, Any]:
        return {
            "identity": self._identity,
            "why": self.why,
            "full_because": self.full_because,
            "attempts": self.attempts,
            "resumed": self.resumed,
            "seconds": round(self.seconds, 3),
            "planned": self.planned,
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays, lanes = dict(self._geometry), dict(self._lanes)
        for lane, saved in self._waiting.items():
            if lane not in lanes:  # no thread has come to it yet
                arrays |= saved
        for lane, (state, chunks) in lanes.items():
            arrays |= to_arrays(state, f"lane/{lane}/state")
            arrays |= {f"lane/{lane}/kept/{name}": part for name, part in joined(chunks)._asdict().items()}
        return arrays

    def _restored(self, template: Any, arrays: Mapping[str, np.ndarray], prefix: str) -> Any:
        try:
            return from_arrays(template, arrays, prefix)
        except StoreError as error:
            raise StoreError(f"{self._target} cannot be resumed from: {error}") from None

    def _drawn(self, lane: int, saved: Mapping[str, np.ndarray]) -> Kept:
        """The draws of a lane.

        Raises:
            StoreError: they are not there, or not as many positions as statistics.
        """
        found = [saved.get(f"lane/{lane}/kept/{name}") for name in Kept._fields]
        position, *stats = [() if part is None else part.shape for part in found]
        if not position or {position[:-1]} != set(stats):
            raise StoreError(f"{self._target} cannot be resumed from: it lacks draws; remove it to begin anew.")
        return Kept(*found)

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            text = (
                f"{self._target} could not be written ({brief(error)}). The fit goes on and tries again; make space on "
                "the disk, or what is done since is lost if it is ended."
            )
            warnings.warn(SettingsWarning("checkpoint-not-written", text), stacklevel=2)


def _by_lane(arrays: Mapping[str, np.ndarray]) -> dict[int, dict[str, np.ndarray]]:
    """Arrays named lane/NUMBER/... by that number."""
    found: dict[int, dict[str, np.ndarray]] = {}
    for name, values in arrays.items():
        first, number, *_ = (*name.split("/"), "")
        if first == "lane" and number.isdecimal():
            found.setdefault(int(number), {})[name] = values
    return found
