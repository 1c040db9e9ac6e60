"""What is due when: counted in working days, and listed for those who must act."""

from datetime import date

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from office.clocks import Days, days
from randcheck.errors import DataError
from randcheck.ledger import Ledger
from randcheck.office.calendar import FixedCalendar, add_workdays, workdays_between
from randcheck.office.cases import (
    Case,
    Corrected,
    Drawn,
    Entered,
    Inspected,
    Revision,
    case_id,
    case_life,
)
from randcheck.office.codes import STANDARD
from randcheck.office.deadlines import (
    STATUSES,
    Deadline,
    Limits,
    by_department,
    by_person,
    by_region,
    by_status,
    deadlines,
)
from randcheck.office.desk import Desk
from randcheck.office.errors import CalendarError
from randcheck.office.follow_up import (
    Closed,
    Extended,
    Opened,
    Reinspected,
    problem_id,
    problem_life,
)
from randcheck.office.forms import Because, Result, Somewhere
from randcheck.office.transfers import Answered, Received, Sent, transfer_life

DRAW = "5f" * 32
FIRST = date(2026, 9, 21)  # a Monday; 25 to 27 September and 1 to 7 October are holidays
CALENDAR = FixedCalendar(
    holidays=[date(2026, 9, 25 + n) for n in range(3)] + [date(2026, 10, 1 + n) for n in range(7)],
    workdays=[date(2026, 9, 20), date(2026, 10, 10)],
    first=date(2026, 1, 1),
    last=date(2026, 12, 31),
)


def case(subject="F-1", region="990102", **state):
    drawn = Drawn(
        draw=DRAW,
        task="T",
        subject=subject,
        region=region,
        items={"food": "market", "fire": "fire", "price": None},
        team=("I-1", "I-2"),
        on=FIRST,
    )
    told = {"id": case_id(DRAW, subject), "status": "drawn", "drawn": drawn, "team": drawn.team}
    return Case(**(told | state))


def inspected(status="inspected", **state):
    told = {
        "confirmed": FIRST,
        "started": "2026-09-22T01:00:00Z",
        "ended_at": "2026-09-22T15:59:59Z",  # 22 September in Beijing, until midnight
        "inspectors": ("I-2", "I-3"),
    }
    return case(status=status, **(told | state))


def found(*cases, **options):
    return deadlines(CALENDAR, cases={each.id: each for each in cases}, **options)


def the(what, listed):
    [each] = [each for each in listed if each.what == what]
    return each


def test_a_draw_is_confirmed_within_two_working_days():
    [deadline] = found(case())
    assert deadline == Deadline(
        about="case",
        id=case().id,
        what="confirmed",
        since=FIRST,
        due=FIRST + days(2),
        next="confirmed",
        who=("I-1", "I-2"),
        departments=("fire", "market"),
        region="990102",
    )
    [friday] = found(case(drawn=evolve(case().drawn, on=date(2026, 9, 24))))
    assert friday.due == date(2026, 9, 29)


def test_results_are_published_within_twenty_working_days_of_the_inspection_s_end():
    deadline = the("published", found(inspected()))
    assert (deadline.since, deadline.due) == (date(2026, 9, 22), date(2026, 10, 27))
    assert workdays_between(CALENDAR, deadline.since, deadline.due) == 20
    later = inspected(ended_at="2026-09-22T16:00:00Z")  # a second later, the next day
    assert the("published", found(later)).due == date(2026, 10, 28)


@pytest.mark.parametrize(
    ("status", "following", "who"),
    [
        ("inspected", "entered", ("I-2", "I-3")),
        ("entered", "reviewed", ("R-1",)),
        ("reviewed", "approved", ()),
        ("approved", "published", ()),
    ],
)
def test_who_acts_next(status, following, who):
    deadline = the("published", found(inspected(status), staff={"reviewed": ["R-1"]}))
    assert (deadline.next, deadline.who, deadline.done) == (following, who, None)


def test_the_first_publication_counts_and_a_correction_has_a_limit_only_if_one_is_given():
    results = {"food": Result("none")}
    first = date(2026, 10, 20)
    done = inspected("published", published=first, entered=first, results=results)
    old = Revision(results, "I-2", "another firm's form", on=date(2026, 11, 2))
    again = evolve(done, status="entered", entered=date(2026, 11, 2), earlier=(old,))
    for each in (done, again):
        assert the("published", found(each)).done == first
        assert len(found(each)) == 2
    limits = Limits(correct=3)
    assert len(found(done, limits=limits)) == 2
    deadline = the("corrected", found(again, limits=limits))
    assert (deadline.since, deadline.due, deadline.done) == (old.on, date(2026, 11, 5), None)
    assert (deadline.next, deadline.who) == ("reviewed", ())


