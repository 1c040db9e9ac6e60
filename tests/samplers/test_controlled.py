import random
from fractions import Fraction
from itertools import combinations, product
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randcheck.errors import ParameterError
from randcheck.samplers.controlled import controlled_rounding, pooled
from randcheck.units import proportional

SHAPES = [(1, 1), (1, 4), (4, 1), (2, 2), (2, 3), (3, 2), (3, 3), (2, 5), (4, 3), (3, 4)]


def transposed(table):
    return [list(column) for column in zip(*table, strict=True)]


def distance(table, counts):
    return sum((v - n) ** 2 for row, own in zip(table, counts, strict=True)
               for v, n in zip(row, own, strict=True))  # fmt: skip


def brute(table, choices, rows, columns, goals=None):
    """The best table by looking at each: nearest, then the one whose first cells are largest."""
    width = len(table[0])
    best = None
    for flat in product(*[each for row in choices for each in row]):
        counts = [list(flat[start : start + width]) for start in range(0, len(flat), width)]
        sums = [sum(column) for column in zip(*counts, strict=True)]
        if any(not low <= sum(row) <= high for row, (low, high) in zip(counts, rows, strict=True)):
            continue
        if any(not low <= n <= high for n, (low, high) in zip(sums, columns, strict=True)):
            continue
        cost = distance(table, counts)
        if goals is not None:
            cost += len(flat) * sum((g - n) ** 2 for g, n in zip(goals, sums, strict=True))
        key = (cost, [-n for n in flat])
        if best is None or key < best[0]:
            best = (key, counts)
    return None if best is None else best[1]


def within(sums):
    return [(floor(s), ceil(s)) for s in sums]


def random_table(rng, height, width, top=3):
    below = rng.choice([2, 3, 4, 6, 12])
    return [[Fraction(rng.randrange(top * below), below) for _ in range(width)]
            for _ in range(height)]  # fmt: skip


def roundings(table):
    return [[sorted({floor(v), ceil(v)}) for v in row] for row in table]


def test_the_answer_is_the_one_that_looking_at_every_table_finds():
    rng = random.Random(20260701)
    for _ in range(1200):
        table = random_table(rng, *rng.choice(SHAPES))
        rows = within(map(sum, table))
        columns = within(map(sum, transposed(table)))
        assert controlled_rounding(table) == brute(table, roundings(table), rows, columns)


def test_so_it_is_with_sums_and_bounds_of_ones_own():
    rng = random.Random(20260702)
    impossible = 0
    for _ in range(600):
        height, width = rng.choice([(1, 3), (2, 2), (2, 3), (3, 2)])
        table = random_table(rng, height, width, top=2)
        lower = [[rng.randrange(2) for _ in row] for row in table]
        upper = [[low + rng.randrange(3) for low in row] for row in lower]
        columns = [rng.randrange(2 * height) for _ in range(width)]
        lows = [rng.randrange(2 * width) for _ in range(height)]
        rows = [(low, low + rng.randrange(3)) for low in lows]
        choices = [[range(low, high + 1) for low, high in zip(*pair, strict=True)]
                   for pair in zip(lower, upper, strict=True)]  # fmt: skip
        expected = brute(table, choices, rows, [(n, n) for n in columns])
        options = {"rows": rows, "columns": columns, "lower": lower, "upper": upper}
        if expected is None:
            impossible += 1
            with pytest.raises(ParameterError, match=r"[1-9]\d* units find no place"):
                controlled_rounding(table, **options)
        else:
            assert controlled_rounding(table, **options) == expected
    assert 0 < impossible < 600


def test_goals_are_met_as_nearly_as_possible():
    rng = random.Random(20260703)
    for _ in range(400):
        table = random_table(rng, *rng.choice([(2, 2), (3, 2), (3, 3), (4, 2)]))
        sums = [sum(column) for column in transposed(table)]
        goals = [max(Fraction(0), s + Fraction(rng.randrange(-8, 9), 4)) for s in sums]
        bounds = [(floor(min(s, g)), ceil(max(s, g))) for s, g in zip(sums, goals, strict=True)]
        expected = brute(table, roundings(table), within(map(sum, table)), bounds, goals)
        assert controlled_rounding(table, goals=goals) == expected


tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.fractions(0, 9), min_size=width, max_size=width), min_size=1, max_size=6
    )
)


@given(tables)
def test_there_is_always_an_answer_and_every_sum_is_rounded(table):
    counts = controlled_rounding(table)
    for values, numbers in (
        *zip(table, counts, strict=True),
        *zip(transposed(table), transposed(counts), strict=True),
    ):
        assert floor(sum(values)) <= sum(numbers) <= ceil(sum(values))
        assert all(floor(v) <= n <= ceil(v) for v, n in zip(values, numbers, strict=True))
    total = sum(map(sum, table))
    assert abs(sum(map(sum, counts)) - total) < len(table)


@given(tables)
def test_whole_numbers_stay(table):
    whole = [[floor(v) for v in row] for row in table]
    assert controlled_rounding(whole) == whole


