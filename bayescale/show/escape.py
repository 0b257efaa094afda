"""Text that LaTeX and Markdown print as it stands."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    '"': "''",
    # After the end of a row these would be read as an argument of it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\u00a0": "~",
    "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
    "\u2026": r"\ldots{}",
} | {c: "\\" + c for c in "{}$&#_%"}
_MATH = {
    "<": "<",
    ">": ">",
    "|": "|",
    "\u2212": "-",
    "\u00d7": r"\times",
    "\u00b7": r"\cdot",
    "\u00b5": r"\mu",
    **{c: f"^{digit}" for digit, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "⁻": "^-",
    "\u2264": r"\leq",
    "\u2265": r"\geq",
    "\u221e": r"\infty",
}
_SPELT = {"LAMDA": "lambda", "FINAL SIGMA": "varsigma"}
# Characters that turn the direction of the text after them: a name must not rearrange the line that it stands in.
_TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_MARKDOWN = {c: "\\" + c for c in "\\`*_[]|~$#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# Greek letters that look Latin have no command of their own.
_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it stands: special characters escaped, Greek letters as mathematics.

    Other letters beyond ASCII stay as they are: LaTeX since 2018 prints accented ones, XeLaTeX and LuaLaTeX all that
    the font has.

    >>> escape("50% of R&D_1"), escape("μP")
    ('50\\% of R\\&D\\_1', '$\\mu$P')
    """
    # Two hyphens in a row would print as a dash.
    return "".join(map(_one, one_line(text))).replace("--", "-{}-").replace("--", "-{}-")


def breakable(text: str) -> str:
    r"""Return text as :func:`escape` does, which may be broken after signs and within long hashes, to fit on a line.

    >>> breakable("a=b_c")
    'a=\\allowbreak{}b\\_\\allowbreak{}c'
    """
    parts = re.split(r"(?<=[^\w\s])(?=\S)|(?<=_)(?=\w)|(?<=[0-9a-f]{16})(?=[0-9a-f]{16})", one_line(text))
    # Escaping takes spaces around a text away.
    return r"\allowbreak{}".join(f"{' ' * p.startswith(' ')}{escape(p)}{' ' * p.endswith(' ')}" for p in parts)


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown prints as it stands, also in the cell of a table.

    >>> escape_markdown("a|b <i>_c_")
    'a\\|b &lt;i&gt;\\_c\\_'
    """
    return "".join(_MARKDOWN.get(c, c) for c in one_line(text))


def one_line(text: str) -> str:
    """Return text on one line: control characters become spaces, those that turn the direction of text are dropped.

    >>> one_line("two\\nlines")
    'two lines'
    """
    composed = unicodedata.normalize("NFC", str(text))
    separators = ("Cc", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(c) in separators else c for c in unturned(composed)).strip()


def unturned(text: str) -> str:
    """Return text without the characters that turn the direction of what stands after them.

    >>> unturned("dense\\u202e")
    'dense'
    """
    return "".join(c for c in text if c not in _TURNS)


def _one(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _MATH:
        return f"${_MATH[character]}$"
    if character in _LATIN:
        return _LATIN[character]
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+|FINAL SIGMA)", unicodedata.name(character, ""))
    if not found or not "\u0391" <= character <= "\u03c9":
        return character
    word = _SPELT.get(found[2], found[2].lower())
    return rf"$\{word if found[1] == 'SMALL' else word.capitalize()}$"