def test_a_correction_s_deadline_stays_whatever_is_returned():
    clock = Days(2026, 7, 1)
    with Ledger.open("sqlite://", clock=clock) as ledger:
        desk, name = Desk(ledger, [case_life(STANDARD)]), case().id

        def do(what, data=None, actor="clerk"):
            return desk.do("case", name, what, data, actor=actor)

        def the_corrections():
            told = deadlines(CALENDAR, cases=desk.states("case"), limits=Limits(correct=3))
            return [(each.since, each.due, each.done, each.next) for each in told
                    if each.what == "corrected"]  # fmt: skip

        def publish():
            do("reviewed", actor="reviewer")
            do("approved", actor="leader")
            do("published", Somewhere("made up"))

        do("drawn", evolve(case().drawn, on=date(2026, 7, 1)))
        do("confirmed")
        do("inspected", Inspected(started=clock(), ended=clock(), by=("I-1", "I-2")))
        do("entered", Entered(whole("none")), "I-1")
        publish()
        assert the_corrections() == []
        began, due = date(2026, 7, 6), date(2026, 7, 9)  # a Monday
        clock.to(2026, 7, 6)
        do("corrected", Corrected(whole("corrected"), "a mistake"), "I-1")
        clock.to(2026, 7, 10)
        do("returned", Because("look again"), "reviewer")
        assert the_corrections() == [(began, due, None, "entered")]
        do("entered", Entered(whole("to-follow-up")), "I-1")
        assert the_corrections() == [(began, due, None, "reviewed")]
        publish()
        assert the_corrections() == [(began, due, date(2026, 7, 10), None)]
        clock.to(2026, 7, 13)
        do("corrected", Corrected(whole("none"), "another one"), "I-1")
        publish()
        later = date(2026, 7, 13)
        assert the_corrections() == [
            (began, due, date(2026, 7, 10), None),
            (later, date(2026, 7, 16), later, None),
        ]
        assert desk.state("case", name).published == date(2026, 7, 1)


def whole(code):
    return {item: Result(code) for item in ("food", "fire", "price")}


def test_what_is_voided_has_no_deadline():
    assert found(case(status="voided"), inspected("voided")) == ()


def test_limits_are_parameters():
    assert found(case(), limits=Limits(confirm=None)) == ()
    assert the("confirmed", found(case(), limits=Limits(confirm=5))).due == date(2026, 9, 29)
    with pytest.raises(DataError, match="publish"):
        Limits(publish=-1)


def test_a_due_day_without_a_calendar_is_no_guess():
    late = inspected(ended_at="2026-12-11T04:00:00Z")
    with pytest.raises(CalendarError, match="2027-01-01"):
        found(late)


@given(st.integers(0, 60), st.none() | st.integers(0, 60), st.integers(0, 60), st.integers(0, 10))
def test_a_status_is_what_its_words_say(due, done, today, soon):
    begin = date(2026, 9, 1)
    deadline = Deadline(
        about="case",
        id="x",
        what="published",
        since=begin,
        due=begin + days(due),
        done=None if done is None else begin + days(done),
    )
    status = deadline.status(begin + days(today), CALENDAR, soon)
    if done is not None and done <= today:
        assert status == ("done in time" if done <= due else "done late")
    elif due < today:
        assert status == "overdue"
    else:
        left = workdays_between(CALENDAR, begin + days(today), begin + days(due))
        assert status == ("due soon" if left <= soon else "open")


def test_a_far_due_day_needs_no_calendar_yet():
    deadline = Deadline(about="problem", id="x", what="closed", since=FIRST, due=date(2027, 3, 1))
    assert deadline.status(date(2026, 12, 1), CALENDAR) == "open"
    with pytest.raises(CalendarError):
        deadline.status(date(2026, 12, 30), CALENDAR)


@pytest.fixture
def clock():
    return Days(2026, 9, 21)


