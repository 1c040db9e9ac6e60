"""p-values, and the correction for their number."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from randcheck.audit.report import Question, judge, simulated_p

P_VALUES = st.lists(st.fractions(Fraction(1, 1000), 1), min_size=1, max_size=8)


def questions(values):
    return [
        Question(f"q{place}", 0.0, value, "simulated", "seen", "usual")
        for place, value in enumerate(values)
    ]


@given(P_VALUES, st.fractions(Fraction(1, 100), Fraction(1, 2)))
def test_holm_rejects_step_by_step(values, level):
    """As in Holm's paper: the k-th smallest of m against level / (m − k + 1), until one stays."""
    expected, left = set(), sorted(range(len(values)), key=lambda place: (values[place], place))
    while left and values[left[0]] * len(left) <= level:
        expected.add(f"q{left.pop(0)}")
    found = {test.name for test in judge(questions(values), level) if test.found}
    assert found == expected


@given(P_VALUES)
def test_adjusted_values_keep_the_order_and_never_fall(values):
    tests = judge(questions(values), Fraction(1, 20))
    assert [test.name for test in tests] == [f"q{place}" for place in range(len(values))]
    for test in tests:
        assert test.p_value <= test.adjusted <= 1
        assert test.says == ("seen" if test.found else "usual")
        for other in tests:
            assert test.p_value > other.p_value or test.adjusted <= other.adjusted


def test_what_cannot_happen_stands_outside_of_the_correction():
    certain = Question("c", 0.0, Fraction(1), "exact", "seen", certain=True)
    alone, _ = judge([*questions([Fraction(1, 20)]), certain], Fraction(1, 20))
    assert alone.found
    impossible = Question("c", 1.0, Fraction(0), "exact", "seen", certain=True)
    assert judge([impossible], Fraction(1, 1000))[0].found


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50), st.integers(0, 5))
def test_a_simulated_p_value_counts_the_history_itself(simulated, observed):
    p_value = simulated_p(float(observed), np.array(simulated, dtype=float))
    extreme = sum(value >= observed for value in simulated)
    assert p_value == Fraction(1 + extreme, 1 + len(simulated))


def test_rounding_makes_no_difference():
    assert simulated_p(0.1 + 0.2, np.array([0.3, 0.3])) == 1
