"""The pages that are made when the site is built: every command, every public name, links that lead somewhere."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import typer.main

import bayescale
from bayescale.cli.app import app
from bayescale.laws import CATALOGUE, Law

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)


def test_the_command_line_page_has_the_help_of_every_command():
    page = importlib.import_module("make_cli").cli_page()
    for name, command in typer.main.get_command(app).commands.items():
        assert f"\n## bayescale {name}\n" in page
        assert all(option in page for parameter in command.params for option in parameter.opts if option[0] == "-")
    assert max(map(len, page.splitlines())) <= 120


def test_the_api_has_a_page_for_every_public_name():
    pages = importlib.import_module("make_api").api_pages()
    text = "\n".join(pages.values())
    for name in bayescale.__all__:
        thing = getattr(bayescale, name)
        described = f":: bayescale.{name}\n" in text or f"# bayescale.{name}\n" in text
        assert described or name in ("data", "decisions"), name
        assert callable(thing) or f":: bayescale.{name}\n" not in text
    assert all(f":: bayescale.laws.{law.__name__}\n" not in text for law in CATALOGUE if law is not Law)
    toctree = pages["api/index.md"]
    assert all(page.removeprefix("api/").removesuffix(".md") in toctree for page in pages if page != "api/index.md")


def test_links_lead_to_the_same_file_from_where_a_page_is_shown():
    site = importlib.import_module("make_site")
    text = "[a](docs/costs.md) [b](benchmarks/RESULTS.md#times) [c](CITATION.cff) [d](https://x.y/z.md) [e](#notation)"
    assert site.relinked(text, "README.md", "readme.md") == (
        "[a](../costs.md) [b](benchmarks/results.md#times) [c](../../CITATION.cff) [d](https://x.y/z.md) [e](#notation)"
    )
    assert site.relinked_in_place("[r](../benchmarks/RESULTS.md)", DOCS) == "[r](generated/benchmarks/results.md)"
    assert all((site.ROOT / source).exists() for source in site.PAGES)


def test_a_page_that_the_index_does_not_name_is_listed(tmp_path, monkeypatch):
    site = importlib.import_module("make_site")
    monkeypatch.setattr(site, "DOCS", tmp_path)
    for name in ("index", "costs", "add_a_law", "follow"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    assert site.with_other_pages("\ncosts\nadd_a_law\n\nmore\n") == "\ncosts\nadd_a_law\nfollow\n\nmore\n"


def test_the_index_names_pages_that_exist():
    lines = (DOCS / "index.md").read_text("utf-8").splitlines()
    names = [line for line in lines if line and " " not in line and not line.startswith(("#", "`", ":", "generated/"))]
    assert len(names) > 20
    assert [name for name in names if not (DOCS / f"{name}.md").exists()] == []