@pytest.fixture
def desk(clock):
    lives = [case_life(STANDARD), problem_life(STANDARD), transfer_life()]
    with Ledger.open("sqlite://", clock=clock) as ledger:
        yield Desk(ledger, lives)


def of(desk, *cases, **options):
    return deadlines(
        CALENDAR,
        cases={each.id: each for each in cases},
        problems=desk.states("problem"),
        transfers=desk.states("transfer"),
        **options,
    )


CASE = case().id
FIRE = problem_id(CASE, "fire")


def opened(desk, item="fire", **changes):
    told = {"case": CASE, "item": item, "code": "to-follow-up", "due": FIRST + days(10)}
    name = problem_id(CASE, item)
    desk.do("problem", name, "opened", Opened(**(told | changes)), actor="clerk")


def send(desk, name="t-1", **changes):
    told = {
        "case": CASE,
        "item": "fire",
        "kind": "transfer",
        "to": "another bureau",
        "ground": "made up",
        "due": FIRST + days(5),
    }
    desk.do("transfer", name, "sent", Sent(**(told | changes)), actor="clerk")


def test_a_problem_is_due_on_its_day_in_force_until_it_is_closed(desk, clock):
    opened(desk)
    published = inspected("published", published=FIRST)
    deadline = the("closed", of(desk, published))
    assert (deadline.due, deadline.next) == (FIRST + days(10), "reinspected")
    assert (deadline.who, deadline.departments) == (("I-2", "I-3"), ("fire",))

    desk.do("problem", FIRE, "extended", Extended(FIRST + days(12), "made up"), actor="clerk")
    found = Reinspected(on=FIRST, by=("I-4", "I-5"), corrected=True)
    desk.do("problem", FIRE, "reinspected", found, actor="clerk")
    deadline = the("closed", of(desk, published, staff={"closed": ("L-1",)}))
    assert (deadline.due, deadline.next, deadline.who) == (FIRST + days(12), "closed", ("L-1",))

    clock.go(13)
    desk.do("problem", FIRE, "closed", Closed("corrected", "made up"), actor="clerk")
    deadline = the("closed", of(desk, published))
    assert (deadline.done, deadline.next) == (FIRST + days(13), None)
    assert deadline.status(FIRST + days(13), CALENDAR) == "done late"
    assert deadline.status(FIRST + days(12), CALENDAR) == "due soon"


def test_a_problem_is_its_department_s(desk):
    opened(desk, "price", department="prices")
    opened(desk, "fire")
    assert [each.departments for each in of(desk, case())[-2:]] == [
        ("fire",),
        ("prices",),
    ]
    for each in of(desk):  # without the case nobody knows more
        assert (each.who, each.region) == ((), None)


def test_a_receipt_is_due_on_its_day(desk, clock):
    send(desk)
    published = inspected("published", published=FIRST)
    deadline = the("received", of(desk, published))
    assert (deadline.due, deadline.next) == (FIRST + days(5), "received")
    assert (deadline.departments, deadline.region) == (("another bureau",), "990102")
    clock.go(6)
    assert deadline.status(FIRST + days(6), CALENDAR) == "overdue"
    desk.do("transfer", "t-1", "received", Received("R", FIRST + days(6)), actor="clerk")
    assert the("received", of(desk)).status(FIRST + days(6), CALENDAR) == "done late"
    limits = Limits(answer=3)
    assert the("answered", of(desk, limits=limits)).due == date(2026, 9, 30)
    desk.do("transfer", "t-1", "answered", Answered("fined", FIRST + days(6)), actor="clerk")
    assert the("answered", of(desk, limits=limits)).done == FIRST + days(6)


def test_a_notification_needs_no_answer(desk):
    send(desk, kind="notification")
    desk.do("transfer", "t-1", "received", Received("R", FIRST), actor="clerk")
    assert [each.what for each in of(desk, limits=Limits(answer=3))] == ["received"]


def test_after_a_refusal_the_case_s_own_office_must_act(desk, clock):
    send(desk)
    desk.do("transfer", "t-1", "refused", Because("not ours"), actor="clerk")
    published = inspected("published", published=FIRST)
    deadline = the("sent again", of(desk, published))
    assert [each.id for each in of(desk, published) if each.about == "transfer"] == ["t-1"]
    assert (deadline.due, deadline.done) == (FIRST + days(5), None)
    assert (deadline.departments, deadline.region) == (("fire",), "990102")
    clock.go(1)
    send(desk, "t-2", item="price")  # about something else
    send(desk, "t-3", kind="notification")
    assert the("sent again", of(desk, published)).done is None
    clock.go(1)
    send(desk, "t-4")
    assert the("sent again", of(desk, published)).done == FIRST + days(2)


