from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import ParameterError, RateError
from randcheck.rates import count_from_rate, parse_count, parse_rate

rates = st.fractions(0, 1)


@given(rates, st.integers(0, 10**9))
def test_the_count_is_the_least_that_meets_the_rate(rate, size):
    count = count_from_rate(rate, size)
    assert count == ceil(rate * size)
    assert count >= rate * size > count - 1


@given(rates)
def test_a_rate_is_read_back_from_its_canonical_text(rate):
    assert parse_rate(str(rate)) == parse_rate(rate) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [("3%", Fraction(3, 100)), ("1/30", Fraction(1, 30)), ("0.5%", Fraction(1, 200)),
     ("100%", 1), ("0%", 0), ("1", 1), ("0.03", Fraction(3, 100)),
     (Decimal("0.03"), Fraction(3, 100))],
)  # fmt: skip
def test_rates(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "bad",
    [0.03, 1, True, None, "", "3 %", " 3%", "３%", "-3%", "3", "101%", "1/0", "x", ".5", "1e-2",
     Decimal("NaN"), Decimal("Infinity"), Fraction(3, 2), "1" * 101, b"3%"],
)  # fmt: skip
def test_what_is_no_rate(bad):
    with pytest.raises(RateError) as caught:
        parse_rate(bad, "rates['A']")
    assert caught.value.name == "rates['A']"
    assert caught.value.remedy


@pytest.mark.parametrize("bad", [-1, 1.0, "1", True, None])
def test_what_is_no_count(bad):
    with pytest.raises(ParameterError):
        parse_count(bad)
