from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DesignError, ParameterError, RateError
from randcheck.testing import check_sampler, made_up_frame


@given(st.fractions(0, 1), st.integers(1, 80))
def test_the_count_is_the_rate_rounded_up(rate, size):
    frame = made_up_frame(size)
    [cell] = rc.UniformSampler(rate=rate).design(frame).cells
    assert (cell.size, cell.take) == (len(frame), ceil(rate * len(frame)))


def test_it_keeps_what_every_strategy_keeps():
    check_sampler(rc.UniformSampler(rate="3%"), seeds=200)
    check_sampler(rc.UniformSampler(count=5), seeds=200)


@pytest.mark.parametrize("given_", [{}, {"rate": "3%", "count": 5}])
def test_either_a_rate_or_a_count(given_):
    with pytest.raises(ParameterError, match="give one of both"):
        rc.UniformSampler(**given_)


@pytest.mark.parametrize("rate", [0.03, "3", "-1%", "101%", 1, "three"])
def test_a_bad_rate(rate):
    with pytest.raises(RateError):
        rc.UniformSampler(rate=rate)


@pytest.mark.parametrize("count", [-1, 2.0, "5", True])
def test_a_bad_count(count):
    with pytest.raises(ParameterError):
        rc.UniformSampler(count=count)


def test_a_count_over_the_frame():
    with pytest.raises(DesignError, match="cannot be taken"):
        rc.UniformSampler(count=61).design(made_up_frame(60))


def test_it_is_its_data():
    assert rc.UniformSampler(rate="3%") == rc.UniformSampler(rate=Fraction(3, 100))
    assert repr(rc.UniformSampler(count=2)) == "UniformSampler(rate=None, count=2)"
