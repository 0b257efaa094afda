"""Printed formulas say what the code computes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.optimize import brentq

from bayescale.laws import formula

from .designs import design, one_draw, prior_draws
from .marks import every_law


@every_law
def test_the_printed_formula_computes_what_the_code_computes(law):
    """The Unicode formula, read as arithmetic, gives the law's value."""
    left, _, right = formula(law).partition(" = ")
    assert left == f"{plain(law.response.symbol)}({', '.join(plain(q.symbol) for q in law.arguments.values())})"
    one, inputs = one_draw(prior_draws(law, 1), 0), {n: v[0] for n, v in design(law, 1).items()}
    words = {plain(d.symbol): float(getattr(one, d.name)) for d in (*law.parameters, *law.anchors)}
    words |= {plain(law.arguments[n].symbol): float(v) for n, v in inputs.items()}
    code = right.replace("·", "*").replace("^", "**")
    values = {}
    for i, word in enumerate(sorted(words, key=len, reverse=True)):
        code = re.sub(rf"(?<![\w₀]){re.escape(word)}(?![\w₀])", f"v{i}_", code)
        values[f"v{i}_"] = words[word]
        assert f"v{i}_" in code, f"{word} is not in {right}"
    names = values | {"exp": np.exp, "expm1": np.expm1, "log": np.log, "min": min, "max": max, "share": share_between}
    assert eval(code, {"__builtins__": {}}, names) == pytest.approx(float(one(**inputs)), rel=1e-10)


def share_between(ratio: float, alpha: float) -> float:
    """What the page of M4 says of it: the u between 0 and 1 at which u / (1 - u)^alpha is the ratio."""
    return float(brentq(lambda u: u - ratio * (1 - u) ** alpha, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def plain(latex: str) -> str:
    from bayescale.language.latex import plain_symbol

    return plain_symbol(latex)


@every_law
def test_the_latex_formula_is_balanced_and_has_every_symbol(law):
    text = formula(law, latex=True)
    assert text.count("{") == text.count("}")
    assert text.count(r"\left(") == text.count(r"\right)")
    assert "$" not in text
    for declared in (*law.parameters, *law.anchors):
        assert declared.symbol in text
