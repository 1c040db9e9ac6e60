"""Problems are followed up: no order of calls reaches a state that the rules forbid."""

from datetime import date

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from office.clocks import Days, days
from randcheck.errors import ParameterError, UnknownNameError
from randcheck.ledger import Ledger
from randcheck.office.cases import Case, Drawn, case_id
from randcheck.office.codes import STANDARD
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.follow_up import (
    OUTCOMES,
    Closed,
    Extended,
    Opened,
    Reinspected,
    problem_id,
    problem_life,
    problems_of,
)
from randcheck.office.forms import Result
from randcheck.office.life import rebuild

DRAW = "5f" * 32
CASE = case_id(DRAW, "F-1")
FIRST = date(2026, 7, 1)
LIVES = [problem_life(STANDARD)]
FOLLOWED = [code.id for code in STANDARD if code.follow_up]


class Problems(RuleBasedStateMachine):
    """Two problems of a case, with all calls in any order, beside a model of what may be."""

    items = st.sampled_from(["fire", "food"])

    def __init__(self):
        super().__init__()
        self.clock = Days(2026, 7, 1)
        self.ledger = Ledger.open("sqlite://", clock=self.clock)
        self.desk = Desk(self.ledger, LIVES)
        self.model = {}

    def teardown(self):
        self.ledger.close()

    def attempt(self, item, what, data, allowed):
        head, before = self.ledger.head(), self.desk.states("problem")
        name = problem_id(CASE, item)
        if allowed:
            return self.desk.do("problem", name, what, data, actor="clerk")
        with pytest.raises(StepError):
            self.desk.do("problem", name, what, data, actor="clerk")
        assert self.ledger.head() == head
        assert self.desk.states("problem") == before
        return None

    def alive(self, item):
        return item in self.model and self.model[item]["outcome"] is None

    @rule(number=st.integers(1, 4))
    def time_passes(self, number):
        self.clock.go(number)

    @rule(
        item=items,
        code=st.sampled_from([*FOLLOWED, *FOLLOWED, "none", "x"]),
        due=st.integers(-1, 4),
    )
    def open(self, item, code, due):
        fact = Opened(case=CASE, item=item, code=code, due=self.clock.day + days(due))
        allowed = item not in self.model and code in FOLLOWED and due >= 0
        if self.attempt(item, "opened", fact, allowed):
            self.model[item] = {"due": fact.due, "found": [], "outcome": None}

    @rule(item=items, later=st.integers(-1, 3))
    def extend(self, item, later):
        """A day near the one in force, which may have passed."""
        day = days(later) + (self.model[item]["due"] if item in self.model else self.clock.day)
        allowed = self.alive(item) and later > 0 and day >= self.clock.day
        if self.attempt(item, "extended", Extended(day, "a made-up reason"), allowed):
            self.model[item]["due"] = day

    @rule(
        item=items,
        on=st.integers(-2, 1),
        by=st.sampled_from([("I-1", "I-2"), ("I-3", "I-2", "I-1"), ("I-1", "I-1"), ("I-1",), ()]),
        corrected=st.booleans(),
    )
    def reinspect(self, item, on, by, corrected):
        day = self.clock.day + days(on)
        allowed = self.alive(item) and on <= 0 and len(set(by)) >= 2
        allowed = allowed and all(day >= earlier for earlier, _ in self.model[item]["found"])
        fact = Reinspected(on=day, by=by, corrected=corrected)
        if self.attempt(item, "reinspected", fact, allowed):
            self.model[item]["found"].append((day, corrected))

    @rule(item=items, outcome=st.sampled_from(OUTCOMES))
    def close(self, item, outcome):
        allowed = self.alive(item)
        if allowed and outcome == "corrected":
            found = self.model[item]["found"]
            allowed = bool(found) and found[-1][1]
        if self.attempt(item, "closed", Closed(outcome, "made up"), allowed):
            self.model[item]["outcome"] = outcome

    @invariant()
    def the_ledger_gives_every_state_back(self):
        states = self.desk.states("problem")
        rebuilt = rebuild(self.ledger.events(), LIVES)
        assert {("problem", name): state for name, state in states.items()} == rebuilt

    @invariant()
    def the_states_are_those_of_the_model(self):
        states = self.desk.states("problem")
        assert states.keys() == {problem_id(CASE, item) for item in self.model}
        for item, known in self.model.items():
            state = states[problem_id(CASE, item)]
            assert (state.due, state.outcome) == (known["due"], known["outcome"])
            assert [(each.on, each.corrected) for each in state.reinspections] == known["found"]
            assert (state.status == "closed") is (state.closed is not None)
            dues = [each.due for each in state.extensions] + [state.due]
            assert dues == sorted(set(dues))
            assert dues[0] == state.opened.due >= state.on


TestProblems = Problems.TestCase
TestProblems.settings = settings(max_examples=60, stateful_step_count=30)


@pytest.fixture
def clock():
    return Days(2026, 7, 1)


@pytest.fixture
def desk(clock):
    with Ledger.open("sqlite://", clock=clock) as ledger:
        yield Desk(ledger, LIVES)


