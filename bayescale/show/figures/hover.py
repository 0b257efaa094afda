"""What markers of a figure say when a pointer rests on them, on a page that runs no scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from bayescale.show.escape import one_line

# The attribute of an artist that holds its words.
WORDS = "bayescale_words"


def say(markers: Any, words: Sequence[str]) -> None:
    """Give each marker of a line its words.

    Args:
        markers: a line of matplotlib that is drawn as markers alone.
        words: a sentence per marker, in order.
    """
    setattr(markers, WORDS, tuple(words))


def spoken(figure: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name the lines of a figure whose markers have words, as they are to be found in its SVG.

    Yields:
        the name of its group, and the words.
    """
    for number, markers in enumerate(figure.findobj(lambda artist: hasattr(artist, WORDS))):
        markers.set_gid(f"hover-{number}")
        yield f"hover-{number}", getattr(markers, WORDS)


def with_titles(svg: str, group: str, words: Sequence[str]) -> str:
    """Return an SVG in which every marker of a group has a title, which browsers show beside the pointer.

    Where markers were left out of the drawing nobody knows which, and none of the group gets any.

    >>> drawn = '<g id="hover-0"><g clip-path="url(#p)"><use x="1"/><use x="2"/></g></g><use x="3"/>'
    >>> with_titles(drawn, "hover-0", ["a < b", "c"])[39:]
    '<use x="1"><title>a &lt; b</title></use><use x="2"><title>c</title></use></g></g><use x="3"/>'
    >>> with_titles(drawn, "hover-0", ["one"]) == drawn
    True
    """
    found = re.search(rf'<g id="{re.escape(group)}">.*?</g>\s*</g>', svg, flags=re.DOTALL)
    if found is None or len(re.findall(r"<use\b", found[0])) != len(words):
        return svg
    told = (f"<title>{escape(one_line(text))}</title>" for text in words)
    named = re.sub(r"<use\b([^>]*?)\s*/>", lambda use: f"<use{use[1]}>{next(told)}</use>", found[0])
    return svg[: found.start()] + named + svg[found.end() :]
