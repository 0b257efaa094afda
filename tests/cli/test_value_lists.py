"""Several values after one option."""

from __future__ import annotations

import pytest

from bayescale.cli.value_lists import spread


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fit.nc --compute 1e21 1e23", "fit.nc --compute 1e21 --compute 1e23"),
        ("--compute 1e21 1e23 fit.nc", "--compute 1e21 --compute 1e23 fit.nc"),
        ("--compute 1e21 --group dense 1e23", "--compute 1e21 --group dense 1e23"),
        ("--compute=1e21 1e23", "--compute=1e21 --compute 1e23"),
        ("--compute -1 -2", "--compute -1 --compute -2"),
        ("--columns loss=l params=n runs.csv", "--columns loss=l --columns params=n runs.csv"),
        ("--columns loss=l --compute=1", "--columns loss=l --compute=1"),
        ("--compute 1 -- 2", "--compute 1 -- 2"),
        ("--group 1 2", "--group 1 2"),
        ("--compute", "--compute"),
    ],
)
def test_values_that_follow_a_repeatable_option_belong_to_it(words, expected):
    assert spread(words.split(), {"--compute", "--columns"}) == expected.split()
