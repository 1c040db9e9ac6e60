"""Every input tried: exact probabilities."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.audit import enumerate_procedure
from randcheck.errors import ParameterError, UnknownNameError


def names(size):
    return [f"firm-{number:04}" for number in range(size)]


@given(st.integers(1, 7), st.data())
def test_all_subsets_give_the_textbook_probabilities(size, data):
    count = data.draw(st.integers(0, size))
    pool = names(size)
    found = enumerate_procedure(lambda pool, n, each: each, pool, count, combinations(pool, count))
    assert set(found.inclusion.values()) == {Fraction(count, size)}
    for one, other in combinations(pool, 2):
        assert found.joint(one, other) == Fraction(count * (count - 1), size * (size - 1))
    assert found.never_together == (found.pairs if count < 2 else 0)
    assert found.joint(pool[0], pool[0]) == found.inclusion[pool[0]]


@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=8))
def test_anything_is_counted_as_by_hand(samples):
    pool = names(6)
    inputs = [[pool[place] for place in sorted(each)] for each in samples]
    found = enumerate_procedure(lambda pool, n, each: (each, [()] * len(each)), pool, 3, inputs)
    total = len(inputs)
    for name in pool:
        assert found.inclusion[name] == Fraction(sum(name in each for each in inputs), total)
    for one, other in combinations(pool, 2):
        both = sum(one in each and other in each for each in inputs)
        assert found.joint(one, other) == found.joint(other, one) == Fraction(both, total)
    apart = sum(found.joint(*pair) == 0 for pair in combinations(pool, 2))
    assert found.never_together == apart
    assert found.samples == len({tuple(each) for each in inputs})
    assert (found.never, found.always) == (
        tuple(name for name in pool if found.inclusion[name] == 0),
        tuple(name for name in pool if found.inclusion[name] == 1),
    )


def test_more_firms_than_a_block_of_the_table_of_pairs():
    pool = names(1100)
    halves = [pool[:550], pool[550:]]
    found = enumerate_procedure(lambda pool, n, each: each, pool, 550, halves)
    assert found.never_together == 550 * 550
    assert "never together: 302500 of 604450 pairs" in str(found)


def test_bad_input_is_named():
    with pytest.raises(ParameterError, match="inputs"):
        enumerate_procedure(lambda pool, n, each: pool, ["a"], 1, [])
    with pytest.raises(ParameterError, match="drawn = 'z' is not in the pool"):
        enumerate_procedure(lambda pool, n, each: ["z"], ["a"], 1, [0])
    found = enumerate_procedure(lambda pool, n, each: pool, ["a"], 1, [0])
    with pytest.raises(UnknownNameError, match="'z'"):
        found.joint("a", "z")
