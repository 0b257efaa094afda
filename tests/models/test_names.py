"""Names that two variables of a model would share are refused when it is built."""

from __future__ import annotations

from typing import Any

import pytest
from jax import Array

from bayescale.language.declare import PooledCoordinate, derived, parameter
from bayescale.language.errors import LawError, SettingsError
from bayescale.language.priors import LogNormal
from bayescale.language.quantities import Loss, Size
from bayescale.laws import Law
from bayescale.models import Pooling, StudentT, build_model
from bayescale.models.names import ENDINGS, RESERVED

PRIOR = LogNormal(1.0, 1.0)
NAMED = """
class Named(Law):
    \"\"\"A law.\"\"\"

    E: Array = parameter("floor", prior=PRIOR)
    {}

    def __call__(self, N: Size) -> Loss:
        return self.E
"""


def define(text: str) -> type[Law]:
    words = (Array, Law, Loss, PooledCoordinate, Size, derived, parameter)
    names = ("Array", "Law", "Loss", "PooledCoordinate", "Size", "derived", "parameter")
    scope: dict[str, Any] = {"__name__": __name__, "PRIOR": PRIOR, **dict(zip(names, words, strict=True))}
    exec(NAMED.format(text), scope)
    return scope["Named"]


def build(law: type[Law]):
    return build_model(law, noise=StudentT, pooling=Pooling("complete"))


@pytest.mark.parametrize("name", [*sorted(RESERVED), *(f"gap{ending}" for ending in ENDINGS)])
@pytest.mark.parametrize("what", ["parameter", "derived"])
def test_names_of_the_variables_of_a_fit_are_refused(what, name):
    texts = {
        "parameter": f'{name}: Array = parameter("exponent", prior=PRIOR)',
        "derived": f'twice = None\n    @derived("twice")\n    def {name}(self): return 2 * self.E',
    }
    message = (
        rf"^Named declares '{name}'; names that end in _population, _between, _family and the names .* rename it\.$"
    )
    with pytest.raises(LawError, match=message):
        build(define(texts[what]))


@pytest.mark.parametrize("name", ["sigma", "nu"])
def test_a_derived_quantity_named_like_a_parameter_of_the_noise_is_refused(name):
    law = define(f'twice = None\n    @derived("twice")\n    def {name}(self): return 2 * self.E')
    message = f"^The law named and the noise student-t both have a '{name}'; rename the law's.$"
    with pytest.raises(SettingsError, match=message):
        build(law)


def test_a_coordinate_named_like_a_parameter_of_the_noise_is_refused():
    """Both sds would be called sigma_between."""
    with pytest.raises(SettingsError, match=r"^The law named and the noise student-t both have a 'sigma'; .*$"):
        build(define('pooled = (PooledCoordinate("sigma", "log of E", 0.3),)'))


def test_a_coordinate_may_be_called_level():
    build(define('pooled = (PooledCoordinate("level", "log of E", 0.3),)'))
