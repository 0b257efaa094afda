"""Pages of the API: what ``bayescale`` and its public modules offer, by layer; their docstrings are the text."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isclass, ismodule
from types import SimpleNamespace
from typing import Any

import bayescale

# Where each is heard of first; a public name of another layer gets a page of its own.
LAYERS = {
    "data": "Data",
    "laws": "Laws",
    "language": "Priors and errors",
    "models": "Models",
    "inference": "Fits",
    "decisions": "Predictions and plans",
    "validation": "Validation",
}


def api_pages() -> dict[str, str]:
    """Return the text of every page by its path."""
    public = {name: getattr(bayescale, name) for name in bayescale.__all__}
    spaces = {name: thing for name, thing in public.items() if ismodule(thing) or isinstance(thing, SimpleNamespace)}
    objects = {name: thing for name, thing in public.items() if name not in spaces}
    pages: dict[str, str] = {}
    for layer in dict.fromkeys([*LAYERS, *map(_layer, objects.values())]):
        own = {f"bayescale.{name}": thing for name, thing in objects.items() if _layer(thing) == layer}
        pages[f"api/{layer}.md"] = _page(LAYERS.get(layer, layer), own)
    known = {id(thing) for thing in objects.values()}
    for name, space in spaces.items():
        own = {f"bayescale.{name}.{part}": thing for part, thing in _members(space) if id(thing) not in known}
        if own:
            pages[f"api/module_{name}.md"] = _page(f"bayescale.{name}", own, (space.__doc__ or "").strip())
    names = "\n".join(page.removeprefix("api/").removesuffix(".md") for page in pages)
    head = "# API\n\nWhat is public is reached from `import bayescale as bs`; what is not on these pages may change.\n"
    return pages | {"api/index.md": f"{head}\n```{{toctree}}\n:maxdepth: 2\n\n{names}\n```\n"}


def _layer(thing: Any) -> str:
    return thing.__module__.split(".")[1]


def _members(space: Any) -> Iterator[tuple[str, Any]]:
    """Names and objects of a module: those it exports, or its own; laws have the catalogue."""
    from bayescale.laws import Law

    names = getattr(space, "__all__", None) or [name for name in vars(space) if not name.startswith("_")]
    for name in names:
        thing = getattr(space, name)
        foreign = ismodule(thing) or not getattr(thing, "__module__", "").startswith("bayescale")
        if callable(thing) and not foreign and not (isclass(thing) and issubclass(thing, Law)):
            yield name, thing


def _page(title: str, objects: dict[str, Any], text: str = "") -> str:
    """Functions first, then classes, each by its docstring."""
    parts = [f"# {title}\n"]
    if text:
        parts.append(f"```{{eval-rst}}\n{text}\n```\n")
    for name, thing in sorted(objects.items(), key=lambda item: (isclass(item[1]), item[0].lower())):
        directive = "autoclass" if isclass(thing) else "autofunction"
        options = "\n   :members:" if isclass(thing) else ""
        parts.append(f"## {name.rsplit('.', 1)[-1]}\n\n```{{eval-rst}}\n.. {directive}:: {name}{options}\n```\n")
    return "\n".join(parts)
