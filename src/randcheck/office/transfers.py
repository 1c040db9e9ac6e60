"""A transfer (移送) or a notification (抄告): papers that another office gets, and its receipt.

sent → reminded (as often as needed) → received → answered;  sent or received → refused

Rules enforced here:
1. Papers go out with a ground, a day by which the receipt is due, and the digest of each document.
2. It is received only with a receipt, reminded only while there is none, answered only after it.
3. What is refused comes back: the case's own office must act. Nothing comes after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import evolve, field, frozen

from randcheck.fields import DAY, ID, NAME, WORD, Fact, FrozenMapping, Kind, choice, declare, maybe
from randcheck.office.forms import Because, Nothing, files
from randcheck.office.life import Life, Step, need, need_status

ABOUT = "transfer"

#: Papers that ask another office to act (移送), and such that only tell it (抄告).
KINDS = ("transfer", "notification")


#: The papers by their names.
DOCUMENTS = files(WORD)


@frozen(kw_only=True)
class Sent(Fact):
    """Papers about a case, or one item of it: to whom, on which ground, receipt due by when."""

    case: str = declare(WORD)
    item: str | None = declare(maybe(ID), default=None)
    kind: str = declare(Kind(choice(*KINDS)))
    to: str = declare(WORD)
    ground: str = declare(NAME)
    due: date = declare(DAY)
    documents: Mapping[str, str] = declare(DOCUMENTS, factory=lambda: FrozenMapping({}))


@frozen
class Received(Fact):
    """The other office has it: its receipt (回执), such as a number, and the day."""

    receipt: str = declare(WORD)
    on: date = declare(DAY)


@frozen
class Answered(Fact):
    """What the other office did, and the day of its answer."""

    outcome: str = declare(NAME)
    on: date = declare(DAY)


@frozen(kw_only=True)
class Transfer:
    """The state of a transfer. `on`, `received`, `refused` and `answered` are days; `reminders` are
    the days of reminders. `began` and `ended` are the places of its first and last step in the
    ledger, since a day alone does not tell what came first.
    """

    id: str
    status: str
    sent: Sent
    on: date
    began: int = field(repr=False)
    ended: int | None = field(default=None, repr=False)
    reminders: tuple[date, ...] = ()
    received: date | None = None
    receipt: str | None = None
    refused: date | None = None
    reason: str | None = None
    answered: date | None = None
    outcome: str | None = None

    @property
    def own(self) -> bool:
        """The case's own office must act, since the other one refused."""
        return self.status == "refused"


def _sent(state: Transfer | None, step: Step, fact: Sent) -> Transfer:
    need_status(state, step, None)
    need(fact.due >= step.day, step, f"a due day from {step.day}", fact.due)
    return Transfer(id=step.id, status="sent", sent=fact, on=step.day, began=step.sequence)


def _reminded(state: Transfer, step: Step, fact: Nothing) -> Transfer:
    need_status(state, step, "sent")
    return evolve(state, reminders=(*state.reminders, step.day))


def _need_between(step: Step, first: date | None, day: date) -> None:
    holds = first is not None and first <= day <= step.day
    need(holds, step, f"a day from {first} to {step.day}", day)


def _received(state: Transfer, step: Step, fact: Received) -> Transfer:
    need_status(state, step, "sent")
    _need_between(step, state.on, fact.on)
    return evolve(state, status="received", received=fact.on, receipt=fact.receipt)


def _refused(state: Transfer, step: Step, fact: Because) -> Transfer:
    """Before the receipt or after it: who has received papers may still not be competent."""
    need_status(state, step, "sent", "received")
    return evolve(
        state, status="refused", refused=step.day, reason=fact.reason, ended=step.sequence
    )


def _answered(state: Transfer, step: Step, fact: Answered) -> Transfer:
    need_status(state, step, "received")
    _need_between(step, state.received, fact.on)
    return evolve(
        state, status="answered", answered=fact.on, outcome=fact.outcome, ended=step.sequence
    )


def transfer_life() -> Life:
    """The life of transfers and notifications."""
    return Life(
        ABOUT,
        {
            "sent": (Sent, _sent),
            "reminded": (Nothing, _reminded),
            "received": (Received, _received),
            "refused": (Because, _refused),
            "answered": (Answered, _answered),
        },
    )


def overdue_receipts(transfers: Iterable[Transfer], day: date) -> tuple[Transfer, ...]:
    """Those whose receipt was due before a day and is not there: the longest overdue first."""
    late = [each for each in transfers if each.status == "sent" and each.sent.due < day]
    return tuple(sorted(late, key=lambda each: (each.sent.due, each.id)))
