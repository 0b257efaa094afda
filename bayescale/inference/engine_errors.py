"""Errors of JAX while a model is traced or sampled, as this package words them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax

from bayescale.language.errors import FitError, LawError
from bayescale.laws import Law


@contextmanager
def engine_errors(law: type[Law]) -> Iterator[None]:
    """Say what to do where JAX says what it could not do.

    Args:
        law: that is fitted.

    Raises:
        LawError: its formula asks an array whether it is true.
        FitError: there is not enough memory.
    """
    try:
        yield
    except jax.errors.ConcretizationTypeError as error:
        raise LawError(
            f"{law.__name__}: the formula asks whether a value is true, or wants it as a Python number; inputs and "
            "parameters are arrays while it is traced. In place of if, min and max take where, minimum and maximum of "
            "bayescale.laws.namespace.namespace(...)."
        ) from error
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise FitError(
            "There is not enough memory for this fit; take fewer rows, families or draws, or fit families one by one "
            "with fit_many."
        ) from error
