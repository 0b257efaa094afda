"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import bayescale


def modules() -> list[str]:
    walked = pkgutil.walk_packages(bayescale.__path__, "bayescale.")
    return [module.name for module in walked if not module.name.endswith("__main__")]


def test_examples_in_docstrings_run():
    failed, tried = {}, 0
    for name in modules():
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
        tried += result.attempted
        if result.failed:
            failed[name] = result.failed
    assert not failed, f"examples that do not print what they say, by module: {failed}"
    assert tried > 0
