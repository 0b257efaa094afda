"""Names of data do nothing in any output of a report, whatever they hold."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "bdi", "nav", "ol", "ul", "li",
    "main", "section", "p", "div", "strong", "dl", "dt", "dd", "figure", "figcaption", "table", "thead", "tbody", "tr",
    "th", "td", "pre", "code", "span", "footer", "svg", "g", "path", "use", "defs", "clippath", "rect", "pattern",
    "math", "mrow", "mi", "mo", "mn", "mfrac", "msup", "msub", "msqrt",
}  # fmt: skip
TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Seen(HTMLParser):
    """Every element and attribute of a page, and where ids are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def page(hostile_report):
    seen = Seen()
    seen.feed(hostile_report.html.read_text("utf-8"))
    return seen


def test_the_page_has_no_element_that_a_name_has_made(page):
    assert page.tags <= ALLOWED, page.tags - ALLOWED
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_the_names_are_on_the_page_as_they_stand(hostile_report):
    text = hostile_report.html.read_text("utf-8")
    assert "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;" in text
    assert "\\input{/etc/passwd}" in text
    assert "שלום" in text
    assert "{{ 7*7 }}" in text
    assert "<title>two lines turned &lt;b&gt;bold&lt;/b&gt; \\end{document} 100%</title>" in text


def test_no_text_turns_the_direction_of_a_line(hostile_report):
    for path in hostile_report.folder.rglob("*"):
        if path.suffix in (".html", ".tex", ".bib"):
            assert not TURNS.search(path.read_text("utf-8")), path


def test_the_page_loads_nothing_and_may_load_nothing(page):
    policy = next(value for tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "script" not in policy
    targets = [value for _, name, value in page.attributes if name in ("href", "src", "xlink:href", "srcset", "data")]
    assert targets
    assert all(value.startswith("#") for value in targets), targets
    styles = [value for _, name, value in page.attributes if name in ("style", "clip-path", "fill")]
    assert not [value for value in styles if re.search(r"url\((?!#)", value)]


def test_no_two_elements_share_an_id_and_every_link_leads_somewhere(page):
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    labels = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert wanted | labels <= set(ids)


def test_latex_has_no_command_that_a_name_has_brought(hostile_report):
    for path in hostile_report.latex.rglob("*.tex"):
        text = path.read_text("utf-8")
        assert "\\input{/etc" not in text, path
        assert "<script>" not in text, path
        assert text.count("\\end{document}") == (path.name == "report.tex"), path


def test_file_names_are_plain(hostile_report):
    for path in hostile_report.folder.rglob("*"):
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z]+)?", path.name), path


def test_the_card_is_json_in_ascii_with_the_names_as_they_are(hostile_report):
    raw = (hostile_report.folder / "card.json").read_bytes()
    assert raw.isascii()
    groups = {row["group"] for row in json.loads(raw)["fits"][0]["parameters"]}
    assert any(name.startswith("<script>") for name in groups)
