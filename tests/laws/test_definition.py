"""A saved fit recognises its law and noise by what the model depends on, and by nothing else."""

from __future__ import annotations

import pytest

from bayescale.laws import CATALOGUE, definition_hash, find_law
from bayescale.models import NOISES

OWN = '''
from functools import cached_property
from jax import Array, jit
from jax import numpy as jnp
from bayescale.costs import Cost
from bayescale.language.declare import PooledCoordinate, anchor, derived, parameter
from bayescale.language.priors import LogNormal, Normal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Law

POWER = 1.0

@jit
def falling(x, power):
    """How the loss falls."""
    return x ** -power

class Base(Law, abstract=True):
    """What laws share."""

    def gap(self, N):
        return self.A * falling(N / self.N0, self.steepness)

    @cached_property
    def steepness(self):
        return self.alpha * 1

class Own(Base):
    """A law of one\'s own."""

    name = "own"
    cites = ()
    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token", between=0.4)
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0))
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N")

    pooled = (
        PooledCoordinate("level", "log of the loss at N0", 0.4),
        PooledCoordinate("share", "log of A / E", 0.3),
        PooledCoordinate("alpha", "log of the exponent", 0.3),
    )

    def __call__(self, N: Size, D: Tokens) -> Loss:
        """The formula."""
        # Size only.
        both = self.E + self.gap(N)
        if POWER:
            both = both + 0.0 * D
        return both ** POWER

    def textbook(self):
        return self.replace(A=self.A * self.N0**self.alpha, N0=1.0)

    @staticmethod
    def pool(logs):
        E, A, alpha = logs
        return jnp.stack([jnp.logaddexp(E, A), A - E, alpha])

    @staticmethod
    def unpool(coordinates):
        level, share, alpha = coordinates
        E = level - jnp.logaddexp(0.0, share)
        return jnp.stack([E, E + share, alpha])

    @derived("twice the exponent")
    def twice(self):
        return 2 * self.alpha

    def optimum(self, compute, cost: Cost):
        return None
'''


@pytest.fixture
def hashed(tmp_path):
    """The hash of the law with some text of it changed."""

    def of(old: str = "", new: str = "") -> str:
        assert old in OWN
        (tmp_path / "own.py").write_text(OWN.replace(old, new) if old else OWN)
        return definition_hash(find_law(f"{tmp_path / 'own.py'}:Own"))

    return of


SAME = {
    "a comment": ("# Size only.", "# Size alone, whatever the tokens are."),
    "a comment less": ("        # Size only.\n", ""),
    "a docstring": ('"""The formula."""', '"""Another description,\n        in two lines."""'),
    "no docstring": ('        """The formula."""\n', ""),
    "the description of the law": ("A law of one's own", "The law of this group"),
    "the docstring of what it calls": ("How the loss falls", "A power law"),
    "spaces": ("self.E + self.gap(N)", "self.E  +  self.gap( N )"),
    "deeper indentation": ("            both = both + 0.0 * D", "                both = both + 0.0 * D"),
    "an empty line": ("        both = self.E", "\n        both = self.E"),
    "a description of a parameter": ("irreducible loss", "what is left"),
    "a unit": ('unit="nats/token"', 'unit="nat/token"'),
    "a declared prior of the same support": ("LogNormal(1.7, 0.35)", "LogNormal(1.5, 0.2)"),
    "a description of a coordinate": ("log of A / E", "share of size"),
    "another derived quantity": (
        "    def optimum",
        '    @derived("thrice")\n    def thrice(self):\n        return 3 * self.alpha\n\n    def optimum',
    ),
    "the formula of a derived quantity": ("2 * self.alpha", "self.alpha + self.alpha"),
    "an optimum": ("return None", "return compute, compute"),
    "a reference": ("cites = ()", 'cites = ("kaplan2020scaling",)'),
}
OTHER = {
    "the formula": ("+ 0.0 * D", "+ 0.1 * D"),
    "a line that moves out of its block": (
        "            both = both + 0.0 * D",
        "            pass\n        both = both + 0.0 * D",
    ),
    "a method that the formula calls": ("self.N0, self.steepness)", "self.N0, 2 * self.steepness)"),
    "a property that the formula uses": ("self.alpha * 1", "self.alpha * 2"),
    "a function that the formula calls": ("x ** -power", "x ** -(power + 1)"),
    "a number that the formula uses": ("POWER = 1.0", "POWER = 1.5"),
    "the textbook form": ("self.N0**self.alpha", "self.N0**-self.alpha"),
    "the map to coordinates": ("A - E, alpha]", "E - A, alpha]"),
    "the map back": ("E + share", "E - share"),
    "the name": ('name = "own"', 'name = "my"'),
    "the name of a parameter": ("alpha", "gamma"),
    "a support": ("prior=LogNormal(0.4, 0.4)", "prior=Normal(0.4, 0.4)"),
    "the scale between families": ("between=0.4", "between=0.5"),
    "the scale of a coordinate": ('"log of A / E", 0.3', '"log of A / E", 0.2'),
    "the name of a coordinate": ('"share"', '"size_share"'),
    "the pooling of a parameter": ("prior=LogNormal(0.4, 0.4)", 'prior=LogNormal(0.4, 0.4), pooling="complete"'),
    "the column of an argument": ("Loss, Size, Tokens", "Loss, Size, UniqueTokens as Tokens"),
}


@pytest.mark.parametrize("what", SAME)
def test_what_the_model_does_not_depend_on_does_not_change_the_hash(what, hashed):
    assert hashed(*SAME[what]) == hashed()


@pytest.mark.parametrize("what", OTHER)
def test_what_the_model_depends_on_changes_the_hash(what, hashed):
    assert hashed(*OTHER[what]) != hashed()


def test_laws_and_noises_are_told_apart():
    hashes = [definition_hash(one) for one in (*CATALOGUE, *NOISES)]
    assert len(set(hashes)) == len(hashes)
    assert all(len(one) == 64 for one in hashes)


def test_a_law_of_an_interactive_session_has_a_hash_of_its_formula(hashed):
    """Its source is nowhere; the compiled code stands for it."""
    found = []
    for text in (OWN, OWN.replace("The formula.", "A formula."), OWN.replace("0.0 * D", "0.1 * D")):
        scope: dict = {"__name__": "__main__"}
        exec(compile(text, "<stdin>", "exec", dont_inherit=True), scope)
        found.append(definition_hash(scope["Own"]))
    assert found[0] == found[1] != found[2]
