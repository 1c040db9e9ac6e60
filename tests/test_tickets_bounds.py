"""How high the bounds below which tickets are kept must be, and what the lowest refuse."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from randcheck import tickets

SEED = "ab" * 32
NOBODY = np.array([], dtype=object)
NOWHERE = np.array([], dtype=np.int32)


@given(st.integers(1, 10**6), st.integers(2, 10**9))
def test_a_bound_lets_enough_through_and_few_more(count, size):
    """One draw in 10^9 has to be done again, and the others sort hardly more than they take."""
    bound = int.from_bytes(tickets._bound(count, size), "big")
    if count + 6 * sqrt(count) + 20 >= size:
        assert bound >= 2**256
    elif count + 6 * sqrt(count) + 14 < size:
        assert bound < 2**256
        assert binom.cdf(count, size, bound / 2**256) < 1e-9
        assert bound * size <= (count + 6 * sqrt(count) + 20) * 2**256


def test_every_ticket_is_below_the_bound_of_a_cell_that_gives_nearly_all():
    assert tickets._bound(3, 4) > b"\xff" * 32


@pytest.mark.parametrize("counts", [[], [0], [0, 3]])
def test_nobody_gives_nothing(counts):
    """As in the design of a frame without subjects, where there is no pattern either."""
    found = tickets.lowest(SEED, NOBODY, [], NOWHERE, [0] * len(counts), counts)
    assert found == [[] for _ in counts]


@pytest.mark.parametrize(("sizes", "counts"), [([3], [1, 1]), ([3, 3], [1])])
def test_each_cell_has_a_size_and_a_count(sizes, counts):
    ids, of = np.array(["a", "b", "c"], dtype=object), np.zeros(3, dtype=np.int32)
    with pytest.raises(ValueError, match="argument 2"):
        tickets.lowest(SEED, ids, [[0]], of, sizes, counts)
