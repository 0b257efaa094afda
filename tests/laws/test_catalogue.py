"""Laws are found by name, class or file; what is not found is answered with a sentence."""

from __future__ import annotations

import inspect
import re
import sys

import pytest

from bayescale.language.errors import LawError
from bayescale.laws import CATALOGUE, Law, citation, definition_hash, find_law

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
    assert len(definition_hash(law)) == 64


def refuses(asked, message: str) -> None:
    with pytest.raises(LawError, match=r"^" + message + "$"):
        find_law(asked)


def test_a_misspelt_name_is_answered_with_the_nearest():
    refuses(
        "chinchila",
        r"There is no law 'chinchila' in the catalogue\. Did you mean 'chinchilla'\? There are chinchilla, "
        r".*kaplan-nd.*\. "
        r"Your own law is named by file and class, my_laws\.py:MyLaw\.",
    )


def test_a_strange_name_is_answered_with_the_catalogue():
    refuses(
        "zzz", r"There is no law 'zzz' in the catalogue\. There are .*\. Your own law is named by file and class, .*\."
    )


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


def test_the_same_file_gives_the_same_class(own_file, monkeypatch):
    """Compiled models are shared by class, and a fit's law is one class however often it is named."""
    law = find_law(f"{own_file}:Repeated")
    assert find_law(f"{own_file}:Repeated") is law
    monkeypatch.chdir(own_file.parent)
    assert find_law("my_laws.py:Repeated") is law


def test_an_edited_file_gives_the_new_law_at_once(own_file):
    """Even one edited within the clock's resolution to the same length; the old class stays what it was."""
    old = find_law(f"{own_file}:Repeated")
    before = definition_hash(old)
    own_file.write_text(OWN.replace("0.0 * N", "9.0 * N"))
    new = find_law(f"{own_file}:Repeated")
    assert new is not old
    assert (float(old(1.0)(2.0)), float(new(1.0)(2.0))) == (1.0, 19.0)
    assert definition_hash(old) == before != definition_hash(new)
    own_file.write_text(OWN)
    assert find_law(f"{own_file}:Repeated") is old


def test_files_of_one_name_in_two_folders_do_not_disturb_each_other(own_file, tmp_path):
    other_file = tmp_path / "elsewhere" / own_file.name
    other_file.parent.mkdir()
    other_file.write_text(OWN.replace("irreducible", "inevitable"))
    law, other = (find_law(f"{path}:Repeated") for path in (own_file, other_file))
    assert law.__module__ != other.__module__
    assert [one.parameters[0].doc for one in (law, other)] == ["irreducible loss", "inevitable loss"]
    for one, path in ((law, own_file), (other, other_file)):
        assert sys.modules[one.__module__].__file__ == str(path)
        assert inspect.getsourcefile(one) == str(path)


def test_a_file_that_cannot_be_run_leaves_nothing_behind(own_file):
    own_file.write_text("nothing.at.all\n")
    before = set(sys.modules)
    refuses(f"{own_file}:Repeated", rf"{re.escape(str(own_file))} cannot be run: NameError: name 'nothing' .*\.")
    assert set(sys.modules) == before
    assert [path.name for path in own_file.parent.iterdir()] == [own_file.name]
