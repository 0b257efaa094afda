"""The loop of a study: every fit comes once, whatever becomes of those who make it."""

from __future__ import annotations

from collections import Counter, deque

import pytest

from bayescale.study.chunks import chunks_of
from bayescale.study.executors.crew import Ended
from bayescale.study.executors.drive import TRIES, TRIES_ALONE, drive
from bayescale.study.work import without_fits


class Fake:
    """Workers of which a test says how each chunk ends."""

    def __init__(self, ends):
        self.ends, self.waiting, self.stopped, self.started = ends, deque(), False, Counter()

    def free(self):
        return 2 - len(self.waiting)

    def start(self, order):
        self.waiting.append(order)
        self.started[order.id] += 1

    def wait(self, seconds):
        chunk = self.waiting.popleft()
        how = self.ends(chunk, self.started[chunk.id])
        return [Ended(chunk, how, without_fits(chunk, "ok", "") if how == "done" else None, "why", how == "settled")]

    def stop(self):
        self.stopped = True


def status_of(tasks, ends) -> tuple[dict[str, str], Fake]:
    crew, parts = Fake(ends), []
    drive(chunks_of(tasks, 4), crew, lambda chunk: chunk, parts.append)
    counted = Counter(task.hash for part in parts for task in part.chunk.tasks)
    assert set(counted) == {task.hash for task in tasks} and set(counted.values()) == {1}
    assert crew.stopped
    return {h: s for part in parts for h, s in zip(part.summary["task"], part.summary["status"], strict=True)}, crew


def test_a_fit_that_kills_its_workers_is_found_and_the_others_are_made(tasks):
    killer = tasks[1]
    found, crew = status_of(tasks, lambda chunk, tries: "worker died" if killer in chunk.tasks else "done")
    assert found.pop(killer.hash) == "worker died"
    assert set(found.values()) == {"ok"}
    assert sorted(crew.started.values())[-2:] == [TRIES, TRIES_ALONE]


@pytest.mark.parametrize("how", ["timed out", "failed"])
def test_a_fit_that_hangs_or_breaks_is_found_and_the_others_are_made(tasks, how):
    found, _ = status_of(tasks, lambda chunk, tries: how if tasks[5] in chunk.tasks else "done")
    assert found.pop(tasks[5].hash) == how
    assert set(found.values()) == {"ok"}


def test_what_is_lost_with_a_scheduler_is_made_again_however_often(tasks):
    found, _ = status_of(tasks, lambda chunk, tries: "lost" if tries < 9 else "done")
    assert set(found.values()) == {"ok"}


def test_an_error_of_the_law_is_not_tried_again(tasks):
    found, crew = status_of(tasks, lambda chunk, tries: "settled")
    assert set(crew.started.values()) == {1} and len(crew.started) == 2
    assert set(found.values()) == {"settled"}


def test_workers_are_let_go_when_results_cannot_be_written(tasks):
    crew = Fake(lambda chunk, tries: "done")

    def full(part):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        drive(chunks_of(tasks, 4), crew, lambda chunk: chunk, full)
    assert crew.stopped
