from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import ParameterError
from randcheck.samplers import ALLOCATIONS, NeymanAllocation, ProportionalAllocation
from randcheck.samplers.allocation import greedy


@st.composite
def boxes(draw):
    sizes = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    minimums = [draw(st.integers(0, size)) for size in sizes]
    total = draw(st.integers(sum(minimums), sum(sizes)))
    weights = [Fraction(draw(st.integers(0, 9)), draw(st.integers(1, 5))) for _ in sizes]
    return total, weights, sizes, minimums


def cost(weights, counts):
    """Σ w² / n; a stratum with weight and nobody in the sample costs more than any other."""
    without = sum(n == 0 and weight > 0 for weight, n in zip(weights, counts, strict=True))
    rest = sum(w**2 / n for w, n in zip(weights, counts, strict=True) if n)
    return without, rest


@given(boxes())
def test_greedy_is_the_exact_optimum(box):
    total, weights, sizes, minimums = box
    counts = greedy(total, weights, sizes, minimums)
    assert sum(counts) == total
    assert all(low <= n <= size for low, n, size in zip(minimums, counts, sizes, strict=True))
    mine = cost(weights, counts)
    choices = product(*(range(low, size + 1) for low, size in zip(minimums, sizes, strict=True)))
    others = [cost(weights, each) for each in choices if sum(each) == total]
    fewest = min(without for without, _ in others)
    assert mine[0] == fewest
    if fewest == 0:
        assert mine[1] == min(rest for without, rest in others if without == 0)


def test_ties_go_to_the_earlier_stratum():
    assert greedy(1, [Fraction(1)] * 3, [2, 2, 2], [0, 0, 0]) == [1, 0, 0]


@pytest.mark.parametrize(
    ("total", "words"), [(9, "3 more than the 6 subjects"), (1, "2 less than the floors of 3")]
)
def test_an_infeasible_box_says_by_how_much(total, words):
    with pytest.raises(ParameterError, match=words):
        ProportionalAllocation().allocate(total, "AB", [3, 3], [2, 1])


def test_proportional_is_proportional():
    assert ProportionalAllocation().allocate(10, "AB", [80, 20], [0, 0]) == [8, 2]


def test_neyman_prefers_large_and_variable_strata():
    """Cochran (1977), 5.5: n_h ∝ N_h S_h."""
    rule = NeymanAllocation({"A": "0.1", "B": "0.4"})
    assert rule.allocate(30, ["A", "B"], [100, 50], [0, 0]) == [10, 20]
    assert rule.deviations["A"] == Fraction(1, 10)


def test_neyman_needs_a_deviation_for_each_class():
    with pytest.raises(ParameterError, match="lacks"):
        NeymanAllocation({"A": 1}).allocate(3, ["A", "B"], [10, 10], [0, 0])


@pytest.mark.parametrize("bad", [0.3, "x", -1, None, True, "1/0", "nan"])
def test_deviations_are_exact_numbers_from_0(bad):
    with pytest.raises(ParameterError, match="deviations"):
        NeymanAllocation({"A": bad})


def test_they_are_found_by_name_and_are_data():
    assert set(ALLOCATIONS) == {"proportional", "neyman"}
    one, two = NeymanAllocation({"B": 1, "A": "0.5"}), NeymanAllocation({"A": "1/2", "B": 1})
    assert one == two
    assert hash(one) == hash(two)
    assert repr(one) == "NeymanAllocation(deviations={'A': Fraction(1, 2), 'B': Fraction(1, 1)})"
