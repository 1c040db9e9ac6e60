"""Cases in any order of calls: no state that the rules forbid, no event lost, all rebuilt."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from randcheck.ledger import Ledger
from randcheck.office import STANDARD, Desk, StepError, rebuild
from randcheck.office.cases import (
    Assigned,
    Corrected,
    Drawn,
    Entered,
    Inspected,
    case_id,
    case_life,
)
from randcheck.office.forms import Because, Result, Somewhere

DRAW = "5f" * 32
ITEMS = {"food": "market", "fire": "fire"}
PEOPLE = ("I-1", "I-2", "I-3", "reviewer", "leader")
#: What may come after what; a step that changes no status stands for itself.
FOLLOWS = {
    None: {"drawn": "drawn"},
    "drawn": {"assigned": "drawn", "confirmed": "confirmed", "voided": "voided"},
    "confirmed": {"assigned": "confirmed", "inspected": "inspected", "voided": "voided"},
    "inspected": {"entered": "entered", "voided": "voided"},
    "entered": {"returned": "inspected", "reviewed": "reviewed", "voided": "voided"},
    "reviewed": {"returned": "inspected", "approved": "approved", "voided": "voided"},
    "approved": {"published": "published", "voided": "voided"},
    "published": {"corrected": "entered"},
    "voided": {},
}

subjects = st.sampled_from(["F-1", "F-2"])
actors = st.sampled_from(PEOPLE)
codes = st.sampled_from(["none", "corrected", "to-follow-up", "no such code"])
results = st.fixed_dictionaries({"food": codes}, optional={"fire": codes, "more": codes})


class Cases(RuleBasedStateMachine):
    """A desk, and a model that knows nothing but the table above and who did what."""

    def __init__(self):
        super().__init__()
        self.now = datetime(2026, 7, 1, 4, tzinfo=UTC)
        self.ledger = Ledger.open("sqlite://", clock=lambda: self.now)
        self.desk = Desk(self.ledger, [case_life(STANDARD)])
        self.model, self.count = {}, 0

    def teardown(self):
        self.ledger.close()

    def take(self, subject, what, data, actor, allowed):
        """Take a step; it must be refused exactly if the model says so."""
        name, head = case_id(DRAW, subject), self.ledger.head()
        seen = self.model.get(subject)
        status = None if seen is None else seen["status"]
        allowed = allowed and what in FOLLOWS[status]
        try:
            case = self.desk.do("case", name, what, data, actor=actor)
        except StepError:
            assert not allowed, (subject, what, status, actor)
            assert self.ledger.head() == head
            return
        assert allowed, (subject, what, status, actor)
        self.count += 1
        seen = self.model.setdefault(subject, {"by": None, "published": False, "team": set()})
        seen["status"] = FOLLOWS[status][what]
        assert case.status == seen["status"]

    def seen(self, subject):
        return self.model.get(subject) or {"by": None, "published": False, "team": set()}

    @initialize()
    def start(self):
        """One case is there, so that most steps have something to be taken on."""
        self.draw("F-1", "clerk")

    @rule(hours=st.integers(1, 100))
    def wait(self, hours):
        self.now += timedelta(hours=hours)

    @rule(subject=subjects, actor=actors)
    def draw(self, subject, actor):
        fact = Drawn(
            draw=DRAW, task="T", subject=subject, region="990102", items=ITEMS,
            team=("I-1", "I-2"), on=date(2026, 7, 1),
        )  # fmt: skip
        new = subject not in self.model
        self.take(subject, "drawn", fact, actor, allowed=True)
        if new:
            self.model[subject]["team"] = {"I-1", "I-2"}

    @rule(subject=subjects, actor=actors, team=st.sets(st.sampled_from(PEOPLE[:3]), max_size=3))
    def assign(self, subject, actor, team):
        before = self.count
        self.take(subject, "assigned", Assigned(tuple(team)), actor, allowed=len(team) >= 2)
        if self.count > before:
            self.model[subject]["team"] = team

    @rule(subject=subjects, actor=actors)
    def confirm(self, subject, actor):
        self.take(subject, "confirmed", {}, actor, allowed=True)

    @rule(
        subject=subjects,
        actor=actors,
        by=st.sets(st.sampled_from(PEOPLE[:3]), min_size=1, max_size=3),
        hours=st.integers(-2, 5),
    )
    def inspect(self, subject, actor, by, hours):
        end = self.now - timedelta(hours=hours)
        fact = Inspected(started=end - timedelta(hours=1), ended=end, by=tuple(by))
        allowed = len(by) >= 2 and by <= self.seen(subject)["team"] and hours >= 0
        self.take(subject, "inspected", fact, actor, allowed=allowed)

    @rule(subject=subjects, actor=actors, found=results)
    def enter(self, subject, actor, found):
        before, fact = self.count, Entered({item: Result(code) for item, code in found.items()})
        self.take(subject, "entered", fact, actor, allowed=complete(found))
        if self.count > before:
            self.model[subject]["by"], self.model[subject]["found"] = actor, found

    @rule(subject=subjects, actor=actors)
    def give_back(self, subject, actor):
        another = actor != self.seen(subject)["by"]
        self.take(subject, "returned", Because("look again"), actor, allowed=another)

    @rule(subject=subjects, actor=actors)
    def review(self, subject, actor):
        another = actor != self.seen(subject)["by"]
        self.take(subject, "reviewed", {}, actor, allowed=another)

    @rule(subject=subjects, actor=actors)
    def approve(self, subject, actor):
        another = actor != self.seen(subject)["by"]
        self.take(subject, "approved", {}, actor, allowed=another)

    @rule(subject=subjects, actor=actors)
    def publish(self, subject, actor):
        before = self.count
        self.take(subject, "published", Somewhere("made up"), actor, allowed=True)
        if self.count > before:
            self.model[subject]["published"] = True

    @rule(subject=subjects, actor=actors, found=results)
    def correct(self, subject, actor, found):
        before = self.count
        fact = Corrected({item: Result(code) for item, code in found.items()}, "a mistake")
        other = found != self.seen(subject).get("found")
        self.take(subject, "corrected", fact, actor, allowed=complete(found) and other)
        if self.count > before:
            self.model[subject]["by"], self.model[subject]["found"] = actor, found

    @rule(subject=subjects, actor=actors)
    def void(self, subject, actor):
        never = not self.seen(subject)["published"]
        self.take(subject, "voided", Because("its scheme was"), actor, allowed=never)

    @rule(subject=subjects, later=st.sampled_from([2, 3, 5, 7]))
    def go_forward(self, subject, later):
        """The steps of an honest office, so that late states are reached often."""
        self.draw(subject, "clerk")
        self.confirm(subject, "clerk")
        two = {*sorted(self.seen(subject)["team"])[:2]}
        fine = {"food": "none", "fire": "corrected"}
        for step in (
            lambda: self.inspect(subject, "clerk", two, 0),
            lambda: self.enter(subject, "I-1", fine),
            lambda: self.review(subject, "reviewer"),
            lambda: self.approve(subject, "leader"),
            lambda: self.publish(subject, "clerk"),
        )[:later]:
            step()

    @invariant()
    def the_ledger_alone_gives_every_state_back(self):
        events = list(self.ledger.events())
        assert len(events) == self.count
        states = rebuild(events, [case_life(STANDARD)])
        assert states == {("case", name): each for name, each in self.desk.states("case").items()}
        for case in self.desk.states("case").values():
            reviewed = case.status in ("reviewed", "approved")
            assert not reviewed or case.reviewed_by != case.entered_by
            assert case.results is None or {*case.results} == {*ITEMS}
            assert (case.published is not None) == self.model[case.drawn.subject]["published"]
            again = [old.republished is not None for old in case.earlier]
            assert all(again[:-1])
            assert again[-1:] in ([], [case.status == "published"])


def complete(found):
    known = {code.id for code in STANDARD}
    return found.keys() == ITEMS.keys() and {*found.values()} <= known


TestCases = Cases.TestCase
TestCases.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
