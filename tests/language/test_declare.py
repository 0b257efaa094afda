"""A law is checked when its class statement is executed, and the message names class, field and remedy."""

from __future__ import annotations

import pytest
from jax import Array

from bayescale.language.declare import PooledCoordinate, anchor, default_symbol, derived, parameter
from bayescale.language.declared import Declared
from bayescale.language.errors import BayescaleError, LawError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import QUANTITIES, Loss, Size, Tokens, quantity_of
from bayescale.laws import Chinchilla, Law
from bayescale.models import NOISES, Noise, Normal

PRIOR = LogNormal(1.0, 1.0)


def refuses(message: str):
    return pytest.raises(LawError, match=f"^{message}$")


def test_an_undeclared_field_is_refused():
    with refuses(
        r"Undeclared\.k is not declared; write k: Array = parameter\('what it means', prior=\.\.\.\) or anchor\('N'\)\."
    ):

        class Undeclared(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)
            k: float = 3.0

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_a_bare_annotation_is_refused():
    with refuses(r"Bare\.E is not declared; .*"):

        class Bare(Law):
            """A law."""

            E: Array

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_a_parameter_without_annotation_is_refused():
    with refuses(r"Plain\.E has no type annotation; write E: Array = parameter\(\.\.\.\), or float for an anchor\."):

        class Plain(Law):
            """A law."""

            E = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_an_anchor_may_stand_before_a_parameter():
    class AnchorFirst(Law):
        """A law."""

        N0: float = anchor("N")
        E: Array = parameter("floor", prior=PRIOR)

        def __call__(self, N: Size) -> Loss:
            return self.E * (N / self.N0) ** -0.1

    assert [p.name for p in AnchorFirst.parameters] == ["E"]
    assert float(AnchorFirst(E=2.0, N0=5.0)(5.0)) == pytest.approx(2.0)


def test_a_law_without_docstring_is_refused():
    with refuses("Silent needs a docstring: its first line is the description in the catalogue."):

        class Silent(Law):
            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_a_law_without_parameters_is_refused():
    with refuses(r"Empty has no parameters; declare them as fields with parameter\(\.\.\.\)\."):

        class Empty(Law):
            """A law."""

            def __call__(self, N: Size) -> Loss:
                return N


def test_a_law_without_formula_is_refused():
    with refuses(r"Mute has no formula; define __call__\(self, N: Size, \.\.\.\) -> Loss\."):

        class Mute(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)


def test_an_argument_without_quantity_is_refused():
    with refuses(r"Vague\.__call__: argument 'D' carries no quantity; annotate it, for example D: Size or D: Tokens\."):

        class Vague(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size, D) -> Loss:
                return self.E


def test_an_argument_that_is_a_plain_number_is_refused():
    with refuses(r"Plain\.__call__: argument 'N' carries no quantity; .*"):

        class Plain(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: float) -> Loss:
                return self.E


def test_a_formula_without_response_is_refused():
    with refuses(r"Open\.__call__ does not say what it returns; annotate it, for example -> Loss\."):

        class Open(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size):
                return self.E


def test_an_annotation_that_was_not_imported_is_refused():
    with refuses(
        r"Lost\.__call__: name 'Sizes' is not defined.*; import the quantity from bayescale\.language\.",
    ):

        class Lost(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Sizes) -> Loss:  # noqa: F821
                return self.E


def test_an_anchor_of_an_unknown_argument_is_refused():
    with refuses(r"Adrift\.U0 anchors 'U', which __call__ does not take; its arguments are N, D\."):

        class Adrift(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)
            U0: float = anchor("U")

            def __call__(self, N: Size, D: Tokens) -> Loss:
                return self.E


def test_a_single_citation_as_text_is_refused():
    with refuses(r"Cited\.cites must be a tuple of BibTeX keys, got the text 'kaplan2020scaling'\."):

        class Cited(Law):
            """A law."""

            cites = "kaplan2020scaling"
            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_a_concrete_law_is_final():
    """It would inherit an optimum, pooled coordinates, published values and citations of another formula."""
    message = (
        r"Bent extends Chinchilla, which is final: what Chinchilla says of itself need not hold for another formula\. "
        r"Write class Bent\(Law\) with fields and __call__ of its own; methods that both need go into "
        r"class Base\(Law, abstract=True\)\."
    )
    with refuses(message):

        class Bent(Chinchilla):
            """Another formula with the same parameters."""

            def __call__(self, N: Size, D: Tokens) -> Loss:
                return self.E + self.A / N**self.alpha

    with refuses(message):

        class Bent(Chinchilla, abstract=True):
            """Nor an abstract one."""


