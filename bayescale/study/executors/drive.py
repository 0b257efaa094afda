"""The loop of a study: chunks go to workers, come back as parts, and are tried again where that may help."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence

from bayescale.study.chunks import Chunk
from bayescale.study.executors.crew import Crew, Ended
from bayescale.study.work import Order, Part, without_fits

# Workers that a chunk may cost before its fits are made one by one, and a single fit before it is given up.
TRIES, TRIES_ALONE = 2, 4
# Seconds between looks at what is shown of the progress.
PATIENCE = 1.0


def drive(
    chunks: Sequence[Chunk], crew: Crew, order_for: Callable[[Chunk], Order], deliver: Callable[[Part], None]
) -> None:
    """Have chunks fitted.

    Args:
        chunks: what is to be done.
        crew: who does it; it is let go in the end, whatever happens.
        order_for: what a worker needs for a chunk.
        deliver: takes each part as it is done.
    """
    waiting, at_work, deaths = deque(chunks), 0, Counter[str]()
    try:
        while waiting or at_work:
            while waiting and crew.free() > 0:
                crew.start(order_for(waiting.popleft()))
                at_work += 1
            for ended in crew.wait(PATIENCE):
                at_work -= 1
                if ended.how == "worker died":
                    deaths[ended.chunk.id] += ended.deaths
                if ended.part is not None:
                    deliver(ended.part)
                elif again := _again(ended, deaths[ended.chunk.id]):
                    waiting.extend(again)
                else:
                    deliver(without_fits(ended.chunk, ended.how, ended.reason))
    finally:
        crew.stop()


def _again(ended: Ended, deaths: int) -> Sequence[Chunk]:
    """What is tried again of a chunk without results: all of it, each fit by itself, or nothing."""
    alone = len(ended.chunk.tasks) == 1
    if ended.how == "lost" or (ended.how == "worker died" and deaths < (TRIES_ALONE if alone else TRIES)):
        return (ended.chunk,)
    return () if alone or ended.settled else tuple(ended.chunk.singles())
