"""Short keys for names, different ones for different names."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def distinct(names: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """Return the key of each name; later ones that would be the same are numbered.

    >>> distinct(["Big", "big", "small"], str.lower)
    {'Big': 'big', 'big': 'big-2', 'small': 'small'}
    """
    found: dict[str, str] = {}
    for name in names:
        plain, count = key(name), 1
        while (numbered := plain if count == 1 else f"{plain}-{count}") in found.values():
            count += 1
        found[name] = numbered
    return found