def test_a_concrete_noise_is_final():
    with refuses(r"Wide extends Normal, which is final: .* Write class Wide\(Noise\) with fields .*"):

        class Wide(Normal):
            """A noise of one's own."""


class Shared(Law, abstract=True):
    """What two laws have in common: no fields, so there is nothing to inherit by accident."""

    def doubled(self):
        return 2 * self.E


def test_laws_share_methods_through_an_abstract_base():
    class Floor(Shared):
        """A law."""

        E: Array = parameter("floor", prior=PRIOR)

        def __call__(self, N: Size) -> Loss:
            return self.E

    assert Floor(1.5).doubled() == 3.0
    assert [p.name for p in Floor.parameters] == ["E"]


def test_an_abstract_law_with_fields_is_refused():
    with refuses("Half is abstract and declares 'E'; declare parameters and anchors in the classes that extend it\\."):

        class Half(Law, abstract=True):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)


def test_two_arguments_of_one_quantity_are_refused():
    with refuses(
        r"Twice\.__call__: two arguments are model size \(params\); a table has one column of it, so use one argument\."
    ):

        class Twice(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size, M: Size) -> Loss:
                return self.E


OF_A_LAW = ("name", "values", "at", "optimum", "pooled", "replace", "textbook", "inputs", "cites", "parameters")
TAKEN = """
class Taken(Law):
    \"\"\"A law.\"\"\"

    E: Array = parameter("floor", prior=PRIOR)
    {}

    def __call__(self, N: Size) -> Loss:
        return self.E
"""


@pytest.mark.parametrize("name", OF_A_LAW)
@pytest.mark.parametrize(
    "form",
    [
        '{}: Array = parameter("exponent", prior=PRIOR)',
        '{}: float = anchor("N")',
        'twice = None\n    @derived("twice")\n    def {}(self): return 2.0',
    ],
    ids=["parameter", "anchor", "derived"],
)
def test_names_that_every_law_has_are_refused(name, form):
    with refuses(
        rf"Taken declares '{name}', which Law already has; "
        r"give the parameter, anchor or derived quantity another name\."
    ):
        exec(TAKEN.format(form.format(name)), dict(globals()))


def test_a_name_that_every_noise_has_is_refused():
    with refuses(r"Scaled declares 'scale', which Noise already has; .*"):

        class Scaled(Noise):
            """A noise."""

            scale: Array = parameter("scale of log loss", prior=PRIOR)

            def __call__(self, log_loss, measurement_sd):
                return None


def test_a_parameter_at_an_anchor_says_so():
    law = Chinchilla.parameters
    assert [(p.name, p.at) for p in law if p.at] == [("A", ("N0",)), ("B", ("D0",))]
    assert law[1].meaning == "loss from finite size at N0"
    assert law[1].textbook_meaning == "loss from finite size at N0 = 1"
    assert law[0].meaning == law[0].textbook_meaning == "irreducible loss"
    both = parameter("loss from both", prior=PRIOR, at=("N0", "D0")).metadata["declared"]
    assert (both.meaning, both.textbook_meaning) == (
        "loss from both at N0 and D0",
        "loss from both at N0 = 1 and D0 = 1",
    )


def test_a_parameter_at_an_unknown_anchor_is_refused():
    with refuses(r"Lost\.E is declared at 'M0', which is no anchor of it; its anchors are N0\."):

        class Lost(Law):
            """A law."""

            E: Array = parameter("floor", at="M0", prior=PRIOR)
            N0: float = anchor("N")

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_evaluating_without_a_column_is_answered_with_what_is_needed():
    law = Chinchilla(1.8, 0.4, 0.5, 0.35, 0.36)
    with refuses(
        r"The law 'chinchilla' needs tokens, got params, token; write law\.at\(params=\.\.\., tokens=\.\.\.\)\."
    ):
        law.at(params=1e9, token=2e10)
    with refuses(r"The law 'chinchilla' needs params and tokens, got nothing; .*"):
        law.at()
    assert law.at(params=1e9, tokens=2e10, loss=3.0) == law(N=1e9, D=2e10)


