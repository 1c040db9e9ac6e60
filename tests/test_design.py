import json
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.design import _patterns
from randcheck.errors import DesignError, ParameterError, UnknownNameError
from randcheck.testing import made_up_frame
from worlds import AS_OF

FRAME = made_up_frame(60, seed=3)


def everybody(take=5, **more):
    return rc.Cell(take, np.ones(len(FRAME), dtype=bool), **more)


def refused(*cells):
    with pytest.raises(DesignError) as caught:
        rc.Design.from_cells(FRAME, cells)
    return caught.value.problems


def test_one_cell_for_all_items():
    design = rc.Design.from_cells(FRAME, [everybody(name="all")])
    assert design.cells[0].size == len(FRAME) == len(design)
    for name in FRAME.ids:
        assert design.inclusion_probability(name) == Fraction(5, len(FRAME))
        assert design.visit_bounds(name) == (Fraction(5, len(FRAME)),) * 2


def test_members_as_mask_ids_and_positions_are_the_same():
    mask = FRAME.eligible("food")
    rest = [name for name in FRAME.ids if name not in set(FRAME.ids[mask])]
    others = rc.Cell(1, FRAME.ids, items=("price", "metrology", "disclosure"))
    designs = [
        rc.Design.from_cells(FRAME, [rc.Cell(3, members, items="food"), others])
        for members in (mask, FRAME.ids[mask], np.flatnonzero(mask), set(FRAME.ids[mask]))
    ]
    assert len({design.digest for design in designs}) == 1
    assert len(set(designs)) == 1
    assert rest
    assert designs[0].cells[0] == designs[2].cells[0]
    assert hash(designs[0].cells[0]) == hash(designs[2].cells[0])
    assert designs[0].cells[0] != designs[0].cells[1]
    assert designs[0] != "a design"
    assert designs[0].cells[0] != "a cell"


@given(st.data())
def test_the_sheet_says_what_the_design_says(data):
    """Random partitions for each item: sizes, takes and lines agree with a naive account."""
    cells, where = [], {}
    for item in FRAME.items:
        ids = FRAME.ids[FRAME.eligible(item)]
        groups = data.draw(st.lists(st.integers(0, 3), min_size=len(ids), max_size=len(ids)))
        for group in sorted(set(groups)):
            members = [name for name, own in zip(ids, groups, strict=True) if own == group]
            take = data.draw(st.integers(0, len(members)))
            for name in members:
                where[name, item] = len(cells)
            cells.append(rc.Cell(take, members, items=(item,)))
    design = rc.Design.from_cells(FRAME, cells)
    header, *lines = map(json.loads, design.to_bytes().decode().splitlines())
    assert header["cells"] == [[cell.size, cell.take] for cell in cells]
    assert [name for name, _ in lines] == list(FRAME.ids)
    for name, numbers in lines:
        assert numbers == [where.get((name, item)) for item in FRAME.items]
        rates = [design.inclusion_probability(name, item) for item in FRAME.items]
        assert rates == [
            Fraction(0) if n is None else Fraction(cells[n].take, cells[n].size) for n in numbers
        ]
        assert design.visit_bounds(name) == (max(rates), min(Fraction(1), sum(rates)))
        assert design.cells_of(name) == {
            item: n for item, n in zip(FRAME.items, numbers, strict=True) if n is not None
        }
    assert design.visit_bound == sum((design.visit_bounds(n)[0] for n in FRAME.ids), Fraction(0))


def test_the_order_of_rates_is_no_matter_where_cells_are_shared():
    """Items that share a cell are drawn together, so their rate counts once in the upper bound."""
    shared = rc.Cell(10, FRAME.ids, items=("food", "price", "metrology"))
    design = rc.Design.from_cells(
        FRAME, [shared_by_all(shared), rc.Cell(6, FRAME.ids, "disclosure")]
    )
    name = FRAME.ids[FRAME.eligible("food")][0]
    first = design.cells[0].rate
    assert design.visit_bounds(name) == (first, first + Fraction(6, len(FRAME)))