def test_papers_about_a_whole_case_are_sent_again_as_such(desk):
    send(desk, item=None)
    desk.do("transfer", "t-1", "refused", Because("not ours"), actor="clerk")
    send(desk, "t-2")
    deadline = the("sent again", of(desk, case()))
    assert (deadline.done, deadline.departments) == (None, ("fire", "market"))
    send(desk, "t-3", item=None)
    assert the("sent again", of(desk, case())).done == FIRST


def test_papers_sent_before_a_refusal_on_the_same_day_do_not_answer_it(desk):
    send(desk, "t-1")
    send(desk, "t-2")
    desk.do("transfer", "t-1", "refused", Because("not ours"), actor="clerk")
    desk.do("transfer", "t-2", "refused", Because("nor ours"), actor="clerk")
    again = [each for each in of(desk) if each.what == "sent again"]
    assert [each.done for each in again] == [None, None]


@pytest.mark.parametrize("before", [True, False])
def test_a_problem_that_is_closed_after_the_refusal_settles_it(desk, before):
    opened(desk)
    send(desk)
    steps = [
        ("problem", FIRE, "closed", Closed("transferred", "made up")),
        ("transfer", "t-1", "refused", Because("not ours")),
    ]
    desk.do_all(steps if before else steps[::-1], actor="clerk")
    assert the("sent again", of(desk)).done == (None if before else FIRST)


def test_a_late_refusal_is_due_at_once(desk, clock):
    send(desk)
    clock.go(8)
    desk.do("transfer", "t-1", "refused", Because("not ours"), actor="clerk")
    assert the("sent again", of(desk)).due == FIRST + days(8)


def some():
    """Cases that stand differently on 27 October."""
    return [
        case("F-1", "990101", id=case_id(DRAW, "F-1")),
        evolve(inspected(region="990102"), id=case_id(DRAW, "F-2")),
        evolve(inspected("approved", region="990101"), id=case_id(DRAW, "F-3")),
        evolve(inspected("published", published=date(2026, 10, 28)), id=case_id(DRAW, "F-4")),
    ]


def test_lists_by_status_person_and_office():
    today = date(2026, 10, 27)
    lists = by_status(found(*some()), today, CALENDAR)
    assert tuple(lists) == STATUSES
    assert [(each.id[-3:], each.what) for each in lists["overdue"]] == [("F-1", "confirmed")]
    assert [each.id[-3:] for each in lists["due soon"]] == ["F-2", "F-3", "F-4"]
    assert {name: len(each) for name, each in lists.items()} == {
        "overdue": 1,
        "due soon": 3,
        "open": 0,
        "done late": 0,
        "done in time": 3,
    }
    after = by_status(found(*some()), today + days(1), CALENDAR)
    assert [each.id[-3:] for each in after["overdue"]] == ["F-1", "F-2", "F-3"]
    assert [each.id[-3:] for each in after["done late"]] == ["F-4"]

    people = by_person(lists["due soon"])
    assert {name: [each.id[-3:] for each in listed] for name, listed in people.items()} == {
        "I-2": ["F-2", "F-4"],
        "I-3": ["F-2", "F-4"],
        None: ["F-3"],  # it waits for its publication, and nobody is named for that
    }
    assert [*by_region(lists["due soon"])] == ["990101", "990102"]
    assert [*by_department(lists["overdue"])] == ["fire", "market"]
    assert by_department(lists["overdue"])["fire"] == lists["overdue"]


@given(st.permutations(some()))
def test_the_order_of_the_books_does_not_matter(cases):
    listed = found(*cases)
    assert listed == found(*some())
    assert [each.due for each in listed] == sorted(each.due for each in listed)
    assert by_person(listed) == by_person(found(*some()))


@given(st.dates(date(2026, 1, 1), date(2026, 9, 30)), st.integers(0, 40))
def test_every_limit_counts_as_the_calendar_does(day, limit):
    at = f"{day}T04:00:00Z"
    each = inspected(started=at, ended_at=at)
    assert the("published", found(each, limits=Limits(publish=limit))).due == add_workdays(
        CALENDAR, day, limit
    )