COORDINATES = [
    (
        (PooledCoordinate("level", "log loss", 0.3),),
        r"Pooled\.pooled must be 2 PooledCoordinate.*; got 1 named level\.",
    ),
    (
        (PooledCoordinate("level", "log loss", 0.3),) * 2,
        r"Pooled\.pooled must be 2 PooledCoordinate\(\.\.\.\) with different names, one per parameter; "
        r"got 2 named level, level\.",
    ),
    (("level", "share"), r"Pooled\.pooled must be 2 PooledCoordinate.*; got 2\."),
]


@pytest.mark.parametrize(("coordinates", "message"), COORDINATES, ids=["too few", "one name twice", "words"])
def test_pooled_coordinates_are_one_per_parameter(coordinates, message):
    with refuses(message):

        class Pooled(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)
            b: Array = parameter("exponent", prior=PRIOR)
            pooled = coordinates

            def __call__(self, N: Size) -> Loss:
                return self.E


def test_a_map_to_coordinates_without_coordinates_is_refused():
    with refuses(r"Mapped has pool or unpool but names no coordinates; declare them as pooled = \(\.\.\.\)\."):

        class Mapped(Law):
            """A law."""

            E: Array = parameter("floor", prior=PRIOR)

            def __call__(self, N: Size) -> Loss:
                return self.E

            @staticmethod
            def pool(logs):
                return logs


def test_a_prior_that_is_none_is_refused():
    with refuses(r"parameter\('floor'\) needs prior=LogNormal\(\.\.\.\) or another Prior, got \(1\.7, 0\.35\)\."):
        parameter("floor", prior=(1.7, 0.35))


@pytest.mark.parametrize("doc", ["", "  ", None, 3])
def test_a_parameter_without_description_is_refused(doc):
    with refuses(r"parameter\(\.\.\.\) needs a description in words as its first argument\."):
        parameter(doc, prior=PRIOR)


def test_an_unknown_pooling_of_a_parameter_is_refused():
    with refuses(r"parameter\('floor'\): pooling must be None or 'complete', got 'half'\."):
        parameter("floor", prior=PRIOR, pooling="half")


def test_errors_are_value_errors_of_the_package():
    assert issubclass(LawError, BayescaleError)
    assert issubclass(BayescaleError, ValueError)


class Good(Law):
    """A law that declares everything once."""

    alpha_N: Array = parameter("size exponent", prior=PRIOR, unit="1")
    N0: float = anchor("N")

    def __call__(self, N: Size) -> Loss:
        return (N / self.N0) ** -self.alpha_N

    @derived("twice the exponent", unit="1")
    def twice(self):
        """Its formula."""
        return 2 * self.alpha_N


def test_a_declaration_is_read_off_the_class():
    assert Good.name == "good"
    assert [(p.name, p.doc, p.unit, p.symbol) for p in Good.parameters] == [
        ("alpha_N", "size exponent", "1", r"\alpha_{N}")
    ]
    assert [(a.name, a.argument) for a in Good.anchors] == [("N0", "N")]
    assert [(d.name, d.doc, d.unit) for d in Good.derived_quantities] == [("twice", "twice the exponent", "1")]
    assert Good.inputs() == ("params",)
    assert Good.response is QUANTITIES["loss"]
    assert Good.cites == ()
    assert not Good.published


def test_an_instance_prints_its_values():
    assert repr(Good(0.3, N0=1e9)) == "Good(alpha_N=0.3, N0=1e+09)"
    assert Good(0.3).twice == 0.6
    assert Good(0.3).N0 == 1.0


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)
def test_noises_are_declared_in_the_same_idiom(noise):
    assert issubclass(noise, Declared)
    assert noise.scale in [p.name for p in noise.parameters]
    assert all(p.doc and p.symbol for p in noise.parameters)


def test_symbols_follow_from_names():
    assert default_symbol("beta") == r"\beta"
    assert default_symbol("L_N") == "L_{N}"


def test_quantities_are_found_in_annotations():
    assert quantity_of(Size) is QUANTITIES["params"]
    assert quantity_of(float) is None