def shared_by_all(cell):
    some = FRAME.eligible("food") | FRAME.eligible("price") | FRAME.eligible("metrology")
    return rc.Cell(cell.take, some, cell.items)


def test_ids_that_need_escapes_and_several_chunks(monkeypatch):
    monkeypatch.setattr("randcheck.design.CHUNK", 2)
    odd = ['a"b', "a\\b", "x:y", "é", "电梯-1", "🎲", "plain"]
    subjects = rc.SubjectRegistry.from_records(rc.Subject(n, "x", region="r") for n in odd)
    catalog = rc.ItemCatalog.from_records([rc.Item("i", "i", "law")])
    task = rc.Task(id='T"1', items=("i",), as_of=AS_OF, sampler=rc.UniformSampler(count=2))
    draw = rc.draw(task, subjects=subjects, catalog=catalog, randomness="7")
    lines = draw.design.to_bytes().decode().splitlines()
    assert [json.loads(line)[0] for line in lines[1:]] == sorted(odd)
    assert rc.verify(draw.record.to_bytes(), sheet=draw.design.to_bytes()).ok


# --- what is refused -----------------------------------------------------------------------------


def test_a_subject_in_two_cells_for_an_item():
    problems = refused(everybody(), rc.Cell(0, FRAME.ids[:1]))
    assert problems[0].row == 1
    assert "another cell" in problems[0].reason


def test_a_subject_in_no_cell():
    problems = refused(rc.Cell(1, FRAME.ids[1:]))
    assert {problem.reason for problem in problems} == {"are in no cell"}
    assert FRAME.ids[0] in problems[0].value


def test_members_to_whom_no_item_applies():
    food = FRAME.eligible("food").copy()
    food[np.flatnonzero(~food)[0]] = True
    rest = everybody(items=("price", "metrology", "disclosure"))
    problems = refused(rest, rc.Cell(0, food, items=("food",)))
    assert len(problems) == 1
    assert "applies to them" in problems[0].reason


@pytest.mark.parametrize(
    ("cell", "column", "reason"),
    [
        (lambda: everybody(take=61), "take", "cannot be taken from a cell of"),
        (lambda: everybody(take=-1), "take", "is not a whole number"),
        (lambda: everybody(take=2.0), "take", "is not a whole number"),
        (lambda: everybody(take=True), "take", "is not a whole number"),
        (lambda: rc.Cell(1, np.ones(3, dtype=bool)), "members", "does not fit the frame"),
        (lambda: rc.Cell(1, ["nobody"]), "members", "are not in the frame"),
        (lambda: rc.Cell(1, [10**6]), "members", "are not in the frame"),
        (lambda: rc.Cell(1, np.array([10**6])), "members", "are not in the frame"),
        (lambda: rc.Cell(1, np.array([-1])), "members", "are not in the frame"),
        (lambda: rc.Cell(1, [*FRAME.ids, FRAME.ids[0]]), "members", "are listed twice"),
        (lambda: everybody(items=("nothing",)), "items", "are not the task's"),
    ],
)
def test_a_bad_cell_is_named(cell, column, reason):
    problems = refused(cell())
    assert any(p.row == 0 and p.column == column and reason in p.reason for p in problems)
    assert all(problem.remedy for problem in problems)


def test_a_positive_count_from_an_empty_cell():
    problems = refused(everybody(), rc.Cell(1, []))
    assert "an empty cell" in problems[0].reason
    assert rc.Design.from_cells(FRAME, [everybody(), rc.Cell(0, [])]).cells[1].rate == 0


def test_several_faults_are_reported_at_once():
    assert len(refused(rc.Cell(-1, ["nobody"]), rc.Cell(1.5, np.ones(3, dtype=bool)))) >= 4


