"""Transfers and their receipts: no order of calls reaches a state that the rules forbid."""

from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from office.clocks import Days, days
from randcheck.errors import DataError
from randcheck.ledger import Ledger
from randcheck.office.desk import Desk
from randcheck.office.errors import StepError
from randcheck.office.forms import Because
from randcheck.office.life import rebuild
from randcheck.office.transfers import (
    KINDS,
    Answered,
    Received,
    Sent,
    overdue_receipts,
    transfer_life,
)

FIRST = date(2026, 7, 1)
DUE = date(2026, 7, 6)
LIVES = [transfer_life()]
#: What may come after what.
MAY = {
    None: {"sent": "sent"},
    "sent": {"reminded": "sent", "received": "received", "refused": "refused"},
    "received": {"refused": "refused", "answered": "answered"},
    "refused": {},
    "answered": {},
}


def sent(due=DUE, **changes):
    told = {
        "case": "5f5f/F-1",
        "item": "fire",
        "kind": "transfer",
        "to": "the made-up fire brigade",
        "ground": "the exit is blocked",
        "due": due,
        "documents": {"report.pdf": "ab" * 32},
    }
    return Sent(**(told | changes))


class Transfers(RuleBasedStateMachine):
    """Two transfers, with all calls in any order, beside a model of what may be."""

    names = st.sampled_from(["t-1", "t-2"])

    def __init__(self):
        super().__init__()
        self.clock = Days(2026, 7, 1)
        self.ledger = Ledger.open("sqlite://", clock=self.clock)
        self.desk = Desk(self.ledger, LIVES)
        self.status, self.since, self.reminders = {}, {}, {"t-1": 0, "t-2": 0}

    def teardown(self):
        self.ledger.close()

    def attempt(self, name, what, data=None, day=None):
        """A step whose day, if it names one, is allowed as well."""
        after = MAY[self.status.get(name)].get(what)
        fits = day is None or (name in self.since and self.since[name] <= day <= self.clock.day)
        head, before = self.ledger.head(), self.desk.states("transfer")
        if after is not None and fits:
            self.desk.do("transfer", name, what, data, actor="clerk")
            self.status[name] = after
            return True
        with pytest.raises(StepError):
            self.desk.do("transfer", name, what, data, actor="clerk")
        assert self.ledger.head() == head
        assert self.desk.states("transfer") == before
        return False

    @rule(number=st.integers(1, 4))
    def time_passes(self, number):
        self.clock.go(number)

    @rule(name=names, kind=st.sampled_from(KINDS), due=st.integers(0, 5))
    def send(self, name, kind, due):
        if self.attempt(name, "sent", sent(self.clock.day + days(due), kind=kind)):
            self.since[name] = self.clock.day

    @rule(name=names)
    def send_with_a_day_gone_by(self, name):
        head = self.ledger.head()
        late = sent(self.clock.day - days(1))
        with pytest.raises(StepError):
            self.desk.do("transfer", name, "sent", late, actor="clerk")
        assert self.ledger.head() == head

    @rule(name=names)
    def remind(self, name):
        self.reminders[name] += self.attempt(name, "reminded")

    @rule(name=names, on=st.integers(-3, 1))
    def receive(self, name, on):
        day = self.clock.day + days(on)
        if self.attempt(name, "received", Received("R-1", day), day):
            self.since[name] = day

    @rule(name=names)
    def refuse(self, name):
        self.attempt(name, "refused", Because("not ours"))

    @rule(name=names, on=st.integers(-3, 1))
    def answer(self, name, on):
        day = self.clock.day + days(on)
        self.attempt(name, "answered", Answered("fined", day), day)

    @invariant()
    def the_ledger_gives_every_state_back(self):
        states = self.desk.states("transfer")
        rebuilt = rebuild(self.ledger.events(), LIVES)
        assert {("transfer", name): state for name, state in states.items()} == rebuilt

    @invariant()
    def the_states_are_those_of_the_model(self):
        states = self.desk.states("transfer")
        assert {name: state.status for name, state in states.items()} == self.status
        for name, state in states.items():
            assert len(state.reminders) == self.reminders[name]
            assert (state.received is None) is (state.receipt is None)
            assert state.answered is None or state.on <= state.received <= state.answered
            assert state.own is (state.status == "refused") is (state.refused is not None)
            assert not (state.own and state.answered)

    @invariant()
    def overdue_is_what_nobody_has_received_in_time(self):
        states = self.desk.states("transfer").values()
        late = overdue_receipts(states, self.clock.day)
        assert {each.id for each in late} == {
            each.id
            for each in states
            if each.received is None and not each.own and self.clock.day > each.sent.due
        }


