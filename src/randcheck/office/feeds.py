"""Feeds: what published results add to two lists, and what corrections take back.

The list of abnormal operations (经营异常名录) and joint credit sanctions (信用联合惩戒).

Rules enforced here:
1. Only what was published makes a row, on the day of its publication, and a code says whether.
2. A case lists its subject once for a ground, however many of its items show it.
3. A published correction takes back what it no longer finds (撤销), and adds what it finds anew.
4. Nothing is sent, and nobody is listed by it: a row is a value that an officer decides on. That a
   firm has put things right (移出) is its own application, no correction, and makes no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import frozen

from randcheck.fields import DAY, ID, NAME, WORD, Fact, Kind, choice, declare
from randcheck.ledger import Event
from randcheck.office.cases import ABOUT, Case, case_life
from randcheck.office.codes import ResultCodes
from randcheck.office.forms import IDS, NUMBER, Result
from randcheck.office.life import step_of

#: The lists: abnormal operations (经营异常名录), joint credit sanctions (信用联合惩戒).
LISTS = ("abnormal", "sanction")


@frozen(kw_only=True)
class FeedRow(Fact):
    """A ground to list a subject, or to take that back. `items` are those that show it, or did;
    `sequence` is the event that published it.
    """

    list: str = declare(Kind(choice(*LISTS)))
    action: str = declare(Kind(choice("add", "withdraw")))
    ground: str = declare(NAME)
    subject: str = declare(ID)
    task: str = declare(ID)
    case: str = declare(WORD)
    items: tuple[str, ...] = declare(IDS)
    day: date = declare(DAY)
    sequence: int = declare(NUMBER)


#: The items that show a ground, by list and ground.
_Grounds = dict[tuple[str, str], tuple[str, ...]]


def _grounds(results: Mapping[str, Result], codes: ResultCodes) -> _Grounds:
    found: _Grounds = {}
    for item, result in sorted(results.items()):
        code = codes[result.code]
        for name, ground in zip(LISTS, (code.abnormal, code.sanction), strict=True):
            if ground is not None:
                found[name, ground] = (*found.get((name, ground), ()), item)
    return found


def feed(events: Iterable[Event], codes: ResultCodes, *, after: int = -1) -> tuple[FeedRow, ...]:
    """The rows of a ledger's events, in their order; in one event by list and ground, what is taken
    back first.

    `events` are all from the first on; `after` leaves out the rows up to a sequence, such as that
    of the last row that was handed over. Raises `StepError` for a step past the rules.
    """
    life = case_life(codes)
    cases: dict[str, Case] = {}
    public: dict[str, _Grounds] = {}
    rows = list[FeedRow]()
    for event in events:
        step = step_of(event)
        if step is None or step.about != ABOUT:
            continue
        case: Case = life.follow(cases.get(step.id), step)
        cases[step.id] = case
        if step.what != "published":
            continue
        before, now = public.get(step.id, {}), _grounds(case.results or {}, codes)
        public[step.id] = now
        changes = [("withdraw", key, before[key]) for key in sorted(before.keys() - now.keys())]
        changes += [("add", key, now[key]) for key in sorted(now.keys() - before.keys())]
        rows += [
            FeedRow(
                list=name,
                action=action,
                ground=ground,
                subject=case.drawn.subject,
                task=case.drawn.task,
                case=case.id,
                items=items,
                day=step.day,
                sequence=step.sequence,
            )
            for action, (name, ground), items in changes
            if step.sequence > after
        ]
    return tuple(rows)
