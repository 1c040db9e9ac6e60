"""Rates and the counts they demand, in exact arithmetic.

Rules enforced here:
1. A rate is text ("3%", "1/30", "0.5%"), a `Fraction` or a `Decimal` from 0 to 1; a float is
   refused, since 0.03 is not three hundredths.
2. A rate is a legal minimum: n = ⌈rate × N⌉.
3. The canonical text of a rate is its fraction in lowest terms.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from randcheck.errors import ParameterError, RateError, shorten

Rate = str | Fraction | Decimal

_TEXT = re.compile(r"([0-9]+(?:\.[0-9]+)?)(%?)|([0-9]+)/([0-9]*[1-9][0-9]*)", re.ASCII)


def parse_rate(value: Any, name: str = "rate") -> Fraction:
    """A rate as a `Fraction`; `RateError` names the parameter `name`."""
    remedy = "write it as text such as '3%' or '1/30', or as a Fraction or Decimal"
    if isinstance(value, float):
        raise RateError(name, shorten(value), "is a float, which is not exact", remedy)
    if isinstance(value, str):
        rate = _parse_text(value)
    elif isinstance(value, Fraction) or (isinstance(value, Decimal) and value.is_finite()):
        rate = Fraction(value)
    else:
        rate = None
    if rate is None:
        raise RateError(name, shorten(value), "is not a rate", remedy)
    if not 0 <= rate <= 1:
        raise RateError(name, shorten(value), "is not between 0 and 100 %", remedy)
    return rate


def _parse_text(text: str) -> Fraction | None:
    found = _TEXT.fullmatch(text)
    if found is None or len(text) > 100:
        return None
    decimal, percent, over, under = found.groups()
    if decimal is None:
        return Fraction(int(over), int(under))
    return Fraction(decimal) / (100 if percent else 1)


def count_from_rate(rate: Fraction, size: int) -> int:
    """⌈rate × size⌉, exactly: how many of `size` a legal minimum of `rate` demands."""
    return -(-rate.numerator * size // rate.denominator)


def parse_count(value: Any, name: str = "count") -> int:
    """A whole number from 0; `ParameterError` names the parameter `name`."""
    if type(value) is not int or value < 0:
        raise ParameterError(name, shorten(value), "is not a whole number from 0", "give an int")
    return value
