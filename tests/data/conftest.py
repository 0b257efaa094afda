"""Tables that the tests of reading share."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def clean() -> pd.DataFrame:
    """Two families of six runs each in which nothing is suspicious."""
    rows = []
    for family, level in (("dense", 1.8), ("sparse", 1.6)):
        for params in (1e8, 3e8, 9e8):
            for tokens in (4e9, 6e10):
                loss = level + 400 / params**0.35 + 400 / tokens**0.3
                rows.append({"family": family, "params": params, "tokens": tokens, "loss": loss})
    return pd.DataFrame(rows)


@pytest.fixture
def write(tmp_path):
    """Write bytes or text to a file of a name and return its path."""

    def _write(content: str | bytes, name: str = "runs.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write
