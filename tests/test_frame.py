import pickle
from collections import Counter
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import EmptyFrameError, ParameterError, UnknownNameError
from randcheck.testing import TAGS, made_up_catalog, made_up_frame, made_up_history
from worlds import joint_task, world

subjects = st.lists(
    st.builds(
        lambda number, region, tags, risk, status, kind: rc.Subject(
            f"s{number}", "n", region=region, tags=tuple(tags), risk_class=risk, status=status,
            kind=kind, industry="F52" if number % 2 else None,
        ),
        st.integers(0, 99),
        st.sampled_from(["0101", "0102", "0201"]),
        st.sets(st.sampled_from(TAGS)),
        st.sampled_from([None, "A", "B", "D"]),
        st.sampled_from(["active", "revoked"]),
        st.sampled_from(["enterprise", "cooperative"]),
    ),
    unique_by=lambda subject: subject.id,
    min_size=1,
    max_size=30,
)  # fmt: skip
scopes = st.builds(
    rc.Scope,
    regions=st.sampled_from([None, ("01",), ("0102", "02")]),
    kinds=st.sampled_from([None, ("enterprise",)]),
    industries=st.sampled_from([None, ("F",)]),
    tags=st.sampled_from([None, ("food", "price")]),
    risk_classes=st.sampled_from([None, ("A", "D")]),
    statuses=st.sampled_from([None, ("active",), ("revoked",)]),
)


def naive(subject, scope, drawn, items):
    """The first reason that holds for one subject, word for word; None if it may be drawn."""

    def fits(scope):
        return (
            (scope.kinds is None or subject.kind in scope.kinds)
            and (scope.industries is None or (subject.industry or "").startswith(scope.industries))
            and (scope.tags is None or set(scope.tags) & set(subject.tags))
            and (scope.risk_classes is None or subject.risk_class in scope.risk_classes)
        )

    if scope.statuses is not None and subject.status not in scope.statuses:
        return "status"
    if scope.regions is not None and not subject.region.startswith(scope.regions):
        return "region"
    if not fits(scope):
        return "scope"
    if subject.id in drawn:
        return "drawn-this-year"
    applies = [item for item in items if subject.status == "active" and fits(item.applies_to)]
    return None if applies else "no-item"


@given(subjects, scopes, st.sets(st.integers(0, 99)))
def test_nobody_disappears_and_the_first_reason_counts(people, scope, numbers):
    catalog = made_up_catalog()
    drawn = {f"s{number}" for number in numbers}
    history = rc.History.from_records(rc.PastDraw(n, date(2026, 2, 1), "T") for n in sorted(drawn))
    items = ("food", "price")
    task = joint_task(items=items, scope=scope, exclusions=(rc.DrawnThisYear(),))
    registry = rc.SubjectRegistry.from_records(people)
    expected = {p.id: naive(p, scope, drawn, [catalog[item] for item in items]) for p in people}
    try:
        frame = rc.build_frame(task, subjects=registry, catalog=catalog, history=history)
    except EmptyFrameError as error:
        reasons = [reason for reason in expected.values() if reason is not None]
        assert len(reasons) == len(expected)
        assert error.excluded == {r: reasons.count(r) for r in error.excluded}  # noqa: PT017
        return
    except UnknownNameError:
        return
    found = dict.fromkeys(frame.ids) | {
        name: reason for reason, ids in frame.excluded.items() for name in ids
    }
    assert found == expected
    assert frame.counts == {reason: len(ids) for reason, ids in frame.excluded.items()}
    assert all(frame.counts.values())
    for item in items:
        wanted = [p for p in frame.ids if naive(registry[p], scope, (), [catalog[item]]) is None]
        assert list(frame.ids[frame.eligible(item)]) == wanted


def test_columns_have_the_frames_length_and_order():
    frame = made_up_frame(50)
    assert list(frame.column("id")) == list(frame.ids) == sorted(frame.ids)
    assert frame.codes("region").decode().tolist() == frame.column("region").tolist()
    for array in (frame.ids, frame.column("region"), frame.eligible("food")):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    with pytest.raises(UnknownNameError, match="item"):
        frame.eligible("nothing")
    with pytest.raises(UnknownNameError, match="column of few values"):
        frame.codes("name")


def test_strata_are_groups_in_order():
    frame = made_up_frame(80)
    groups = list(frame.strata("risk_class", "region"))
    keys = [key for key, _ in groups]
    assert keys == sorted(keys)
    for key, positions in groups:
        assert {(frame.column("risk_class")[k], frame.column("region")[k]) for k in positions} == {
            key
        }
        assert list(positions) == sorted(positions)
    assert sorted(np.concatenate([positions for _, positions in groups])) == list(range(len(frame)))
    [(nothing, everybody)] = frame.strata()
    assert nothing == ()
    assert len(everybody) == len(frame)


