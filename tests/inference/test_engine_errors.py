"""What JAX cannot do is said with what to do about it."""

from __future__ import annotations

import jax
import pytest

from bayescale.inference.engine_errors import engine_errors
from bayescale.language.errors import FitError
from bayescale.laws import Chinchilla


def test_a_lack_of_memory_says_what_takes_less():
    message = (
        r"^There is not enough memory for this fit; take fewer rows, families or draws, or fit families one by one "
        r"with fit_many\.$"
    )
    with pytest.raises(FitError, match=message), engine_errors(Chinchilla):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1099511627776 bytes.")


def test_other_errors_of_the_runtime_are_left_as_they_are():
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"), engine_errors(Chinchilla):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")
