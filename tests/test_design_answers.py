"""What a design keeps of its cells, what it says of each fault, and how it simulates."""

import statistics
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.design import _patterns
from randcheck.errors import DesignError, UnknownNameError
from randcheck.testing import made_up_frame

FRAME = made_up_frame(400, seed=3)  # above 256, where equal integers need not be one object
NAMES = list(FRAME.ids)
ALL = np.ones(len(FRAME), dtype=bool)
REST = tuple(item for item in FRAME.items if item != "disclosure")


def of(*cells):
    return rc.Design.from_cells(FRAME, cells)


def some(number, *, take=0):
    """A cell of the first firms for the item that applies to all, and one of the others."""
    return (
        rc.Cell(take, np.arange(number), items=("disclosure",)),
        rc.Cell(0, np.arange(number, len(FRAME)), items=("disclosure",)),
    )


def rest(take=0):
    """One cell for all other items, of those to whom one of them applies."""
    applies = np.logical_or.reduce([FRAME.eligible(item) for item in REST])
    return rc.Cell(take, applies, items=REST)


def problems_of(*cells):
    with pytest.raises(DesignError) as caught:
        of(*cells)
    return caught.value.problems


# --- members -------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 399), max_size=5), st.randoms(use_true_random=False))
def test_members_in_any_order_and_form_are_ascending_positions(chosen, random):
    order = random.sample(sorted(chosen), len(chosen))
    mask = np.zeros(len(FRAME), dtype=bool)
    mask[order] = True
    others = rc.Cell(0, ~mask, items=("disclosure",))
    for members in (np.array(order, dtype=int), [NAMES[k] for k in order], mask):
        cell = rc.Cell(0, members, items=("disclosure",))
        assert cell.size == len(chosen)
        kept = of(cell, others, rest()).cells[0].members
        assert (kept.tolist(), kept.dtype) == (sorted(chosen), np.int32)


def test_members_of_all_in_any_order_are_the_frame():
    for members in (NAMES, NAMES[::-1], np.arange(len(FRAME))[::-1], ALL):
        assert of(rc.Cell(0, members)).cells[0].members.tolist() == [*range(len(FRAME))]


def test_the_members_of_a_design_do_not_change():
    [cell] = of(rc.Cell(0, ALL)).cells
    with pytest.raises(ValueError, match="read-only"):
        cell.members[0] = 1


def test_cells_are_equal_if_take_items_name_and_members_are():
    told = {"take": 1, "members": NAMES[:2], "items": ("food",), "name": "a"}
    cell = rc.Cell(**told)
    assert cell == rc.Cell(**told | {"why": "for people"})
    for other in (
        {"take": 0},
        {"take": 2},
        {"members": NAMES[:3:2]},
        {"items": None},
        {"name": "b"},
    ):
        assert cell != rc.Cell(**told | other)


def test_designs_are_equal_if_their_sheets_are():
    designs = [of(rc.Cell(take, ALL)) for take in (1, 2, 3)]
    assert designs[0] == of(rc.Cell(1, NAMES, name="all"))
    assert not any(designs[a] == designs[b] for a in range(3) for b in range(3) if a != b)


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        (rc.Cell(0, ALL[:-1]), "members", "a mask of 399"),
        (rc.Cell(0, np.ones(401, dtype=bool)), "members", "a mask of 401"),
        (rc.Cell(0, np.array([3, 400])), "members", "[400]"),
        (rc.Cell(0, np.array([-1, 3])), "members", "[-1]"),
        (rc.Cell(0, ["nobody"]), "members", "['nobody']"),
        (rc.Cell(0, [], items=("nothing",)), "items", "['nothing']"),
        (rc.Cell(1, []), "take", "1"),
        (rc.Cell(-1, []), "take", "-1"),
    ],
)
def test_one_fault_is_one_problem_and_names_what_is_wrong(cell, column, value):
    [problem] = problems_of(rc.Cell(0, ALL), cell)
    assert (problem.row, problem.column, problem.value) == (1, column, value)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 300])
def test_a_problem_names_three_firms_and_counts_them(number):
    """In no cell, in two, listed twice, or without an item: the first three, and how many."""
    first = ", ".join(NAMES[:number][:3])
    told = first if number <= 3 else f"{first} … ({number} in all)"
    few, many = some(number)
    [lost] = problems_of(many, rest())
    [both] = problems_of(few, rc.Cell(0, ALL, items=("disclosure",)), rest())
    assert (lost.value, both.value) == (told, told)
    for again in (NAMES[:number], NAMES[:number][::-1], [NAMES[0]] * 2 + NAMES[1:number] * 2):
        once = NAMES[number]
        twice = rc.Cell(0, [*NAMES[:number], *again, once], items=("disclosure",))
        assert told in [problem.value for problem in problems_of(twice, many, rest())]


