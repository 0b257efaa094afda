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
