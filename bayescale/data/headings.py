"""What headings of spreadsheets say of units: ``tokens_b`` are billions, ``val_bpb`` are bits per byte."""

from __future__ import annotations

from bayescale.data.scaled import SCALED
from bayescale.data.schema import DESIGN_COLUMNS

# By the last word of a heading.
COUNTS = {"k": "1e3", "thousands": "1e3", "m": "1e6", "mm": "1e6", "mn": "1e6", "million": "1e6", "millions": "1e6"}
COUNTS |= dict.fromkeys(("b", "bn", "g", "billion", "billions"), "1e9") | dict.fromkeys(("t", "trillions"), "1e12")
SHARES = dict.fromkeys(("pct", "percent", "percentage"), "0.01")
UNITS = {
    "loss_unit='perplexity'": {"ppl", "perplexity"},
    "loss_unit='bits/byte', bytes_per_token=...": {"bpb"},
}


def as_name(column: str) -> str:
    """A heading of a spreadsheet as names in programs are written.

    >>> as_name("Training Tokens")
    'training_tokens'
    """
    return "_".join(column.lower().replace("-", " ").split())


def in_units(canonical: str, column: str) -> str:
    """Return a column times the number that its heading asks for.

    >>> in_units("tokens", "Tokens (B)"), in_units("params", "params_m"), in_units("params", "n_params")
    ('Tokens (B)*1e9', 'params_m*1e6', 'n_params')
    """
    words = _words(column)
    factors = COUNTS if canonical in DESIGN_COLUMNS else SHARES if canonical in SCALED else {}
    factor = "0.01" if factors is SHARES and "%" in column else factors.get(words[-1]) if len(words) > 1 else None
    return column if factor is None else f"{column}*{factor}"


def loss_unit_of(column: str) -> str:
    """Return how to say the unit that the heading of a loss has, or nothing.

    >>> loss_unit_of("val_ppl"), loss_unit_of("val_loss")
    ("loss_unit='perplexity'", '')
    """
    words = set(_words(column))
    return next((said for said, names in UNITS.items() if words & names), "")


def _words(column: str) -> list[str]:
    """The words of a heading in lower case."""
    return "".join(letter if letter.isalnum() else " " for letter in column.lower()).split()
