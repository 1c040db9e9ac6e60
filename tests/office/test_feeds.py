"""What published results add to lists, and what corrections take back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.clocks import Days
from randcheck.ledger import Ledger
from randcheck.office.cases import Corrected, Drawn, Entered, Inspected, case_id, case_life
from randcheck.office.codes import STANDARD
from randcheck.office.desk import Desk
from randcheck.office.feeds import FeedRow, feed
from randcheck.office.forms import Because, Nothing, Result, Somewhere

DRAW = "5f" * 32
NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
FIRST = date(2026, 7, 1)
UNREACHABLE = STANDARD["unreachable"].abnormal
FALSE = STANDARD["false-disclosure"].abnormal
OBSTRUCTED = STANDARD["obstructed"].sanction


@pytest.fixture
def clock():
    return Days(2026, 7, 1)


@pytest.fixture
def desk(clock):
    with Ledger.open("sqlite://", clock=clock) as ledger:
        yield Desk(ledger, [case_life(STANDARD)])


def results(**codes):
    return {item: Result(code) for item, code in codes.items()}


def enter(desk, subject="F-1", **codes):
    """A case up to its results."""
    hour = timedelta(hours=1)
    steps = [
        (
            "drawn",
            Drawn(
                draw=DRAW,
                task="T",
                subject=subject,
                region="990102",
                items=dict.fromkeys(codes),
                team=("I-1", "I-2"),
                on=FIRST,
            ),
        ),
        ("confirmed", Nothing()),
        (
            "inspected",
            Inspected(started=NOON - 2 * hour, ended=NOON - hour, by=("I-1", "I-2")),
        ),
        ("entered", Entered(results(**codes))),
    ]
    take(desk, subject, *steps)


def take(desk, subject, *steps, actor="I-1"):
    desk.do_all([("case", case_id(DRAW, subject), what, data) for what, data in steps], actor=actor)


def publish(desk, subject="F-1"):
    steps = [("reviewed", Nothing()), ("approved", Nothing()), ("published", Somewhere("made up"))]
    take(desk, subject, *steps, actor="leader")


def rows(desk, **options):
    return feed(desk._ledger.events(), STANDARD, **options)


def told(found):
    return [(row.list, row.action, row.ground, row.items) for row in found]


def test_a_published_ground_makes_a_row(desk, clock):
    enter(desk, food="false-disclosure", fire="obstructed", price="none")
    assert rows(desk) == ()
    clock.go(3)
    publish(desk)
    listed, sanctioned = rows(desk)
    assert listed == FeedRow(
        list="abnormal",
        action="add",
        ground=FALSE,
        subject="F-1",
        task="T",
        case=case_id(DRAW, "F-1"),
        items=("food",),
        day=date(2026, 7, 4),
        sequence=6,
    )
    assert (sanctioned.list, sanctioned.ground, sanctioned.items) == (
        "sanction",
        OBSTRUCTED,
        ("fire",),
    )
    assert listed.to_json()["day"] == "2026-07-04"
    assert FeedRow.from_json(listed.to_json()) == listed


def test_a_subject_is_listed_once_for_a_ground(desk):
    enter(desk, food="unreachable", fire="unreachable")
    publish(desk)
    assert told(rows(desk)) == [("abnormal", "add", UNREACHABLE, ("fire", "food"))]


def test_a_correction_takes_back_only_once_it_is_published(desk, clock):
    enter(desk, food="unreachable", fire="none")
    publish(desk)
    clock.go(7)
    correction = Corrected(results(food="false-disclosure", fire="none"), "the wrong door")
    take(desk, "F-1", ("corrected", correction))
    assert len(rows(desk)) == 1
    take(desk, "F-1", ("returned", Because("look again")), actor="leader")
    take(desk, "F-1", ("entered", Entered(results(food="false-disclosure", fire="none"))))
    publish(desk)
    assert told(rows(desk)) == [
        ("abnormal", "add", UNREACHABLE, ("food",)),
        ("abnormal", "withdraw", UNREACHABLE, ("food",)),
        ("abnormal", "add", FALSE, ("food",)),
    ]
    assert [row.day for row in rows(desk)] == [FIRST, date(2026, 7, 8), date(2026, 7, 8)]
    first, *later = rows(desk)
    assert rows(desk, after=first.sequence) == tuple(later)
    assert rows(desk, after=later[-1].sequence) == ()


def test_a_ground_that_another_item_still_shows_is_not_taken_back(desk):
    enter(desk, food="unreachable", fire="unreachable")
    publish(desk)
    take(desk, "F-1", ("corrected", Corrected(results(food="none", fire="unreachable"), "x")))
    publish(desk)
    assert len(rows(desk)) == 1


def test_other_events_are_passed_over(desk):
    plan = {"id": "P", "version": 1, "sha256": "ab" * 32, "reason": None}
    desk._ledger.append("plan", plan, actor="bureau")
    other = {"about": "scheme", "id": "T#1", "what": "published", "data": {}, "after": None}
    desk._ledger.append("office", other, actor="bureau")
    assert rows(desk) == ()


def test_what_was_never_published_makes_no_row(desk):
    enter(desk, food="unreachable")
    take(desk, "F-1", ("voided", Because("made up")))
    enter(desk, "F-2", food="none")
    publish(desk, "F-2")
    assert rows(desk) == ()


CODES = st.sampled_from(["none", "unreachable", "false-disclosure", "obstructed", "to-follow-up"])
VERSIONS = st.lists(
    st.fixed_dictionaries({"food": CODES, "fire": CODES}), min_size=1, max_size=4
).filter(lambda found: all(one != other for one, other in pairwise(found)))


@given(VERSIONS)
def test_rows_add_up_to_what_is_public(versions):
    """However often it is corrected: what was added and not withdrawn is what the codes say."""
    with Ledger.open("sqlite://", clock=Days(2026, 7, 1)) as ledger:
        desk = Desk(ledger, [case_life(STANDARD)])
        enter(desk, **versions[0])
        publish(desk)
        for version in versions[1:]:
            take(desk, "F-1", ("corrected", Corrected(results(**version), "made up")))
            publish(desk)
        standing = set()
        for row in rows(desk):
            key = row.list, row.ground
            assert (key in standing) is (row.action == "withdraw")
            standing ^= {key}
        last = [STANDARD[code] for code in versions[-1].values()]
        assert standing == {("abnormal", code.abnormal) for code in last if code.abnormal} | {
            ("sanction", code.sanction) for code in last if code.sanction
        }
