"""A draw is recorded with all its cases under a scheme in force, and voided with them."""

from datetime import UTC, date, datetime

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import randcheck as rc
from randcheck.errors import DataError, ParameterError
from randcheck.ledger import Ledger
from randcheck.office.annual import AnnualPlan, PlannedTask
from randcheck.office.cases import case_id, case_life
from randcheck.office.codes import STANDARD
from randcheck.office.desk import Desk
from randcheck.office.draws import Recorded, contradictions, deeds_of, draw_life, void_deeds
from randcheck.office.errors import StepError
from randcheck.office.forms import Because
from randcheck.office.life import rebuild
from randcheck.office.plans import Drafted, Published, plan_life
from randcheck.office.schemes import issue, scheme_life
from randcheck.record import DrawRecord
from randcheck.testing import made_up_inspectors, made_up_subjects

LIVES = [plan_life(), scheme_life(), draw_life(), case_life(STANDARD)]
DAY = date(2026, 3, 2)
SUBJECTS = made_up_subjects(300)
CATALOG = rc.ItemCatalog.from_records(
    [
        rc.Item("food", "food", "a made-up law", department="market"),
        rc.Item("fire", "fire", "a made-up law", department="fire"),
        rc.Item("other", "other", "a made-up law"),
    ]
)
BY_CLASS = rc.RiskStratifiedSampler(rates={"A": "1%", "B": "3%", "C": "10%", "D": "20%"})
TASK = rc.Task(id="food", items=("food", "fire"), as_of=DAY, sampler=BY_CLASS)


def drawn(task=TASK, randomness="7", inspectors=None):
    return rc.draw(
        task, subjects=SUBJECTS, catalog=CATALOG, inspectors=inspectors, randomness=randomness
    )


DRAW = drawn(inspectors=made_up_inspectors(30))


@pytest.fixture
def desk():
    return Desk(Ledger.open("sqlite://", clock=lambda: datetime(2026, 3, 2, 4, tzinfo=UTC)), LIVES)


def publish(desk, *tasks, version=1, reason=None):
    planned = [PlannedTask(task=each, month=3, level="city", offices={"9901": 9}) for each in tasks]
    value = AnnualPlan(id="P", year=2026, authority="a made-up bureau", tasks=planned)
    desk.do("plan", "P", "drafted", Drafted(value, version, reason), actor="drafter")
    desk.do("plan", "P", "submitted", actor="drafter")
    desk.do("plan", "P", "approved", actor="leader")
    return desk.do("plan", "P", "published", Published("x", value.digest), actor="clerk")


def scheme(desk, number=1, plan=None, task="food"):
    desk.do_all([issue(task, number, plan=plan, text="go in pairs")], actor="clerk")
    return desk.state("scheme", f"{task}#{number}")


def deeds(draw, own, **changes):
    given = {"task": TASK, "subjects": SUBJECTS, "catalog": CATALOG, "scheme": own}
    given |= {"office": "990100", "level": "city", "on": DAY}
    return deeds_of(draw, **(given | changes))


def test_a_draw_is_recorded_with_a_case_for_each_visit(desk):
    plan = publish(desk, TASK)
    desk.do_all(deeds(DRAW, scheme(desk, plan=plan), plan=plan), actor="office")
    state = desk.state("draw", DRAW.record.digest)
    said = state.recorded
    assert (said.plan, said.version, said.scheme, said.sampler) == (
        "P", 1, "food#1", "risk-stratified",
    )  # fmt: skip
    assert (said.risk_based, said.directed, said.joint) == (True, False, True)
    assert (said.departments, said.items) == (("fire", "market"), ("fire", "food"))
    assert (said.frame, said.visits, said.grade) == (300, len(DRAW.visits), "G0")
    cases = desk.states("case")
    assert [*cases] == [case_id(DRAW.record.digest, visit.subject_id) for visit in DRAW.visits]
    for visit, case in zip(DRAW.visits, cases.values(), strict=True):
        subject = SUBJECTS[visit.subject_id]
        assert (case.drawn.risk_class, case.drawn.region) == (subject.risk_class, subject.region)
        assert case.team == visit.team
        assert dict(case.drawn.items) == {"food": "market", "fire": "fire"}
        assert case.drawn.on == DAY
    states = rebuild(desk._ledger.events(), LIVES)
    assert states["draw", DRAW.record.digest] == state
    assert contradictions(states) == ()
    assert Recorded.from_json(said.to_json()) == said


