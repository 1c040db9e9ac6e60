import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck import tickets

SEED = "ab" * 32


def naive(ids, patterns, pattern_of, counts):
    """The rule, word for word: sort everybody in each cell by ticket, then by id."""
    result = []
    for cell, count in enumerate(counts):
        members = [k for k, _ in enumerate(ids) if cell in patterns[pattern_of[k]]]
        order = sorted((bytes.fromhex(tickets.ticket(SEED, ids[k])), k) for k in members)
        result.append(order[:count])
    return result


@st.composite
def cells(draw):
    ids = sorted(draw(st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=60)))
    ids = [name for name in ids if name.encode("utf-8", "ignore").decode() == name] or ["x"]
    number = draw(st.integers(1, 4))
    patterns = draw(
        st.lists(
            st.lists(st.integers(0, number - 1), unique=True, max_size=number),
            min_size=1,
            max_size=5,
        )
    )
    pattern_of = [draw(st.integers(0, len(patterns) - 1)) for _ in ids]
    counts = [draw(st.integers(0, 70)) for _ in range(number)]
    return ids, patterns, pattern_of, counts


@given(cells())
def test_the_lowest_are_those_of_the_naive_rule(case):
    ids, patterns, pattern_of, counts = case
    sizes = [sum(cell in patterns[p] for p in pattern_of) for cell in range(len(counts))]
    of = np.array(pattern_of, dtype=np.int32)
    found = tickets.lowest(SEED, np.array(ids, dtype=object), patterns, of, sizes, counts)
    assert found == naive(ids, patterns, pattern_of, counts)


@pytest.mark.parametrize("bound", [b"", b"\x00" * 32, b"\x01" * 32])
def test_a_bound_that_lets_too_few_through_never_shows(monkeypatch, bound):
    ids = np.array([f"firm-{n:04}" for n in range(3000)], dtype=object)
    of = (np.arange(3000) % 3).astype(np.int32)
    given_ = (SEED, ids, [[0], [1], [0, 1]], of, [2000, 2000], [50, 3])
    right = tickets.lowest(*given_)
    monkeypatch.setattr(tickets, "_bound", lambda count, size: bound)
    assert tickets.lowest(*given_) == right


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_bound_lies_above_the_expected_last_ticket(count, size):
    bound = tickets._bound(min(count, size), size)
    if count == 0:
        assert bound == b""
    else:
        assert int.from_bytes(bound[:32], "big") * size > (min(count, size) - 1) << 256


def test_a_ticket_is_one_line_of_shell():
    expected = hashlib.sha256(f"{SEED}:电梯-秦海-0001".encode()).hexdigest()
    assert tickets.ticket(SEED, "电梯-秦海-0001") == expected


def test_a_ticket_depends_on_no_other_subject():
    few = np.array(["a", "b", "c"], dtype=object)
    many = np.array(["a", "b", "bb", "c"], dtype=object)
    zeros = np.zeros(4, dtype=np.int32)
    [first] = tickets.lowest(SEED, few, [[0]], zeros[:3], [3], [3])
    [second] = tickets.lowest(SEED, many, [[0]], zeros, [4], [4])
    own = {few[k]: digest for digest, k in first}
    assert {many[k]: digest for digest, k in second if many[k] != "bb"} == own


@given(st.binary(max_size=40))
def test_a_field_says_its_length(data):
    assert tickets.field(data) == len(data).to_bytes(8, "big") + data


def test_fields_keep_apart_what_concatenation_would_mix():
    digest = "00" * 32
    assert tickets.seed("ab", digest, "c") != tickets.seed("a", digest, "bc")
