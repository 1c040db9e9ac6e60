"""A scheme is for one task, under a plan or marked as outside it; voided only with a reason."""

from datetime import UTC, date, datetime

import pytest

import randcheck as rc
from randcheck.errors import DataError, UnknownNameError
from randcheck.ledger import Ledger
from randcheck.office.annual import AnnualPlan, PlannedTask
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.forms import Because
from randcheck.office.life import rebuild
from randcheck.office.plans import Drafted, Published, plan_life
from randcheck.office.schemes import Issued, issue, scheme_id, scheme_life

LIVES = [plan_life(), scheme_life()]


@pytest.fixture
def desk():
    return Desk(Ledger.open("sqlite://", clock=lambda: datetime(2026, 3, 1, 17, tzinfo=UTC)), LIVES)


@pytest.fixture
def plan(desk):
    task = rc.Task(
        id="food", items=("food",), as_of=date(2026, 3, 1), sampler=rc.UniformSampler(rate="3%")
    )
    planned = PlannedTask(task=task, month=3, level="city", offices={"990102": 40})
    value = AnnualPlan(id="P", year=2026, authority="a made-up bureau", tasks=[planned])
    desk.do("plan", "P", "drafted", Drafted(value, 1), actor="drafter")
    desk.do("plan", "P", "submitted", actor="drafter")
    desk.do("plan", "P", "approved", actor="leader")
    return desk.do("plan", "P", "published", Published("x", value.digest), actor="clerk")


def issued(**changes):
    return Issued(**{"task": "food", "temporary": True, "text": "go in pairs"} | changes)


def test_a_scheme_under_a_plan(desk, plan):
    text = "1. Go in pairs.\n2. Carry the papers."
    deed = issue("food", 1, plan=plan, text=text, annexes={"form.docx": "5f" * 32})
    desk.do_all([deed], actor="clerk")
    scheme = desk.state("scheme", "food#1")
    assert (scheme.status, scheme.by, scheme.on) == ("issued", "clerk", date(2026, 3, 2))
    assert (scheme.issued.plan, scheme.issued.version, scheme.issued.temporary) == ("P", 1, False)
    assert (scheme.issued.text, dict(scheme.issued.annexes)) == (text, {"form.docx": "5f" * 32})
    assert Issued.from_json(scheme.issued.to_json()) == scheme.issued
    assert rebuild(desk._ledger.events(), LIVES)["scheme", "food#1"] == scheme


def test_a_task_outside_the_plan_is_possible_and_marked(desk, plan):
    with pytest.raises(UnknownNameError, match="task of the plan"):
        issue("after the flood", 1, plan=plan, text="go")
    desk.do_all([issue("after the flood", 1, plan=None, text="go")], actor="clerk")
    scheme = desk.state("scheme", "after the flood#1").issued
    assert (scheme.temporary, scheme.plan, scheme.version) == (True, None, None)


def test_a_plan_in_its_draft_gives_no_scheme(desk, plan):
    value = AnnualPlan(id="Q", year=2027, authority="a made-up bureau")
    draft = desk.do("plan", "Q", "drafted", Drafted(value, 1), actor="drafter")
    with pytest.raises(StepError, match="expected a published plan, found draft"):
        issue("food", 1, plan=draft, text="go")


def test_a_scheme_is_voided_once_and_with_a_reason(desk):
    desk.do("scheme", "food#1", "issued", issued(), actor="clerk")
    for data in ({}, {"reason": " "}):
        with pytest.raises(StepError, match="of the form Because"):
            desk.do("scheme", "food#1", "voided", data, actor="clerk")
    scheme = desk.do("scheme", "food#1", "voided", Because("the wrong form"), actor="clerk")
    assert (scheme.status, scheme.void) == ("voided", "the wrong form")
    for what, data in (("voided", Because("again")), ("issued", issued())):
        with pytest.raises(StepError, match="found voided"):
            desk.do("scheme", "food#1", what, data, actor="clerk")
    assert desk.do("scheme", "food#2", "issued", issued(), actor="clerk").status == "issued"


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("food", issued()),
        ("food#0", issued()),
        ("food#01", issued()),
        ("food#x", issued()),
        ("food#²", issued()),
        ("price#1", issued()),
        ("food#1", issued(temporary=False)),
        ("food#1", issued(temporary=False, plan="P")),
        ("food#1", issued(temporary=False, version=1)),
        ("food#1", issued(plan="P", version=1)),
        ("food#1", issued(plan="P")),
    ],
)
def test_what_is_not_clear_is_refused(desk, name, fact):
    head = desk._ledger.head()
    with pytest.raises(StepError):
        desk.do("scheme", name, "issued", fact, actor="clerk")
    assert desk._ledger.head() == head


def test_what_a_scheme_can_not_hold():
    for wrong in (
        {"text": " \n"},
        {"text": "a\x00b"},
        {"text": 5},
        {"annexes": {"form": "5f"}},
        {"annexes": ["form"]},
        {"annexes": {"": "5f" * 32}},
        {"version": 0},
    ):
        with pytest.raises(DataError):
            issued(**wrong)
    assert scheme_id("food", 2) == "food#2"
