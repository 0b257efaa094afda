"""Every work that a docstring cites is in the bibliography."""

from __future__ import annotations

import re
from pathlib import Path

import bayescale
from bayescale.laws.references import bibliography

PLACES = (Path(bayescale.__file__).parent, Path(__file__).parent)
# Surname, year and the first word of the title, the way in which all keys are made.
KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]+\b")


def test_every_key_in_code_and_tests_is_in_the_bibliography():
    cited: dict[str, str] = {}
    for file in (file for place in PLACES for file in place.rglob("*.py") if file != Path(__file__)):
        cited |= dict.fromkeys(KEY.findall(file.read_text("utf-8")), file.name)
    assert len(cited) > 10
    missing = {key: file for key, file in cited.items() if key not in bibliography()}
    assert missing == {}


def test_entries_are_whole_and_stand_once():
    text = (Path(bayescale.__file__).parent / "laws" / "references.bib").read_text("utf-8")
    entries = [entry for entry in re.split(r"(?m)^(?=@)", text) if entry.strip()]
    assert [entry[:40] for entry in entries if entry.count("{") != entry.count("}")] == []
    assert len(entries) == len(bibliography())
    for field in ("title", "author", "year"):
        assert [key for key, entry in bibliography().items() if not re.search(rf"(?m)^\s*{field}\s*=", entry)] == []