TestTransfers = Transfers.TestCase
TestTransfers.settings = settings(max_examples=60, stateful_step_count=25)


@pytest.fixture
def clock():
    return Days(2026, 7, 1)


@pytest.fixture
def desk(clock):
    with Ledger.open("sqlite://", clock=clock) as ledger:
        yield Desk(ledger, LIVES)


def do(desk, what, data=None, name="t-1"):
    return desk.do("transfer", name, what, data, actor="clerk")


def test_a_transfer_to_its_answer(desk, clock):
    do(desk, "sent", sent())
    clock.go(6)
    assert [each.id for each in overdue_receipts(desk.states("transfer").values(), clock.day)] == [
        "t-1"
    ]
    do(desk, "reminded")
    with pytest.raises(StepError, match="expected received, found sent"):
        do(desk, "answered", Answered("fined", clock.day))
    do(desk, "received", Received("made-up receipt 7", clock.day))
    with pytest.raises(StepError, match="expected sent, found received"):
        do(desk, "reminded")
    clock.go(1)
    transfer = do(desk, "answered", Answered("fined", clock.day))
    assert (transfer.reminders, transfer.received, transfer.receipt, transfer.answered) == (
        (FIRST + days(6),),
        FIRST + days(6),
        "made-up receipt 7",
        FIRST + days(7),
    )
    assert not transfer.own


def test_what_is_refused_comes_back(desk):
    do(desk, "sent", sent())
    transfer = do(desk, "refused", Because("not competent"))
    assert (transfer.own, transfer.reason) == (True, "not competent")
    do(desk, "sent", sent(), "t-2")
    do(desk, "received", Received("R-2", FIRST), "t-2")
    assert do(desk, "refused", Because("not competent after all"), "t-2").own
    with pytest.raises(StepError):
        do(desk, "received", Received("R-1", FIRST))


def test_a_receipt_is_due_until_its_day_and_overdue_after_it(desk):
    for number, due in enumerate((5, 3, 5)):
        do(desk, "sent", sent(FIRST + days(due)), f"t-{3 - number}")
    states = desk.states("transfer").values()
    assert overdue_receipts(states, FIRST + days(3)) == ()
    assert [each.id for each in overdue_receipts(states, FIRST + days(6))] == ["t-2", "t-1", "t-3"]


@pytest.mark.parametrize(
    "data",
    [
        {"receipt": "", "on": "2026-07-01"},
        {"on": "2026-07-01"},
        {"receipt": "R-1"},
    ],
)
def test_it_is_received_only_with_a_receipt(desk, data):
    do(desk, "sent", sent())
    with pytest.raises(StepError, match="Received"):
        do(desk, "received", data)
    assert desk.state("transfer", "t-1").status == "sent"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "letter"},
        {"documents": {"report.pdf": "ab"}},
        {"documents": ["report.pdf"]},
        {"documents": {7: "ab" * 32}},
        {"ground": ""},
        {"item": ""},
    ],
)
def test_papers_are_named_as_they_are(changes):
    with pytest.raises(DataError):
        sent(**changes)


def test_what_is_sent_comes_back_from_json():
    for each in (sent(), sent(item=None, kind="notification", documents={})):
        assert Sent.from_json(each.to_json()) == each
    assert "documents" not in sent(documents={}).to_json()
