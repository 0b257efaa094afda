"""Fits that are made together: which ones is decided by the study alone, whoever makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from bayescale.language.errors import SettingsError
from bayescale.study.tasks import Task


@dataclass(frozen=True)
class Chunk:
    """Fits of one law, noise and seed.

    Args:
        tasks: the fits.
    """

    tasks: tuple[Task, ...]

    @property
    def id(self) -> str:
        """Name of the chunk, from what its fits depend on."""
        return hashlib.sha256("\n".join(task.hash for task in self.tasks).encode()).hexdigest()[:32]

    def without(self, done: set[str]) -> Chunk:
        """The fits that are not done."""
        return Chunk(tuple(task for task in self.tasks if task.hash not in done))

    def singles(self) -> Iterator[Chunk]:
        """Each fit by itself."""
        return (Chunk((task,)) for task in self.tasks)


def chunks_of(tasks: Sequence[Task], size: int) -> tuple[Chunk, ...]:
    """Cut tasks into chunks.

    Args:
        tasks: in the order of the study.
        size: most fits of a chunk.
    """
    found = []
    for _, same in groupby(tasks, key=lambda task: (task.law, task.noise, task.seed)):
        some = tuple(same)
        found += [Chunk(some[start : start + size]) for start in range(0, len(some), size)]
    return tuple(found)


@dataclass(frozen=True)
class Shard:
    """A share of the chunks: the i-th of n.

    Examples:
        >>> Shard.of("2/3"), str(Shard(2, 3))
        (Shard(number=2, count=3), '2/3')
    """

    number: int
    count: int

    @classmethod
    def of(cls, word: str) -> Shard:
        """Read ``"i/n"``.

        Raises:
            SettingsError: not two numbers with i from 1 to n.
        """
        number, slash, count = word.partition("/")
        if not (slash and number.isascii() and count.isascii() and number.isdigit() and count.isdigit()):
            raise SettingsError(f"A shard is i/n, such as 1/8 for the first of eight, got {word!r}.")
        if not 1 <= int(number) <= int(count):
            raise SettingsError(f"A shard i/n has i from 1 to n, got {word!r}.")
        return cls(int(number), int(count))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def share(self, chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
        """Every n-th chunk, from the i-th."""
        return tuple(chunks[self.number - 1 :: self.count])