def test_a_record_says_the_same_as_its_draw(desk):
    own = scheme(desk)
    record = DrawRecord.from_bytes(DRAW.record.to_bytes())
    assert deeds(record, own) == deeds(DRAW, own)


SCOPES = st.sampled_from([rc.Scope(), rc.Scope(risk_classes=("C", "D")), rc.Scope(tags=("food",))])
TASKS = st.builds(
    rc.Task,
    id=st.just("food"),
    items=st.sampled_from([("food",), ("fire", "food"), ("other",)]),
    as_of=st.just(DAY),
    sampler=st.sampled_from([BY_CLASS, rc.UniformSampler(rate="5%")]),
    scope=SCOPES,
    lead=st.sampled_from([None, "market", "tax"]),
)


@given(task=TASKS)
@settings(max_examples=40, deadline=None)
def test_what_is_said_of_a_draw_follows_from_the_task(task):
    desk = Desk(Ledger.open("sqlite://"), LIVES)
    draw = drawn(task)
    own = scheme(desk)
    desk.do_all(deeds(draw, own, task=task), actor="office")
    said = desk.state("draw", draw.record.digest).recorded
    assert said.risk_based is (task.sampler == BY_CLASS)
    assert said.directed is task.directed
    named = {"food": "market", "fire": "fire", "other": None}
    departments = {task.lead, *(named[item] for item in task.items)} - {None}
    assert (set(said.departments), said.joint) == (departments, len(departments) > 1)
    assert said.frame == len(draw.design)
    assert next(iter(desk.states("case").values())).team == ()
    assert len(desk.states("case")) == said.visits == len(draw.visits)


def test_no_draw_without_a_scheme_in_force(desk):
    own = scheme(desk)
    with pytest.raises(StepError, match="a scheme of food"):
        deeds(DRAW, scheme(desk, task="price"))
    gone = desk.do("scheme", "food#1", "voided", Because("an error"), actor="clerk")
    with pytest.raises(StepError, match="expected a scheme in force, found food#1, voided"):
        deeds(DRAW, gone)
    assert deeds(DRAW, own)  # so the state must be fresh; `contradictions` finds what was not


def test_under_a_plan_the_task_is_that_of_the_version_in_force(desk):
    plan = publish(desk, TASK)
    own = scheme(desk, plan=plan)
    assert deeds(DRAW, own, plan=plan)
    with pytest.raises(StepError, match="a scheme under the plan P"):
        deeds(DRAW, scheme(desk, 2), plan=plan)
    with pytest.raises(StepError, match="expected the level city, found county"):
        deeds(DRAW, own, plan=plan, level="county")
    other = evolve(TASK, reserves=3)
    plan = publish(desk, other, version=2, reason="spare firms")
    with pytest.raises(StepError, match="the task as the version in force has it"):
        deeds(DRAW, own, plan=plan)
    plan = publish(desk, evolve(TASK, id="price"), version=3, reason="no food any more")
    with pytest.raises(StepError, match="the task food in the version in force"):
        deeds(DRAW, own, plan=plan)


def test_what_the_record_does_not_bind_is_refused(desk):
    own = scheme(desk)
    for changes in (
        {"task": evolve(TASK, reserves=3)},
        {"task": evolve(TASK, sampler=rc.UniformSampler(rate="3%"))},
        {"subjects": made_up_subjects(299)},
        {"catalog": rc.ItemCatalog.from_records([CATALOG["food"], CATALOG["fire"]])},
    ):
        with pytest.raises(ParameterError, match="is not what the record binds"):
            deeds(DRAW, own, **changes)