@given(tables, st.integers(1, 5))
def test_adding_whole_numbers_adds_them(table, more):
    shifted = [[v + more for v in row] for row in table]
    assert controlled_rounding(shifted) == [[n + more for n in row]
                                            for row in controlled_rounding(table)]  # fmt: skip


@pytest.mark.parametrize(("height", "width"), [(40, 5), (5, 40)])
def test_large_denominators(height, width):
    rng = random.Random(5)
    sizes = [[rng.randrange(1, 500) for _ in range(width)] for _ in range(height)]
    totals = [sum(column) for column in transposed(sizes)]
    wanted = [ceil(Fraction(total, 30)) for total in totals]
    table = [[Fraction(n * b, t) for n, b, t in zip(row, wanted, totals, strict=True)]
             for row in sizes]  # fmt: skip
    counts = controlled_rounding(table, columns=wanted)
    assert [sum(column) for column in transposed(counts)] == wanted
    assert all(abs(sum(row) - sum(own)) < 1 for row, own in zip(table, counts, strict=True))
    # no exchange of two units brings it nearer, beyond what 2^-32 may hide
    for r, s in combinations(range(height), 2):
        for c, d in combinations(range(width), 2):
            for unit in (1, -1):
                moved = [(r, c, unit), (r, d, -unit), (s, c, -unit), (s, d, unit)]
                if all(abs(counts[i][j] + u - table[i][j]) < 1 for i, j, u in moved):
                    gain = sum(2 * u * (counts[i][j] - table[i][j]) + 1 for i, j, u in moved)
                    assert gain > -Fraction(1, 2**28)


def test_costs_beyond_64_bits_are_no_less_exact():
    rng = random.Random(7)
    for _ in range(50):
        near = [[Fraction(rng.randrange(12), 4) for _ in range(3)] for _ in range(2)]
        far = [[v + 10**12 + Fraction(k, 2**31) for k, v in enumerate(row)] for row in near]
        choices = [[range(10**12, 10**12 + 4)] * 3] * 2
        rows, columns = [(3 * 10**12 + 4, 3 * 10**12 + 6)] * 2, [(2 * 10**12 + 3,) * 2] * 3
        expected = brute(far, choices, rows, columns)
        bounds = {"lower": [[0] * 3] * 2, "upper": [[2 * 10**12] * 3] * 2}
        assert controlled_rounding(far, rows=rows, columns=columns, **bounds) == expected


def test_nothing_to_round():
    assert controlled_rounding([]) == []
    assert controlled_rounding([[], []]) == [[], []]
    assert controlled_rounding([[Fraction(1, 2)]]) == [[1]]


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ([[0.5]], {}),
        ([[Fraction(-1, 2)]], {}),
        ([["1/2"]], {}),
        ([[1], [1, 2]], {}),
        ([[1]], {"rows": [1, 2]}),
        ([[1]], {"columns": []}),
        ([[1]], {"lower": [[2]]}),
        ([[1]], {"lower": [[0]], "upper": [[2]], "rows": [2], "columns": [1]}),
    ],
)
def test_what_cannot_be_meant(table, options):
    with pytest.raises(ParameterError):
        controlled_rounding(table, **options)


def test_an_impossible_table_says_by_how_much():
    table = [[Fraction(1, 2)] * 3] * 3
    with pytest.raises(ParameterError, match=r"cannot be rounded.*: 3 units find no place"):
        controlled_rounding(table, rows=[2, 2, 2], columns=[1, 1, 1])


# --- what is rounded ------------------------------------------------------------------------------

strata = st.lists(
    st.integers(0, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))),
    max_size=8,
)


@given(strata, st.data())
def test_shares_are_in_proportion_but_for_minimums(pairs, data):
    sizes, minimums = [size for size, _ in pairs], [least for _, least in pairs]
    total = data.draw(st.integers(sum(minimums), sum(sizes)))
    shares = proportional(total, sizes, minimums, sizes)
    assert sum(shares) == total
    assert all(least <= share <= size
               for share, (size, least) in zip(shares, pairs, strict=True))  # fmt: skip
    free = {share / size for share, (size, least) in zip(shares, pairs, strict=True)
            if share > least}  # fmt: skip
    assert len(free) <= 1
    for share, (size, least) in zip(shares, pairs, strict=True):
        assert not free or not size or share > least or least >= max(free) * size


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.fractions(0, 1), st.data())
def test_pools_can_be_rounded_down(sizes, least, data):
    size = sum(sizes)
    total = data.draw(st.integers(ceil(least * size), size))
    shares = proportional(total, sizes, [0] * len(sizes), sizes)
    runs = pooled(shares, sizes, least)
    assert sorted(p for run in runs for p in run) == [p for p, n in enumerate(sizes) if n]
    for run in runs if 0 < total < size else ():
        count = floor(sum(shares[place] for place in run))
        assert count >= max(1, ceil(least * sum(sizes[place] for place in run)))