def do(desk, what, data):
    return desk.do("problem", f"{CASE}/fire", what, data, actor="clerk")


def opened(**changes):
    told = {"case": CASE, "item": "fire", "code": "to-follow-up", "due": FIRST + days(10)}
    return Opened(**(told | changes))


def test_a_problem_from_its_opening_to_its_end(desk, clock):
    do(desk, "opened", opened(department="fire brigade"))
    clock.go(12)
    do(desk, "extended", Extended(FIRST + days(20), "the part is on order"))
    clock.go(3)
    found = Reinspected(on=clock.day, by=("I-2", "I-1"), corrected=False, note="still blocked")
    assert do(desk, "reinspected", found).status == "reinspected"
    with pytest.raises(StepError, match="a last reinspection that found it corrected"):
        do(desk, "closed", Closed("corrected", "they say so"))
    clock.go(1)
    do(desk, "reinspected", Reinspected(on=clock.day, by=("I-1", "I-3"), corrected=True))
    problem = do(desk, "closed", Closed("corrected", "the exit is free"))
    assert (problem.status, problem.outcome, problem.closed) == ("closed", "corrected", clock.day)
    [extension] = problem.extensions
    assert (extension.due, extension.late) == (FIRST + days(10), True)


def test_what_was_corrected_and_is_so_no_more_is_not_closed_as_corrected(desk, clock):
    do(desk, "opened", opened())
    for corrected in (True, False):
        do(desk, "reinspected", Reinspected(on=FIRST, by=("I-1", "I-2"), corrected=corrected))
    with pytest.raises(StepError, match="found it corrected"):
        do(desk, "closed", Closed("corrected", "once"))
    assert do(desk, "closed", Closed("punished", "made-up decision 1")).outcome == "punished"


def test_reinspections_come_in_their_order(desk, clock):
    do(desk, "opened", opened())
    clock.go(3)
    seen = Reinspected(on=FIRST + days(2), by=("I-1", "I-2"), corrected=True)
    do(desk, "reinspected", seen)
    for on in (1, 4):
        with pytest.raises(StepError, match="expected a day"):
            do(desk, "reinspected", evolve(seen, on=FIRST + days(on), corrected=False))
    again = do(desk, "reinspected", evolve(seen, corrected=False))
    assert [each.corrected for each in again.reinspections] == [True, False]


def test_a_problem_has_the_id_of_its_case_and_item(desk):
    with pytest.raises(StepError, match="the id case/item"):
        do(desk, "opened", opened(item="food"))


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("extended", {"due": "2026-07-20"}),
        ("extended", {"due": "2026-07-20", "reason": " "}),
        ("reinspected", {"on": "2026-07-01", "by": ["I-1", "I-2"]}),
        ("reinspected", {"on": "2026-07-01", "by": ["I-1", "I-2"], "corrected": "yes"}),
        ("closed", {"outcome": "forgotten", "reason": "x"}),
        ("closed", {"outcome": "other"}),
        ("reopened", {}),
    ],
)
def test_what_does_not_fit_its_form_is_refused(desk, what, data):
    do(desk, "opened", opened())
    head = desk._ledger.head()
    with pytest.raises(StepError):
        do(desk, what, data)
    assert desk._ledger.head() == head


def case(status="published", **codes):
    drawn = Drawn(
        draw=DRAW,
        task="T",
        subject="F-1",
        region="990102",
        items={"food": "market", "fire": "fire brigade", "price": None},
        team=("I-1", "I-2"),
        on=FIRST,
    )
    found = {"food": "none", "fire": "to-follow-up", "price": "unreachable"} | codes
    results = {item: Result(code) for item, code in found.items()}
    return Case(id=CASE, status=status, drawn=drawn, team=drawn.team, results=results)


@pytest.mark.parametrize("status", ["approved", "published"])
def test_a_case_opens_a_problem_for_each_result_that_needs_it(desk, status):
    deeds = problems_of(case(status), STANDARD, FIRST + days(10))
    assert [(name, fact.code, fact.department) for _, name, _, fact in deeds] == [
        (f"{CASE}/fire", "to-follow-up", "fire brigade"),
        (f"{CASE}/price", "unreachable", None),
    ]
    desk.do_all(deeds, actor="clerk")
    assert {each.status for each in desk.states("problem").values()} == {"opened"}
    again = case(status, food="to-follow-up")
    assert [
        each[1] for each in problems_of(again, STANDARD, FIRST, known=desk.states("problem"))
    ] == [f"{CASE}/food"]
    assert problems_of(case(status, fire="none", price="moved"), STANDARD, FIRST) == []


@pytest.mark.parametrize("status", ["entered", "reviewed", "voided"])
def test_a_case_whose_results_may_change_opens_nothing(status):
    with pytest.raises(ParameterError, match=f"is {status}"):
        problems_of(case(status), STANDARD, FIRST)


def test_a_code_that_nobody_knows_is_no_reason_to_be_silent():
    with pytest.raises(UnknownNameError, match="result code"):
        problems_of(case(fire="x"), STANDARD, FIRST)
