"""Write ``bayescale/__init__.pyi``, what type checkers read, from the names that ``bayescale/__init__.py`` hands on.

``python tools/write_stub.py`` writes it; a test says when that is due. At run time names are imported on first use,
which type checkers cannot follow.
"""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "bayescale"
STUB = PACKAGE / "__init__.pyi"
HEAD = "# What type checkers read instead of __init__.py; written by tools/write_stub.py.\n__version__: str\n"


def stub() -> str:
    """Return the text of the stub."""
    call = next(
        node
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "attach"
    )
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    sources = {"": given["submodules"], **given["submod_attrs"]}
    lines = [
        f"from bayescale{f'.{module}' * bool(module)} import {name} as {name}"
        for module, names in sources.items()
        for name in names
    ]
    return HEAD + "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
    print(STUB)