def test_a_draw_is_recorded_once_and_whole(desk):
    own = scheme(desk)
    desk.do_all(deeds(DRAW, own), actor="office")
    head = desk._ledger.head()
    with pytest.raises(StepError, match="found recorded"):
        desk.do_all(deeds(DRAW, own), actor="office")
    assert desk._ledger.head() == head
    said = desk.state("draw", DRAW.record.digest).recorded
    for wrong in ({"visits": 301}, {"version": 2}, {"plan": "P"}):
        with pytest.raises(StepError):
            desk.do("draw", "5f" * 32, "recorded", evolve(said, **wrong), actor="office")
    for wrong in ({"level": "village"}, {"frame": -1}, {"frame": None}, {"joint": 1}):
        with pytest.raises(DataError):
            evolve(said, **wrong)


def test_a_voided_scheme_voids_the_draw_and_what_was_not_published(desk):
    own = scheme(desk)
    desk.do_all(deeds(DRAW, own), actor="office")
    later = drawn(randomness="8")
    desk.do_all(deeds(later, scheme(desk, 2)), actor="office")
    first, second, *_ = desk.states("case")
    desk.do("case", first, "voided", Because("replaced"), actor="clerk")
    team = desk.state("case", second).team
    noon = {"started": "2026-03-02T01:00:00Z", "ended": "2026-03-02T02:00:00Z", "by": list(team)}
    none = {item: {"code": "none"} for item in ("food", "fire")}
    for what, data, actor in (
        ("confirmed", {}, "a"), ("inspected", noon, "a"), ("entered", {"results": none}, "a"),
        ("reviewed", {}, "b"), ("approved", {}, "c"), ("published", {"where": "x"}, "a"),
    ):  # fmt: skip
        desk.do("case", second, what, data, actor=actor)
    made = void_deeds(own, "an error", draws=desk.states("draw"), cases=desk.states("case"))
    desk.do_all(made, actor="leader")
    assert desk.state("scheme", "food#1").void == "an error"
    assert desk.state("draw", DRAW.record.digest).void == "an error"
    status = {name: case.status for name, case in desk.states("case").items()}
    assert status[second] == "published"
    assert desk.state("case", first).void == "replaced"
    own_cases = [name for name in status if name.startswith(DRAW.record.digest[:16])]
    assert {status[name] for name in own_cases if name != second} == {"voided"}
    assert desk.state("draw", later.record.digest).status == "recorded"
    assert {status[name] for name in status if name not in own_cases} == {"drawn"}
    assert contradictions(rebuild(desk._ledger.events(), LIVES)) == ()


def test_books_that_do_not_fit_together_are_found(desk):
    own = scheme(desk)
    made = deeds(DRAW, own)
    desk.do_all(made[:-1], actor="office")  # one case is missing
    desk.do_all(deeds(drawn(randomness="8"), own), actor="office")  # the same scheme
    states = rebuild(desk._ledger.events(), LIVES)
    told = contradictions(states)
    assert len(told) == 2
    assert f"{len(DRAW.visits)} visits, but {len(DRAW.visits) - 1} cases" in told[0]
    assert "its scheme food#1 is that of draw" in told[1]
    desk.do("scheme", "food#1", "voided", Because("an error"), actor="clerk")
    told = contradictions(rebuild(desk._ledger.events(), LIVES))
    assert sum("is voided, but it is not" in each for each in told) == 2
    desk.do("draw", DRAW.record.digest, "voided", Because("an error"), actor="clerk")
    told = contradictions(rebuild(desk._ledger.events(), LIVES))
    left = f"it is voided, but {len(DRAW.visits) - 1} of its cases are not"
    assert any(left in each for each in told)
    other = {key: state for key, state in states.items() if key[0] != "scheme"}
    assert sum("was never issued" in each for each in contradictions(other)) == 2
    desk.do_all([issue("price", 1, plan=None, text="go")], actor="clerk")
    wrong = {**states, ("scheme", "food#1"): desk.state("scheme", "price#1")}
    assert sum("of another task or plan" in each for each in contradictions(wrong)) == 2
