"""Steps are taken at the desk, kept in the ledger, and rebuilt from it alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from office.clocks import Days
from randcheck.errors import UnknownNameError
from randcheck.ledger import Ledger
from randcheck.office.cases import Corrected, Drawn, Entered, Inspected, case_id, case_life
from randcheck.office.codes import STANDARD
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.forms import Because, Result, Somewhere
from randcheck.office.life import rebuild

DRAW = "5f" * 32
CASE = case_id(DRAW, "F-1")
NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)  # in Beijing
LIVES = [case_life(STANDARD)]


def drawn(subject="F-1"):
    return Drawn(
        draw=DRAW,
        task="T",
        subject=subject,
        region="990102",
        items={"food": "market", "fire": "fire"},
        team=("I-1", "I-2"),
        risk_class="C",
        on=date(2026, 7, 1),
    )


def found(food="none", fire="to-follow-up"):
    return {"food": Result(food), "fire": Result(fire, "the exit is blocked")}


@pytest.fixture
def clock():
    return Days(2026, 7, 1)


@pytest.fixture
def desk(clock):
    return Desk(Ledger.open("sqlite://", clock=clock), LIVES)


def do(desk, what, data=None, actor="clerk"):
    return desk.do("case", CASE, what, data, actor=actor)


def inspected():
    hour = timedelta(hours=1)
    return Inspected(started=NOON - 2 * hour, ended=NOON - hour, by=("I-1", "I-2"))


def live(desk):
    do(desk, "drawn", drawn())
    do(desk, "confirmed")
    do(desk, "inspected", inspected())
    do(desk, "entered", Entered(found()), "I-1")
    do(desk, "reviewed", actor="reviewer")
    do(desk, "approved", actor="leader")
    return do(desk, "published", Somewhere("https://example.org/made-up"))


def test_a_case_from_the_draw_to_its_publication(desk):
    case = live(desk)
    assert (case.status, case.published, case.ended) == (
        "published",
        date(2026, 7, 1),
        date(2026, 7, 1),
    )
    assert case.results["fire"].code == "to-follow-up"
    assert case == desk.state("case", CASE)
    assert rebuild(desk._ledger.events(), LIVES) == {("case", CASE): case}
    assert Desk(desk._ledger, LIVES).states("case") == {CASE: case}


def test_a_correction_keeps_what_was_published(desk, clock):
    live(desk)
    clock.to(2026, 7, 3)
    case = do(desk, "corrected", Corrected(found(fire="none"), "another firm's form"), "I-2")
    with pytest.raises(StepError, match="never published"):
        do(desk, "voided", Because("an error"))
    assert (case.status, case.results["fire"].code) == ("entered", "none")
    assert case.earlier[0].results == found()
    assert (case.earlier[0].entered_by, case.earlier[0].reason) == ("I-1", "another firm's form")
    assert (case.earlier[0].on, case.earlier[0].republished) == (date(2026, 7, 3), None)
    with pytest.raises(StepError, match="somebody else than who entered it"):
        do(desk, "reviewed", actor="I-2")
    do(desk, "reviewed", actor="I-1")
    do(desk, "approved", actor="leader")
    case = do(desk, "published", Somewhere("https://example.org/made-up/2"))
    assert case.published == date(2026, 7, 1)  # the first time counts
    assert case.earlier[0].republished == date(2026, 7, 3)
    with pytest.raises(StepError, match="found published"):
        do(desk, "voided", Because("an error"))


def test_steps_at_the_wrong_time_change_nothing(desk):
    with pytest.raises(UnknownNameError):
        desk.state("case", CASE)
    with pytest.raises(StepError, match="expected drawn, found nothing"):
        do(desk, "confirmed")
    do(desk, "drawn", drawn())
    for what, data in (
        ("drawn", drawn()),
        ("inspected", inspected()),
        ("entered", Entered(found())),
        ("reviewed", None),
        ("published", Somewhere("x")),
        ("forgotten", None),
        ("confirmed", {"by": "me"}),
    ):
        before = desk._ledger.head()
        with pytest.raises(StepError):
            do(desk, what, data)
        assert desk._ledger.head() == before
    assert desk.state("case", CASE).status == "drawn"


@pytest.mark.parametrize(
    "results",
    [
        {"food": Result("none")},
        found() | {"more": Result("none")},
        found(food="fine"),
    ],
)
def test_no_result_is_assumed(desk, results):
    do(desk, "drawn", drawn())
    do(desk, "confirmed")
    do(desk, "inspected", inspected())
    with pytest.raises(StepError):
        do(desk, "entered", Entered(results), "I-1")
    assert desk.state("case", CASE).results is None


def test_who_was_there(desk):
    do(desk, "drawn", drawn())
    do(desk, "confirmed")
    for wrong in (
        {"by": ["I-1"]},
        {"by": ["I-1", "I-3"]},
        {"started": "2026-07-01T05:00:00Z"},
        {"ended": "2026-07-02T05:00:00Z"},
    ):
        with pytest.raises(StepError):
            do(desk, "inspected", inspected().to_json() | wrong)


def test_what_is_returned_is_entered_again(desk):
    do(desk, "drawn", drawn())
    do(desk, "confirmed")
    do(desk, "inspected", inspected())
    do(desk, "entered", Entered(found()), "I-1")
    with pytest.raises(StepError):
        do(desk, "returned", Because("look again"), "I-1")
    case = do(desk, "returned", Because("look again"), "reviewer")
    assert (case.status, case.returns) == ("inspected", ("look again",))
    assert do(desk, "entered", Entered(found("corrected")), "I-1").results["food"].code == (
        "corrected"
    )


def test_steps_together_are_taken_together_or_not_at_all(desk):
    visits = [("case", case_id(DRAW, f"F-{n}"), "drawn", drawn(f"F-{n}")) for n in range(5)]
    desk.do_all([*visits, ("case", CASE, "confirmed", {})], actor="office")
    assert desk.state("case", CASE).status == "confirmed"
    with pytest.raises(StepError):
        desk.do_all(
            [("case", case_id(DRAW, f"F-{n}"), "confirmed", {}) for n in range(5)], actor="x"
        )
    assert [case.status for case in desk.states("case").values()].count("confirmed") == 1
    desk.do_all([], actor="office")


def test_two_desks_see_what_the_other_did(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with Ledger.open(url) as one, Ledger.open(url) as two:
        here, there = Desk(one, LIVES), Desk(two, LIVES)
        here.do("case", CASE, "drawn", drawn(), actor="a")
        there.do("case", CASE, "confirmed", actor="b")  # it looks again, and then may
        with pytest.raises(StepError, match="expected drawn, found confirmed"):
            here.do("case", CASE, "confirmed", actor="a")
        there.do("case", case_id(DRAW, "F-2"), "drawn", drawn("F-2"), actor="b")
        here.do("case", case_id(DRAW, "F-3"), "drawn", drawn("F-3"), actor="a")
        assert len(here.states("case")) == 3
        there.refresh()
        assert there.states("case") == here.states("case")


def test_what_somebody_wrote_past_the_rules_is_named(desk):
    body = {"about": "case", "id": CASE, "what": "approved", "data": {}, "after": None}
    desk._ledger.append("office", body, actor="owner")
    with pytest.raises(StepError, match="approved"):
        desk.refresh()
    with pytest.raises(StepError, match="approved"):
        rebuild(desk._ledger.events(), LIVES)
