"""Write the pages of the site that are made when it is built: of other folders, of the API and of the command line.

``make docs`` builds the site; everything that this writes is below ``docs/generated``, which git ignores.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GENERATED = DOCS / "generated"
# Files of other folders that are pages of the site, by their path in the repository.
PAGES = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
} | {
    f"benchmarks/{path.name}": f"benchmarks/{path.name.lower()}" for path in sorted((ROOT / "benchmarks").glob("*.md"))
}
LAST_GUIDE = "add_a_law"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def make() -> None:
    """Write every page, and leave those alone that have not changed."""
    from make_api import api_pages
    from make_cli import cli_page

    pages = {target: relinked((ROOT / source).read_text("utf-8"), source, target) for source, target in PAGES.items()}
    pages |= api_pages() | {"cli.md": cli_page()}
    for name, text in pages.items():
        _write(GENERATED / name, text)
    for path in GENERATED.rglob("*.md"):
        if str(path.relative_to(GENERATED)) not in pages:
            path.unlink()


def relinked(text: str, source: str, target: str) -> str:
    """Return a page with its links as they are from its place on the site.

    Args:
        text: the page as it stands in the repository.
        source: its path in the repository.
        target: its path below ``docs/generated``.
    """
    return _relinked(text, (ROOT / source).parent, (GENERATED / target).parent)


def relinked_in_place(text: str, folder: Path) -> str:
    """Return a page of ``docs`` with links to pages of other folders led to where the site has these."""
    return _relinked(text, folder, folder)


def with_other_pages(index: str) -> str:
    """Return the index with the pages that it does not name after the last how-to guide, so that none is forgotten."""
    named = set(index.split())
    others = [path.stem for path in sorted(DOCS.glob("*.md")) if path.stem not in {*named, "index"}]
    return index.replace(f"\n{LAST_GUIDE}\n", "\n".join(("", LAST_GUIDE, *others, "")))


def _relinked(text: str, read_in: Path, shown_in: Path) -> str:
    def link(match: re.Match[str]) -> str:
        aim = Path(os.path.normpath(read_in / match[1]))
        name = aim.relative_to(ROOT).as_posix()
        place = GENERATED / PAGES[name] if name in PAGES else aim
        return f"]({Path(os.path.relpath(place, shown_in)).as_posix()}{match[2] or ''})"

    return LINK.sub(link, text)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
