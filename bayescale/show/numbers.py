"""Numbers as text: as many digits as their interval supports, powers of ten where they are large."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bayescale.language.errors import SettingsError

# Numbers from 0.001 up to 99,999 are printed without a power of ten.
_PLAIN_EXPONENTS = range(-3, 5)
_MOST_DIGITS = 17
_LARGEST_EXPONENT = 400
_SUPERSCRIPTS = str.maketrans({"+": "", "-": "⁻"} | dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)))


@dataclass(frozen=True)
class Rounded:
    """A number rounded to a count of digits, taken apart: ``mantissa`` times ten to the ``exponent``, or plain text."""

    mantissa: str
    exponent: int = 0

    def text(self, *, latex: bool = False) -> str:
        """Return the number as plain text, or as LaTeX without dollar signs."""
        if self.exponent == 0:
            return self.mantissa
        if not latex:
            return f"{self.mantissa}e{self.exponent}"
        power = rf"10^{{{self.exponent}}}"
        return power if self.mantissa == "1" else rf"{self.mantissa}\times{power}"


def format_number(value: float, *, digits: int = 3, latex: bool = False) -> str:
    r"""Return a number to a count of significant digits, without trailing zeros that say nothing.

    Args:
        value: the number; NaN and None give a dash, infinities their sign.
        digits: significant digits, at least 1.
        latex: LaTeX without dollar signs instead of plain text.

    Raises:
        SettingsError: digits is not a whole number from 1 to 17.

    >>> format_number(7.2e9), format_number(7.2e9, latex=True), format_number(0.34780), format_number(-1234567)
    ('7.2e9', '7.2\\times10^{9}', '0.348', '-1.23e6')
    """
    if special := _special(value, latex):
        return special
    rounded = _rounded(float(value), check_digits(digits))
    mantissa = rounded.mantissa.rstrip("0").rstrip(".") if "." in rounded.mantissa else rounded.mantissa
    return Rounded(mantissa, rounded.exponent).text(latex=latex)


def format_estimate(
    median: float,
    lower: float,
    upper: float,
    *,
    digits: int = 3,
    latex: bool = False,
    errors: Sequence[float] | None = None,
) -> tuple[str, str]:
    r"""Return a median and its interval in brackets, rounded so that the interval's width keeps two digits.

    Every number also keeps at least two digits of its own, which matters for intervals over orders of magnitude. With
    Monte-Carlo errors a number loses the digits that these make uncertain: the error is at most one unit of the last
    digit, unless it is the only one.

    Args:
        median: the estimate.
        lower: lower end of its interval; NaN where there is none.
        upper: upper end.
        digits: significant digits where the interval has no width, as in a point answer; its text is a dash then.
        latex: LaTeX without dollar signs.
        errors: Monte-Carlo standard errors of the three numbers; None where they are not known.

    >>> format_estimate(1.81724, 1.7911, 1.8432)
    ('1.817', '[1.791, 1.843]')
    >>> format_estimate(7.2345e9, 6.1234e9, 8.4321e9)
    ('7.2e9', '[6.1, 8.4]e9')
    >>> format_estimate(1.81724, 1.7911, 1.8432, errors=(0.0004, 0.003, 0.003))
    ('1.817', '[1.79, 1.84]')
    """
    width = float(upper) - float(lower)
    if not math.isfinite(width) or width <= 0 or not math.isfinite(median):
        middle, low_text, high_text = (_to_digits(value, digits, latex) for value in (median, lower, upper))
        # A point answer, from a law at published values, has no interval.
        absent = lower == upper or (_missing(lower) and _missing(upper))
        return middle, _special(math.nan, latex) if absent else _bracket(low_text, high_text, latex=latex)
    # Position of the second digit of the width, as a power of ten.
    last = _exponent(width, 2) - 1
    noise = (math.nan,) * 3 if errors is None else errors
    rounded = [_to_place(float(value), last, e) for value, e in zip((median, lower, upper), noise, strict=True)]
    middle, (low, high) = rounded[0].text(latex=latex), rounded[1:]
    if low.exponent == high.exponent != 0:
        power = rf"\times10^{{{low.exponent}}}" if latex else f"e{low.exponent}"
        return middle, _bracket(low.mantissa, high.mantissa, latex=latex) + power
    return middle, _bracket(low.text(latex=latex), high.text(latex=latex), latex=latex)


def check_digits(digits: int) -> int:
    """Return the count of digits.

    Raises:
        SettingsError: not a whole number from 1 to 17.
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= _MOST_DIGITS:
        raise SettingsError(f"digits must be a whole number from 1 to {_MOST_DIGITS}, got {digits!r}.")
    return digits


def format_prob(prob: float, *, latex: bool = False) -> str:
    r"""Return a probability as a percentage.

    >>> format_prob(0.9), format_prob(0.955, latex=True)
    ('90%', '95.5\\%')
    """
    return f"{100 * float(prob):.10g}" + (r"\%" if latex else "%")


def _bracket(low: str, high: str, *, latex: bool) -> str:
    return rf"[{low},\,{high}]" if latex else f"[{low}, {high}]"


def _special(value: float | None, latex: bool) -> str:
    """Text of what has no digits, or nothing."""
    if value is None or _missing(value):
        return r"\mbox{--}" if latex else "-"
    if math.isinf(value):
        return ("-" if value < 0 else "") + (r"\infty" if latex else "inf")
    return ""


def _to_digits(value: float, digits: int, latex: bool) -> str:
    return _special(value, latex) or _rounded(float(value), check_digits(digits)).text(latex=latex)


def _missing(value: float) -> bool:
    return value != value


def _exponent(value: float, digits: int) -> int:
    """Decimal exponent of a number after rounding it to so many digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2]) if value else 0


def _to_place(value: float, last: int, error: float = math.nan) -> Rounded:
    """Round so that the digit at ten to the ``last`` is kept, and two digits, as far as a Monte-Carlo error allows."""
    known = math.isfinite(error) and error > 0
    # The unit of the last digit is the least power of ten that the error does not exceed.
    certain = math.ceil(math.log10(error)) if known else -_LARGEST_EXPONENT
    if value == 0:
        return Rounded(f"{0:.{max(0, -max(last, certain))}f}")
    leading = _exponent(value, _MOST_DIGITS)
    digits = max(2, min(_MOST_DIGITS, leading - last + 1))
    return _rounded(value, max(1, min(digits, leading - certain + 1)))


def powers(text: str) -> str:
    """Return numbers as people print them instead of as computers do.

    >>> powers("7.2e9"), powers("[6.1, 8.4]e-9"), powers("1e21")
    ('7.2×10⁹', '[6.1, 8.4]×10⁻⁹', '10²¹')
    """

    def raised(found: re.Match[str]) -> str:
        power = "10" + found[2].translate(_SUPERSCRIPTS)
        return power if found[1] == "1" else f"{found[1]}×{power}"

    return re.sub(r"((?<![\w.])-?\d+(?:\.\d+)?|\])e([+-]?\d+)", raised, text)


def _rounded(value: float, digits: int) -> Rounded:
    if value == 0:
        return Rounded("0")
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if exponent not in _PLAIN_EXPONENTS:
        return Rounded(mantissa, exponent)
    # Through the rounded text, so that a number with more digits before the point than it may keep gets zeros.
    return Rounded(f"{float(f'{mantissa}e{exponent}'):.{max(0, digits - 1 - exponent)}f}")
