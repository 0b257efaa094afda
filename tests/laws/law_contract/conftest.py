"""The contract is tried in double precision."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _double_precision(double_precision):
    pass
