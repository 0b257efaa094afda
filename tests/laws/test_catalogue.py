"""Laws are found by name, class or file; what is not found is answered with a sentence."""

from __future__ import annotations

import re

import pytest

from bayescale.language.errors import LawError
from bayescale.laws import CATALOGUE, Chinchilla, KaplanND, Law, citation, find_law, law_source_hash

OWN = '''
from jax import Array
from bayescale.language.declare import parameter
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size
from bayescale.laws import Law

class Repeated(Law):
    """A law of one's own."""
    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35))
    def __call__(self, N: Size) -> Loss:
        return self.E + 0.0 * N
'''


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "my_laws.py"
    path.write_text(OWN)
    return path


@pytest.mark.parametrize("law", CATALOGUE, ids=lambda law: law.name)
def test_a_law_is_found_by_name_and_class(law):
    assert find_law(law.name) is law
    assert find_law(law) is law
    assert find_law(f" {law.name.upper().replace('-', '_')} ") is law


def test_names_are_unique():
    assert len({law.name for law in CATALOGUE}) == len(CATALOGUE)


def test_a_law_is_found_in_a_file(own_file):
    law = find_law(f"{own_file}:Repeated")
    assert issubclass(law, Law)
    assert law.name == "repeated"
    assert law.inputs() == ("params",)
    assert len(law_source_hash(law)) == 64


def refuses(asked, message: str) -> None:
    with pytest.raises(LawError, match=r"^" + message + "$"):
        find_law(asked)


def test_a_misspelt_name_is_answered_with_the_nearest():
    refuses(
        "chinchila",
        r"There is no law 'chinchila' in the catalogue \(chinchilla, kaplan-nd.*\)\. Did you mean 'chinchilla'\? "
        r"Your own law is named by file and class, my_laws\.py:MyLaw\.",
    )


def test_a_strange_name_is_answered_with_the_catalogue():
    refuses("zzz", r"There is no law 'zzz' in the catalogue \(.*\)\. Your own law is named by file and class, .*\.")


def test_something_that_is_no_name():
    refuses(3, "law must be a name or a Law class, got int.")
    refuses(int, "law must be a name or a Law class, got type.")


def test_a_missing_file(tmp_path):
    path = f"{tmp_path}/none.py"
    refuses(f"{path}:Law", f"There is no file '{re.escape(path)}' to take the law 'Law' from.")


def test_a_missing_class_is_answered_with_what_the_file_has(own_file):
    refuses(f"{own_file}:Other", rf"{re.escape(str(own_file))} defines no law 'Other'; it has Repeated\.")
    own_file.write_text("x = 1\n")
    refuses(f"{own_file}:x", rf"{re.escape(str(own_file))} defines no law 'x'; it has none\.")


def test_an_unknown_reference():
    with pytest.raises(
        LawError, match=r"^There is no reference 'nobody1999'; the bibliography has hoffmann2022training"
    ):
        citation("nobody1999")


def test_the_source_hash_tells_laws_apart():
    assert law_source_hash(Chinchilla) == law_source_hash(Chinchilla)
    assert law_source_hash(Chinchilla) != law_source_hash(KaplanND)
