r"""Numbers for manuscripts: a LaTeX file that gives ``\bayescale{chinchilla.alpha}`` its value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bayescale.inference.fit import Fit
from bayescale.inference.monte_carlo import ERRORS
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.language.labels import ALL
from bayescale.show import cells
from bayescale.show.distinct import distinct
from bayescale.show.escape import escape
from bayescale.show.numbers import format_prob

# A key that was not defined stops the compilation instead of leaving a gap in the text.
_DEFINITION = r"""\makeatletter
\DeclareRobustCommand*{\bayescale}[1]{%
  \ifcsname bayescale@#1\endcsname\csname bayescale@#1\endcsname
  \else\PackageError{bayescale}{There is no number #1}{Look it up in this file.}\fi}
"""


def to_macros(fits: Fit | Mapping[str, Fit], *, prob: float = 0.9) -> str:
    r"""Return a LaTeX file of numbers: ``\bayescale{chinchilla.alpha}`` prints a median in running text.

    Every parameter has ``NAME``, its median; ``NAME.interval``; ``NAME.full``, both with the unit and the probability;
    and ``NAME.unit``. ``NAME`` is ``law.parameter``, and ``law.family.parameter`` for what families have of their own.
    Digits follow the Monte-Carlo error. The file needs no package, and works in captions and headings.

    Args:
        fits: a fit, called as its law, or several by the names that their keys begin with.
        prob: probability of the equal-tailed intervals, in (0, 1).

    Raises:
        SettingsError: no fit, names that LaTeX could confuse, or no such probability.
    """
    check_prob(prob)
    named = {fits.law.name: fits} if isinstance(fits, Fit) else dict(fits) if isinstance(fits, Mapping) else {}
    if not named or not all(isinstance(fit, Fit) for fit in named.values()):
        raise SettingsError(f"to_macros takes a fit, or several by name, got {type(fits).__name__}.")
    rows: dict[str, str] = {}
    names = _keys(named)
    for name, fit in named.items():
        table = fit.table(prob=prob, mcse=True)
        families = _keys(table["group"].unique())
        for row in table.to_dict("records"):
            own = "" if row["group"] == ALL or len(families) == 1 else f"{families[row['group']]}."
            rows |= _values(f"{names[name]}.{own}{row['parameter']}", row)
    lines = [rf"\@namedef{{bayescale@{key}}}{{{value}}}" for key, value in rows.items()]
    head = f"% Numbers of bayescale; intervals are {format_prob(prob)} equal-tailed intervals.\n"
    return head + _DEFINITION + "\n".join(lines) + "\n\\makeatother\n"


def _values(key: str, row: Mapping[str, float | str]) -> dict[str, str]:
    numbers = [float(row[name]) for name in ("median", "lower", "upper")]
    middle, interval = cells.estimate(*numbers, errors=[float(row[error]) for error in ERRORS])
    unit = escape(str(row["unit"]))
    named = f"{format_prob(float(row['prob']), latex=True)} interval {_math(interval.latex)}"
    full = f"{_math(middle.latex)}{f' {unit}' if unit else ''} ({named})"
    return {
        key: _math(middle.latex),
        f"{key}.interval": _math(interval.latex),
        f"{key}.unit": unit,
        f"{key}.full": full,
    }


def _math(code: str) -> str:
    """Mathematics that is right inside of a formula, too."""
    return rf"\ensuremath{{{code[1:-1]}}}"


def _key(name: str) -> str:
    """A name as a part of a key: letters, digits and hyphens.

    >>> _key("Cerebras-GPT muP"), _key("50% {x}")
    ('Cerebras-GPT-muP', '50-x')
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "unnamed"


def _keys(names: Iterable[str]) -> dict[str, str]:
    """Different keys for different names."""
    return distinct(map(str, names), _key)