def test_a_mask_as_a_list_of_booleans():
    design = rc.Design.from_cells(FRAME, [rc.Cell(5, [True] * len(FRAME))])
    assert design == rc.Design.from_cells(FRAME, [everybody()])
    assert design == rc.Design.from_cells(FRAME, [rc.Cell(5, list(range(len(FRAME))))])


def test_unclear_and_unknown_questions():
    cells = [everybody(items=("food", "price", "metrology")), everybody(items=("disclosure",))]
    some = FRAME.eligible("food") | FRAME.eligible("price") | FRAME.eligible("metrology")
    design = rc.Design.from_cells(FRAME, [rc.Cell(5, some, cells[0].items), cells[1]])
    name = FRAME.ids[some][0]
    with pytest.raises(ParameterError, match="several cells"):
        design.inclusion_probability(name)
    with pytest.raises(UnknownNameError, match="item"):
        design.inclusion_probability(name, "nothing")
    with pytest.raises(UnknownNameError, match="subject"):
        design.inclusion_probability("nobody")
    with pytest.raises(UnknownNameError, match="subject"):
        design.inclusion_probability("zzz")


# --- patterns, estimates, form -------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(0, 40), st.integers(1, 10**6), st.randoms())
def test_patterns_say_the_same_as_the_table(items, subjects, cells, random):
    table = np.array(
        [[random.randrange(-1, cells) for _ in range(subjects)] for _ in range(items)],
        dtype=np.int32,
    ).reshape(items, subjects)
    patterns, pattern_of = _patterns(table, cells)
    assert (table == patterns[pattern_of].T).all()
    assert len({tuple(row) for row in patterns.tolist()}) == len(patterns)


def test_expected_visits_is_an_estimate_around_the_bound():
    design = rc.Design.from_cells(FRAME, [everybody()])
    assert design.expected_visits(draws=10) == (5.0, 0.0)
    frame = made_up_frame(400)
    sampler = rc.JointItemSampler(
        {item: rc.UniformSampler(rate=f"{n + 2}%") for n, item in enumerate(frame.items)}
    )
    design = sampler.design(frame)
    mean, error = design.expected_visits(draws=200)
    assert mean + 4 * error >= float(design.visit_bound)
    assert mean == design.expected_visits(draws=200)[0]
    with pytest.raises(ParameterError):
        design.expected_visits(draws=1)


def test_a_cell_without_takers_counts_nobody():
    design = rc.Design.from_cells(FRAME, [everybody(take=0)])
    assert design.expected_visits(draws=2) == (0.0, 0.0)


def test_the_same_cells_with_other_counts():
    design = rc.UniformSampler(count=5).design(FRAME)
    other = design.with_takes([7])
    assert (other.cells[0].take, other.ids is design.ids) == (7, True)
    assert other == rc.UniformSampler(count=7).design(FRAME)
    with pytest.raises(DesignError, match="cannot be taken from"):
        design.with_takes([len(FRAME) + 1])


def test_design_and_cells_pickle_and_say_what_they_are():
    design = rc.Design.from_cells(FRAME, [everybody(name="all")])
    copy = pickle.loads(pickle.dumps(design))
    assert copy == design
    assert copy.cells == design.cells
    assert repr(design) == f"<Design of 1 cells over {len(FRAME)} subjects, Σ take 5>"
    assert repr(design.cells[0]) == (
        f"Cell(take=5, members=<{len(FRAME)}>, items=None, name='all')"
    )


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_cells_as_a_dataframe(backend):
    table = rc.Design.from_cells(FRAME, [everybody(name="all")]).to_dataframe(backend=backend)
    row = {name: next(iter(table[name])) for name in ("name", "size", "take", "rate")}
    assert {name: str(value) for name, value in row.items()} == {
        "name": "all", "size": "60", "take": "5", "rate": "1/12",
    }  # fmt: skip