def test_the_part_for_one_item():
    frame = made_up_frame(50)
    part = frame.for_items("food")[0]
    assert list(part.ids) == list(frame.ids[frame.eligible("food")])
    assert part.items == ("food",)
    assert part.eligible("food").all()


def test_the_items_of_a_frame_are_the_catalogs():
    frame = made_up_frame(20)
    assert frame.item("food").basis == "a made-up law"
    with pytest.raises(UnknownNameError, match="unheard-of"):
        frame.item("unheard-of")


def test_how_often_subjects_were_drawn():
    """By naive counting, over all tasks and over some."""
    frame = made_up_frame(80, seed=3)
    past = made_up_history(80, seed=3)
    for day in (date(2024, 1, 1), date(2025, 12, 31), date(2026, 6, 30)):
        for tasks in ((), ("made-up-2026", "unheard-of")):
            counted = Counter(
                each.subject
                for each in past
                if each.drawn_on > day and (not tasks or each.task.startswith(tasks))
            )
            found = frame.times_drawn(day, tasks=tasks)
            assert found.tolist() == [counted[name] for name in frame.ids]


def test_who_is_within_a_scope():
    frame = made_up_frame(80, seed=3)
    scope = rc.Scope(regions=("990102",), risk_classes=("A", "B"))
    regions, classes = frame.column("region"), frame.column("risk_class")
    expected = [r == "990102" and c in "AB" for r, c in zip(regions, classes, strict=True)]
    assert frame.within(scope).tolist() == expected
    part, positions = frame.for_items("food", "price", among=frame.within(scope))
    assert list(part.ids) == list(frame.ids[positions])
    assert part.times_drawn(date(2025, 1, 1)).tolist() == (
        frame.times_drawn(date(2025, 1, 1))[positions].tolist()
    )


def test_the_same_facts_under_other_ids():
    frame = made_up_frame(40, seed=2)
    names = {name: f"x{n:03}" for n, name in enumerate(reversed(frame.ids))}
    other = frame.renamed(names)
    assert list(other.ids) == sorted(names.values())
    place = {name: row for row, name in enumerate(other.ids)}
    for column in ("region", "risk_class", "tags"):
        before = dict(zip(frame.ids, frame.column(column), strict=True))
        after = other.column(column)
        assert all(after[place[names[name]]] == value for name, value in before.items())
    for item in frame.items:
        masks = frame.eligible(item), other.eligible(item)
        assert all(masks[0][n] == masks[1][place[names[x]]] for n, x in enumerate(frame.ids))


def test_a_directed_draw_by_ids():
    frame = rc.build_frame(
        joint_task(scope=rc.Scope(ids=("firm-000003", "firm-000001"))), **world()
    )
    assert list(frame.ids) == ["firm-000001", "firm-000003"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope": rc.Scope(regions=("99", "12"))}, "unknown region: '12'"),
        ({"scope": rc.Scope(ids=("nobody",))}, "unknown subject in the scope"),
        ({"items": ("food", "nothing")}, "unknown item: 'nothing'"),
    ],
)
def test_unknown_names(changes, words):
    with pytest.raises(UnknownNameError, match=words):
        rc.build_frame(joint_task(**changes), **world())


def test_an_id_in_an_items_scope_may_be_nobody():
    """A catalog is written for more than one registry."""
    catalog = rc.ItemCatalog.from_records(
        [rc.Item("i", "n", "b", applies_to=rc.Scope(ids=("firm-000001", "elsewhere")))]
    )
    task = joint_task(items=("i",), sampler=rc.UniformSampler(count=1))
    frame = rc.build_frame(task, subjects=world()["subjects"], catalog=catalog)
    assert list(frame.ids) == ["firm-000001"]


def test_an_empty_frame_says_why():
    with pytest.raises(EmptyFrameError) as caught:
        rc.build_frame(joint_task(scope=rc.Scope(statuses=("revoked",))), **world(30))
    assert caught.value.excluded == {"status": 30}
    nobody = rc.SubjectRegistry.from_records([])
    with pytest.raises(EmptyFrameError) as caught:
        rc.build_frame(joint_task(), subjects=nobody, catalog=made_up_catalog())
    assert caught.value.excluded == {}


def test_history_is_needed_for_exclusions():
    with pytest.raises(ParameterError, match="history"):
        rc.build_frame(joint_task(exclusions=(rc.DrawnThisYear(),)), **world())


def test_frames_are_data():
    frame, again = made_up_frame(30), made_up_frame(30)
    assert frame == again
    assert hash(frame) == hash(again)
    assert frame != made_up_frame(31)
    assert frame != "a frame"
    copy = pickle.loads(pickle.dumps(frame))
    assert copy == frame
    assert repr(frame).startswith("<Frame of 30 subjects for task 'made-up-0'")


@pytest.mark.parametrize("name", ["subjects", "catalog", "history"])
def test_a_registry_that_is_none(name):
    with pytest.raises(ParameterError, match=f"{name} = a dict is no registry"):
        rc.build_frame(joint_task(), **world() | {name: {}})
