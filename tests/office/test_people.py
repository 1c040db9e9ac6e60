"""Inspectors on any day: certificates, leave, trainings, and conflicts that leave their trace."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import randcheck as rc
from randcheck.datasets import city
from randcheck.errors import DataError, UnknownNameError
from randcheck.office.people import DECISIONS, People, missing_training

START = date(2026, 1, 1)
TOLD = {"source": "personnel", "reason": "as it is"}
ACTORS = ("I-1", "I-2", "leader", "clerk")
STEPS = ("declared", *DECISIONS)


def day(number):
    return START + timedelta(days=number)


def inspector(name, **more):
    return {
        "id": name,
        "name": f"示例检查员 {name}",
        "department": "示例局",
        "certificate": f"示例-{name}",
        "certificate_expires": date(2027, 1, 1),
        **more,
    }


def three(**more):
    rows = [inspector(f"I-{n}", **more) for n in (1, 2, 3)]
    return People().registered(rows, since=START, **TOLD)


def step(people, what, on, by, subject="F-1"):
    if what == "declared":
        return people.declared("I-1", subject, on=on, by=by, reason=f"{what} by {by}")
    return people.decided("I-1", subject, what, on=on, by=by, reason=f"{what} by {by}")


# --- conflicts ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from(ACTORS)), max_size=8))
def test_no_order_of_steps_forgets_a_conflict_or_lets_anybody_decide_for_himself(story):
    people, taken = three(), []
    for number, (what, by) in enumerate(story, 1):
        status = taken[-1][0] if taken else None
        if what == "declared":
            allowed = status in (None, "refused", "lifted")
        else:
            declarer = next((who for was, who in reversed(taken) if was == "declared"), None)
            allowed = status == DECISIONS[what] and by not in ("I-1", declarer)
        if allowed:
            people, taken = step(people, what, day(number), by), [*taken, (what, by)]
        else:
            with pytest.raises(DataError):
                step(people, what, day(number), by)
        last = taken[-1][0] if taken else None
        for undecided in (True, False):
            counts = last == "confirmed" or (undecided and last == "declared")
            registry = people.as_of(day(number), undecided=undecided)
            assert registry["I-1"].conflicts == (("F-1",) if counts else ())
        assert [each.subject for each in people.undecided(day(number))] == (
            ["F-1"] if last == "declared" else []
        )
    trace = [each for each in people.history("I-1") if each.value in STEPS]
    assert [(each.value, each.source) for each in trace] == taken
    assert [each.reason for each in trace] == [f"{what} by {by}" for what, by in taken]


def test_a_conflict_that_is_lifted_says_by_whom_and_why():
    people = three().declared("I-1", "F-1", on=day(1), reason="a cousin works there")
    people = people.decided("I-1", "F-1", "confirmed", on=day(3), by="leader", reason="so it is")
    people = people.decided("I-1", "F-1", "lifted", on=day(90), by="leader", reason="he left it")
    conflicts = [people.as_of(day(n))["I-1"].conflicts for n in (0, 1, 3, 89, 90)]
    assert conflicts == [(), ("F-1",), ("F-1",), ("F-1",), ()]
    assert [(each.value, each.source, each.reason) for each in people.history("I-1")[-3:]] == [
        ("declared", "I-1", "a cousin works there"),
        ("confirmed", "leader", "so it is"),
        ("lifted", "leader", "he left it"),
    ]


@pytest.mark.parametrize(
    ("what", "by", "found"),
    [
        ("confirmed", "I-1", "decides in his own matter"),
        ("confirmed", "clerk", "decides in his own matter"),
        ("lifted", "leader", "cannot be lifted"),
        ("declared", "I-1", "is there already"),
        ("forgotten", "leader", "is no decision"),
    ],
)
def test_steps_that_are_refused(what, by, found):
    people = step(three(), "declared", day(1), "clerk")
    with pytest.raises(DataError, match=found):
        step(people, what, day(2), by)
    with pytest.raises(DataError, match="'nothing' cannot be confirmed"):
        three().decided("I-1", "F-1", "confirmed", on=day(1), by="leader", reason="x")
    with pytest.raises(UnknownNameError):
        people.declared("I-9", "F-1", on=day(2), reason="x")
    with pytest.raises(UnknownNameError):
        people.declared("I-1", "F-2", on=day(-1), reason="x")
    with pytest.raises(DataError, match="before its registration on 2026-01-02"):
        people.decided("I-1", "F-1", "refused", on=day(0), by="leader", reason="x")


def test_ids_with_strokes_are_not_mixed_up():
    rows = [inspector("I"), inspector("I/F")]
    people = People().registered(rows, since=START, **TOLD)
    people = people.declared("I", "F/1", on=day(1), reason="x")
    people = people.declared("I/F", "1", on=day(1), reason="x")
    assert [each.conflicts for each in people.as_of(day(1))] == [("F/1",), ("1",)]


# --- trainings ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 5)), max_size=5))
def test_a_training_counts_from_its_day_to_the_end_of_its_validity(courses):
    people, on, spans = three(), 0, []
    for wait, valid in courses:
        on += wait
        until = None if valid is None else day(on + valid)
        people = people.trained("boilers", ["I-2", "I-1"], on=day(on), until=until, **TOLD)
        spans.append((day(on), until))
    for number in range(25):
        known = [each for each in spans if each[0] <= day(number)]
        valid = bool(known) and (known[-1][1] is None or day(number) <= known[-1][1])
        lacking = () if valid else ("I-1", "I-2")
        assert missing_training(people, ["boilers"], day(number)) == dict.fromkeys(
            (*lacking, "I-3"), ("boilers",)
        )


def test_who_lacks_what_before_a_visit():
    people = three().trained("boilers", ["I-1", "I-2"], on=day(1), **TOLD)
    people = people.trained("lifts", ["I-2"], on=day(2), until=day(9), **TOLD)
    needed = {"boilers", "lifts"}
    assert missing_training(people, needed, day(9)) == {
        "I-1": ("lifts",),
        "I-3": ("boilers", "lifts"),
    }
    assert missing_training(people, needed, day(9), among=["I-2"]) == {}
    assert missing_training(people, needed, day(10), among=["I-2"]) == {"I-2": ("lifts",)}
    assert missing_training(people, [], day(9)) == {}
    with pytest.raises(UnknownNameError, match="I-9"):
        missing_training(people, needed, day(9), among=["I-2", "I-9"])
    with pytest.raises(UnknownNameError, match="I-9"):
        people.trained("lifts", ["I-9", "I-1"], on=day(2), **TOLD)
    with pytest.raises(DataError, match="is before 2026-01-03"):
        people.trained("lifts", ["I-1"], on=day(2), until=day(1), **TOLD)


# --- everything else ---------------------------------------------------------------------------


def test_a_year_of_an_inspector():
    leave = ((day(10), day(20)),)
    people = three().changed("leave", {"I-1": leave}, since=day(5), **TOLD)
    people = people.changed("certificate_expires", {"I-1": date(2030, 1, 1)}, since=day(30), **TOLD)
    people = people.changed("specialties", {"I-1": ("food",)}, since=day(40), **TOLD)
    people = people.changed(
        "left", {"I-1": True}, since=day(50), source="personnel", reason="moved"
    )
    assert people.as_of(day(4))["I-1"].leave == ()
    assert people.as_of(day(5))["I-1"].leave == leave
    assert people.as_of(day(29))["I-1"].certificate_expires == date(2027, 1, 1)
    assert people.as_of(day(49))["I-1"] == rc.Inspector(
        "I-1",
        "示例检查员 I-1",
        "示例局",
        certificate="示例-I-1",
        certificate_expires=date(2030, 1, 1),
        specialties=("food",),
        leave=leave,
    )
    assert people.as_of(day(50)).ids.tolist() == ["I-2", "I-3"]
    assert people.history("I-1")[-1].reason == "moved"
    stated = people.changed(
        "leave", {"I-1": ()}, since=day(5), source="personnel", reason="not sick", correction=True
    )
    assert stated.as_of(day(6))["I-1"].leave == ()
    assert len(stated.history("I-1")) == len(people.history("I-1")) + 1


def test_a_registry_comes_back_as_it_was_registered():
    registry = city(subjects=300, inspectors=60, seed=3).inspectors
    some = rc.InspectorRegistry.from_records(
        [inspector("I-1", conflicts=("F-2", "F-1"), trainings=("lifts",)), *registry]
    )
    people = People().registered(some, since=START, **TOLD)
    assert people.as_of(START) == some
    assert any(fact.conflicts for fact in registry)
    assert people.undecided(START) == ()
    freed = people.decided("I-1", "F-2", "lifted", on=day(1), by="leader", reason="sold")
    assert freed.as_of(day(1))["I-1"].conflicts == ("F-1",)


def test_conflicts_and_trainings_have_no_other_way_in():
    with pytest.raises(UnknownNameError, match="field of inspectors"):
        three().changed("conflicts", {"I-1": ("F-1",)}, since=day(1), **TOLD)
    rows = [inspector("I-4", conflicts=("F-1",)), inspector("I-5", trainings=("lifts",))]
    with pytest.raises(DataError, match="2 problems"):
        three().inspectors.registered(rows, since=day(1), **TOLD)
    with pytest.raises(DataError, match="is registered already"):
        three().registered([inspector("I-1")], since=day(1), **TOLD)
    with pytest.raises(DataError, match="begins on"):
        three().changed("leave", {"I-1": ((day(2), day(1)),)}, since=day(1), **TOLD)