def test_a_problem_names_those_without_an_item_of_the_cell():
    mask = FRAME.eligible("food").copy()
    idle = np.flatnonzero(~mask)[:2]
    mask[idle] = True
    others = tuple(item for item in REST if item != "food")
    applies = FRAME.eligible(others[0]) | FRAME.eligible(others[1])
    cells = (*some(1), rc.Cell(0, applies, items=others), rc.Cell(0, mask, items=("food",)))
    [problem] = problems_of(*cells)
    assert problem.value == ", ".join(NAMES[k] for k in idle)


# --- the same cells with other counts ------------------------------------------------------------


def test_each_cell_has_another_count_or_is_named():
    design = of(*some(10, take=1), rest())
    takes = [2, 3, 4]
    assert [cell.take for cell in design.with_takes(takes).cells] == takes
    for row in range(3):
        wrong = [0, 0, 0]
        wrong[row] = 401
        with pytest.raises(DesignError) as caught:
            design.with_takes(wrong)
        assert [problem.row for problem in caught.value.problems] == [row]
    for few in ([], [1, 1], [1, 1, 1, 1]):
        with pytest.raises(ValueError, match="argument 2"):
            design.with_takes(few)


# --- patterns and questions ----------------------------------------------------------------------


def test_a_pattern_says_minus_one_where_an_item_does_not_apply():
    design = of(rc.Cell(1, ALL))
    table = design.patterns[design.pattern_of]
    for row, item in enumerate(FRAME.items):
        assert (table[:, row] == np.where(FRAME.eligible(item), 0, -1)).all()


@given(st.integers(1, 4), st.integers(0, 300), st.integers(1, 300), st.randoms())
def test_patterns_are_the_distinct_columns(items, subjects, cells, random):
    columns = [[random.randrange(-1, cells) for _ in range(items)] for _ in range(subjects)]
    table = np.array(columns, dtype=np.int32).reshape(subjects, items).T
    patterns, pattern_of = _patterns(table, cells)
    assert patterns.shape == (len({*map(tuple, columns)}), items)
    assert patterns[pattern_of].tolist() == columns
    assert (patterns.dtype, pattern_of.dtype) == (np.int32, np.int32)


@pytest.mark.parametrize("name", ["", NAMES[0][:-1], NAMES[3] + "x", NAMES[-1] + "x", "zzz"])
def test_nobody_else_is_taken_for_a_firm_of_the_frame(name):
    with pytest.raises(UnknownNameError, match="subject"):
        of(rc.Cell(1, ALL)).inclusion_probability(name)


# --- estimates -----------------------------------------------------------------------------------


def overlapping():
    """A draw for one item from each half, and another for the other items."""
    half = np.arange(len(FRAME)) < 150
    return of(
        rc.Cell(40, half, items=("disclosure",)),
        rc.Cell(10, ~half, items=("disclosure",)),
        rest(take=60),
    )


def large(take):
    """Two draws from all of a larger frame, of which a cell is not sorted as a whole."""
    frame = made_up_frame(3000, items=("disclosure", "food"))
    food = frame.eligible("food")
    cells = (
        rc.Cell(take, np.arange(3000), items=("disclosure",)),
        rc.Cell(int(food.sum()) * take // 3000, food, items=("food",)),
    )
    return rc.Design.from_cells(frame, cells)


def test_the_bound_of_some_cells_counts_each_firm_at_its_largest_rate_among_them():
    design = overlapping()
    for chosen in ([], [0], [1, 2], [0, 2], [0, 1, 2]):
        rates = [
            [design.cells[n].rate for n in {*design.cells_of(name).values()} if n in chosen]
            for name in NAMES
        ]
        largest = (max(own, default=Fraction(0)) for own in rates)
        assert design.visit_bound_of(chosen) == sum(largest, Fraction(0))
    assert design.visit_bound == design.visit_bound_of({0, 1, 2})


DESIGNS = {"small": overlapping(), **{f"{take} of 3000": large(take) for take in (1000, 3000)}}


@pytest.mark.parametrize("cells", [None, [], [1], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_a_simulated_draw_takes_the_lowest_of_each_cell(design, seed, cells):
    bits, expected = np.random.PCG64(seed), []
    for _ in range(5):
        tickets, taken = bits.random_raw(len(design)), set()
        for number, cell in enumerate(design.cells):
            if cells is None or number in cells:
                taken |= {*sorted(cell.members.tolist(), key=tickets.__getitem__)[: cell.take]}
        expected.append(len(taken))
    assert design.simulated_visits(5, seed, cells) == expected


@pytest.mark.parametrize("draws", [2, 3, 100])
def test_the_estimate_is_the_mean_of_simulated_draws_and_its_standard_error(draws):
    design = overlapping()
    counts = design.simulated_visits(draws, seed=5)
    mean, error = design.expected_visits(draws, seed=5)
    assert mean == pytest.approx(statistics.mean(counts))
    assert error == pytest.approx(statistics.stdev(counts) / sqrt(draws))
    assert error > 0


def test_without_further_words_a_hundred_draws_are_simulated_from_seed_zero():
    design = overlapping()
    assert design.expected_visits() == design.expected_visits(draws=100, seed=0)
    assert design.simulated_visits(3) == design.simulated_visits(3, seed=0)
