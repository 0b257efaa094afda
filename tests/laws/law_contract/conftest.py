"""The contract is tried in double precision."""

from __future__ import annotations

import jax
import pytest


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield
