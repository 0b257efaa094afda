"""Pages of checks, priors, codes and records are what the package says now, and leave nothing out."""

from __future__ import annotations

import ast
import importlib
import runpy
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

import bayescale
from bayescale.data.suspicions import SUSPICIONS
from bayescale.language import errors

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)
PAGES = ("make_checks", "make_priors", "make_records", "make_troubleshooting")


def made(script: str) -> dict:
    return runpy.run_path(str(DOCS / f"{script}.py"))


@pytest.mark.parametrize("script", PAGES)
def test_the_page_is_up_to_date(script):
    page = made(script)
    assert page["PATH"].read_text("utf-8") == page["page"](), f"run docs/{script}.py"


def first_arguments(*functions: str) -> Iterator[tuple[str, str]]:
    """Module and first argument of every call of these functions in the package; ``*`` stands for what varies."""
    root = Path(bayescale.__file__).parent
    for path in root.rglob("*.py"):
        module = ".".join(("bayescale", *path.relative_to(root).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in functions:
                yield from ((module, word) for word in words_of(node.args[0], module))


def words_of(node: ast.expr, module: str) -> list[str]:
    """The text of an argument: a literal, a formatted one, or a constant of the module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)]
    value = getattr(importlib.import_module(module), node.id, None) if isinstance(node, ast.Name) else None
    return [value] if isinstance(value, str) else []


def checks_of_the_package() -> set[str]:
    return {word for _, word in first_arguments("Check", "judged", "_check", "p_check", "_least", "_most")}


def test_every_check_of_the_package_has_its_words():
    page = made("make_checks")
    documented = {name for rows in page["SECTIONS"].values() for name in rows}
    found = checks_of_the_package()
    assert len(found) > 20  # or else the search finds nothing
    assert found == documented


def test_the_checks_of_a_fit_are_on_the_page(pile_fit):
    assert {check.name for check in pile_fit.checks.checks} <= set(made("make_checks")["FIT"])


def codes_of_the_package() -> set[str]:
    return {*SUSPICIONS, *(word for _, word in first_arguments("DataWarning", "SettingsWarning"))}


def test_every_code_of_the_package_has_its_remedy():
    page = made("make_troubleshooting")
    assert {*page["TABLES"], *page["SETTINGS"]} == codes_of_the_package()
    assert "prior-at-anchor" in codes_of_the_package()


def test_every_error_has_its_remedy():
    classes = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    raised = {kind for kind in classes if issubclass(kind, errors.BayescaleError)} - {errors.BayescaleError}
    assert set(made("make_troubleshooting")["ERRORS"]) == raised


def test_every_code_that_a_message_names_is_a_code():
    """Codes are spelled once in code; a page that names another one misleads."""
    known = codes_of_the_package()
    for page in ("troubleshooting.md", "migrate_from_chinchilla.md"):
        named = {word for word in (DOCS / page).read_text("utf-8").split("`") if word in known or "looks-like" in word}
        assert named <= known


def test_a_prior_of_a_new_kind_needs_a_role():
    from importlib import import_module

    roles = import_module("prior_roles")
    assert roles.role_of("size exponent").title == "Exponents"
    with pytest.raises(LookupError, match="no role"):
        roles.role_of("phase of the moon")


@pytest.mark.parametrize("name", ["residuals-params", "drift-alpha"])
def test_checks_whose_names_vary_are_found_by_their_pattern(name):
    assert [known for known in made("make_checks")["REVIEW"] if fnmatch(name, known)]
