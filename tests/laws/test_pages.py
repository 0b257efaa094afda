"""The pages of laws on a terminal."""

from __future__ import annotations

import pytest

from bayescale.cli import main
from bayescale.laws import CATALOGUE


def printed(capsys, *words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["laws", *words])
    assert not stop.value.code
    return capsys.readouterr().out


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_the_list_is_grouped_by_inputs_and_fits_80_columns(capsys):
    out = printed(capsys)
    assert max(map(len, out.splitlines())) <= 80
    groups = [line for line in out.splitlines() if line.startswith("From ")]
    assert len(groups) == len(set(groups)) == len({(law.inputs(), law.response.name) for law in CATALOGUE})
    for law in CATALOGUE:
        assert f"From {', '.join(law.inputs())} to {law.response.name} " in flat(out)
        assert f"{law.name}: {law.__doc__.splitlines()[0]} [{', '.join(law.cites)}]" in flat(out)


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_a_page_has_the_words_of_its_law_and_fits_80_columns(law, capsys):
    out = printed(capsys, law.name)
    page, _, references = out.partition("To cite:")
    assert max(map(len, page.splitlines())) <= 80
    for title, words in {
        "Claims": law.claims,
        "Valid for": law.valid,
        "A design needs": law.needs,
        "Usually not identified": law.unidentified,
    }.items():
        assert f"{title}: {words}" in flat(page)
    if law.published:
        assert f"Published values: {', '.join(law.published)}." in flat(page)
    else:
        assert f"No published values: {law.unpublished}" in flat(page)
    assert all(f"{{{key}," in references for key in law.cites)
    assert page.index("Claims") < page.index("parameter  symbol")


def test_with_latex_symbols_and_formula_are_latex(capsys):
    out = printed(capsys, "kaplan-n", "--latex")
    assert r"L(N) = L_{N} \, \left(\frac{N}{N_0}\right)^{-\alpha_{N}}" in out
    assert r" \alpha_{N} " in out
