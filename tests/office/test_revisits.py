"""A revisit is a draw like any other, made by others than the first time, compared with care."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

import randcheck as rc
from randcheck.errors import DataError, ParameterError, UnknownNameError
from randcheck.ledger import Ledger
from randcheck.office.cases import Case, Revision, case_id
from randcheck.office.cases import Drawn as CaseDrawn
from randcheck.office.codes import STANDARD
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.forms import Result
from randcheck.office.life import rebuild
from randcheck.office.revisits import (
    ABOUT,
    ITEM,
    Drawn,
    Found,
    Revisit,
    Share,
    compare,
    first_results,
    revisit_catalog,
    revisit_deeds,
    revisit_life,
    revisit_registry,
    without_first_teams,
)

DRAW, AGAIN = "5f" * 32, "7e" * 32
STAFF = [f"I-{number:02}" for number in range(12)]
DAY = date(2026, 7, 1)


def case(number=0, *, status="published", food="none", **changes):
    team = (STAFF[number % 12], STAFF[(number + 1) % 12])
    subject = f"F-{number:03}"
    drawn = CaseDrawn(
        draw=DRAW, task="T", subject=subject, region="990102", items={"food": None, "fire": None},
        team=team, risk_class="ABCD"[number % 4], on=DAY,
    )  # fmt: skip
    made = Case(
        id=case_id(DRAW, subject), status=status, drawn=drawn, team=team, inspectors=team,
        started="2026-07-02T01:00:00Z", ended_at="2026-07-02T02:00:00Z",
        results={"food": Result(food), "fire": Result("corrected")},
        entered=date(2026, 7, 3), entered_by=team[0], published=date(2026, 7, 9),
    )  # fmt: skip
    return evolve(made, **changes)


CASES = {each.id: each for each in map(case, range(60))}


def inspectors():
    return rc.InspectorRegistry.from_records(
        rc.Inspector(
            name, f"Made-up {name}", "market", certificate=name,
            certificate_expires=date(2030, 1, 1), kin=("F-007",) if name == "I-03" else (),
        )
        for name in STAFF
    )  # fmt: skip


def task(rate="20%", sampler=None):
    return rc.Task(
        id="revisits-2026-q3", items=(ITEM,), as_of=date(2026, 8, 1),
        sampler=sampler or rc.UniformSampler(rate=rate), matcher=rc.FairMatcher(team_size=2),
    )  # fmt: skip


def opened(cases=CASES, **changes):
    return rc.commit(
        task(**changes),
        subjects=revisit_registry(cases.values()),
        catalog=revisit_catalog("a made-up rule"),
        inspectors=without_first_teams(inspectors(), cases.values()),
        source=rc.PublicSource("lottery", "the first draw after publication"),
    )


def test_a_draw_like_any_other_that_others_go_to():
    waiting = opened()
    for number in range(20):
        draw = waiting.draw(f"issue {number}")
        assert len(draw.visits) == 12
        report = rc.verify(
            draw.record, sheet=draw.design, odds=draw.odds, commitment=waiting.digest
        )
        assert report.ok, report
        for visit in draw.visits:
            first = CASES[visit.subject_id]
            assert not {*visit.team} & {*first.team}
            if first.drawn.subject == "F-007":  # who is kin to the firm does not revisit it
                assert "I-03" not in visit.team


def test_by_risk_class_and_within_an_item():
    rates = {"A": "0%", "B": "0%", "C": "10%", "D": "50%"}
    draw = opened(sampler=rc.RiskStratifiedSampler(rates=rates)).draw("x")
    assert {CASES[visit.subject_id].drawn.risk_class for visit in draw.visits} == {"C", "D"}
    assert revisit_registry(CASES.values())[next(iter(CASES))].tags == ("fire", "food")


def test_only_what_is_published_can_be_drawn():
    some = [case(0), case(1, status="approved"), case(2, status="voided"), case(3)]
    assert list(revisit_registry(some).ids) == sorted([some[0].id, some[3].id])


def test_from_the_draw_to_the_ledger_and_back():
    draw = opened().draw("x")
    now = datetime(2026, 8, 3, 4, tzinfo=UTC)
    desk = Desk(Ledger.open("sqlite://", clock=lambda: now), [revisit_life(STANDARD)])
    deeds = revisit_deeds(draw.record, CASES, date(2026, 8, 2))
    desk.do_all(deeds, actor="office")
    states = desk.states(ABOUT)
    assert sorted(each.drawn.case for each in states.values()) == sorted(
        visit.subject_id for visit in draw.visits
    )
    assert states == {thing: state for (_, thing), state in rebuild(
        desk._ledger.events(), [revisit_life(STANDARD)]).items()}  # fmt: skip
    for visit in draw.visits:
        thing = case_id(draw.record.digest, visit.subject_id)
        found = Found(results={"food": Result("none")}, by=visit.team, on=date(2026, 8, 3))
        assert desk.do(ABOUT, thing, "found", found, actor="clerk").status == "found"


def test_teams_that_were_there_before_are_refused():
    barred = rc.commit(
        task("100%"),
        subjects=revisit_registry(CASES.values()),
        catalog=revisit_catalog("a made-up rule"),
        inspectors=inspectors(),
    ).draw("x")
    with pytest.raises(DataError, match="without_first_teams"):
        revisit_deeds(barred.record, CASES, DAY)
    with pytest.raises(UnknownNameError):
        revisit_deeds(barred.record, {}, DAY)


# --- the steps ---------------------------------------------------------------------------------


@pytest.fixture
def desk():
    now = datetime(2026, 8, 3, 4, tzinfo=UTC)
    made = Desk(Ledger.open("sqlite://", clock=lambda: now), [revisit_life(STANDARD)])
    thing, first = case_id(AGAIN, case().id), case().team
    drawn = Drawn(draw=AGAIN, case=case().id, on=date(2026, 8, 1), first=first)
    made.do(ABOUT, thing, "drawn", drawn, actor="office")
    return made


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"by": ["I-05"]}, "two inspectors"),
        ({"by": ["I-00", "I-05"]}, "not in the first team"),
        ({"results": {"food": {"code": "fine"}}}, "one of the codes"),
        ({"results": {}}, "form Found"),
        ({"on": "2026-07-31"}, "a day from 2026-08-01"),
        ({"on": "2026-08-04"}, "to 2026-08-03"),
        ({"more": 1}, "form Found"),
    ],
)
def test_what_no_revisit_can_have_found(desk, changes, match):
    good = {"results": {"food": {"code": "none"}}, "by": ["I-05", "I-06"], "on": "2026-08-02"}
    thing = case_id(AGAIN, case().id)
    with pytest.raises(StepError, match=match):
        desk.do(ABOUT, thing, "found", good | changes, actor="clerk")
    assert desk.state(ABOUT, thing).found is None
    desk.do(ABOUT, thing, "found", good, actor="clerk")
    with pytest.raises(StepError, match="expected drawn, found found"):
        desk.do(ABOUT, thing, "found", good, actor="clerk")


def test_what_no_draw_of_revisits_can_say(desk):
    good = {"draw": AGAIN, "case": "5f/F-9", "on": "2026-08-01"}
    for thing, changes in (
        ("elsewhere", {}),
        (case_id(AGAIN, "5f/F-9"), {"on": "2026-08-09"}),
        (case_id(AGAIN, case().id), {"case": case().id}),  # it is drawn already
    ):
        with pytest.raises(StepError):
            desk.do(ABOUT, thing, "drawn", good | changes, actor="office")
    desk.do(ABOUT, case_id(AGAIN, "5f/F-9"), "drawn", good, actor="office")  # first team unknown


# --- the comparison ----------------------------------------------------------------------------


def revisited(number, results, *, by=("I-08", "I-09"), on=date(2026, 8, 2), first=()):
    one = case(number)
    drawn = Drawn(draw=AGAIN, case=one.id, on=date(2026, 8, 1), first=first)
    found = Found(results={i: Result(c) for i, c in results.items()}, by=by, on=on)
    return Revisit(case_id(AGAIN, one.id), "found", drawn, found)


CODES = st.sampled_from([code.id for code in STANDARD])


@given(st.lists(st.tuples(CODES, CODES, CODES), max_size=6))
def test_every_item_of_every_revisit_is_counted_once(found):
    cases = {}
    revisits = []
    for number, (first, food, fire) in enumerate(found):
        one = case(number, food=first)
        cases[one.id] = one
        revisits.append(revisited(number, {"food": food, "fire": fire}, by=("X-1", "X-2")))
    told = compare(reversed(revisits), cases)
    assert told == compare(revisits, cases)
    same = sum((first == food) + (fire == "corrected") for first, food, fire in found)
    assert (told.items.same, told.items.compared) == (same, 2 * len(found))
    assert sum(share.same for share in told.by_item.values()) == same
    assert told.visits.same == sum(
        first == food and fire == "corrected" for first, food, fire in found
    )
    assert told.items.value == (Fraction(same, 2 * len(found)) if found else None)
    for row in told.rows:
        assert row.same == (row.change == "same")
        assert row.days == 31


def test_which_way_it_changed():
    found = [("none", "to-follow-up"), ("corrected", "none"), ("none", "closed"), ("none", "none")]
    cases = {each.id: each for each in (case(n, food=f) for n, (f, _) in enumerate(found))}
    revisits = [revisited(n, {"food": second}) for n, (_, second) in enumerate(found)]
    told = compare(revisits, cases)
    assert [row.change for row in told.rows] == [
        "problem now", "no problem now", "other code", "same",
    ]  # fmt: skip
    assert len(told.missing) == 4  # nobody looked at fire again
    text = str(told)
    assert "visits with the same code for all items: 1 of 4 (95% interval 0.6% to 80.6%)" in text
    assert "31 to 31 days lie between the visits: what differs may have changed since" in text
    assert "a problem now: 1. A reason to ask, no more" in text


@given(st.integers(0, 30), st.integers(1, 30), st.sampled_from([80, 95, 99]))
def test_the_interval_is_exact(same, compared, percent):
    """Its ends are where the tails are half of what is left (Clopper and Pearson 1934)."""
    same = min(same, compared)
    low, high = Share(same, compared).interval(Fraction(percent, 100))
    tail = (1 - percent / 100) / 2
    assert (low == 0) if same == 0 else abs(binom.sf(same - 1, compared, low) - tail) < 1e-9
    assert (high == 1) if same == compared else abs(binom.cdf(same, compared, high) - tail) < 1e-9


def test_a_correction_afterwards_makes_nobody_agree():
    old = Revision(
        {"food": Result("none"), "fire": Result("corrected")},
        "I-00",
        "a made-up one",
        on=date(2026, 8, 20),
        republished=date(2026, 8, 21),
    )
    one = case(0, food="to-follow-up", earlier=(old,), entered=date(2026, 8, 20))
    [row] = compare([revisited(0, {"food": "to-follow-up"})], {one.id: one}).rows
    assert (row.first, row.same, row.corrected) == ("none", False, True)
    assert one.id in str(compare([revisited(0, {"food": "none"})], {one.id: one}))
    earlier = evolve(old, on=date(2026, 7, 30), republished=date(2026, 7, 31))
    before = evolve(one, earlier=(earlier,))  # corrected before the revisit was drawn
    [row] = compare([revisited(0, {"food": "to-follow-up"})], {one.id: before}).rows
    assert (row.first, row.same, row.corrected) == ("to-follow-up", True, False)
    assert first_results(case(0), DAY) == case(0).results


def test_each_correction_has_its_day():
    """Corrected twice: what counts is what stood on the day that is asked for."""
    told = ["none", "to-follow-up"]
    days = [date(2026, 7, 20), date(2026, 8, 20)]
    earlier = tuple(
        Revision({"food": Result(code)}, "I-00", "a made-up one", on=day, republished=day)
        for code, day in zip(told, days, strict=True)
    )
    twice = case(0, food="corrected", earlier=earlier)
    for day, code in [
        (DAY, "none"),
        (days[0] - timedelta(1), "none"),
        (days[0], "to-follow-up"),
        (days[1] - timedelta(1), "to-follow-up"),
        (days[1], "corrected"),
    ]:
        assert first_results(twice, day)["food"].code == code


def test_what_is_not_compared_is_named():
    waiting = evolve(revisited(0, {"food": "none"}), status="drawn", found=None)
    again = revisited(1, {"food": "none"}, by=("I-01", "I-09"))
    other = revisited(2, {"water": "none"})
    empty = revisited(3, {"food": "none"})
    cases = {**CASES, case(3).id: case(3, results=None, status="inspected")}
    told = compare([waiting, again, other, empty], cases)
    assert told.rows == ()
    assert told.items.value is None
    assert told.visits.interval(Fraction(1, 2)) is None
    assert [*told.left_out.values()] == [
        "nobody was there yet",
        "the first team came again: I-01",
        "no item of the first visit was looked at",
        "the case has no results",
    ]
    assert "nothing follows" in str(told)
    with pytest.raises(UnknownNameError):
        compare([waiting], {})
    with pytest.raises(ParameterError):
        compare([], {}, confidence=0.95)


def test_two_inspections_of_one_firm_are_two_that_can_be_drawn():
    drawn = evolve(case().drawn, draw=AGAIN)
    second = evolve(case(), id=case_id(AGAIN, "F-000"), drawn=drawn)
    registry = revisit_registry([case(), second])
    assert len(registry) == 2
    assert {each.owner for each in registry} == {"F-000"}
