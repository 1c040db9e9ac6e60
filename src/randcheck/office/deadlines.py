"""Deadlines (时限): what is due when, what was late, and who must act.

Rules enforced here:
1. Limits are counted in working days, from the day after the one they begin with. They are
   parameters: two to confirm a draw, twenty from the inspection's end to publication.
2. The first publication counts. A correction has a deadline only if a limit for it is given.
3. A problem is due on its day in force, and done when it is closed. A transfer's receipt is due on
   the day that its papers name; what was refused is due until the case's own office has acted.
4. What is voided has no deadline. Every list is in order of due day, kind, id and step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Literal

from attrs import field, frozen

from randcheck.fields import COUNT, Fact, declare
from randcheck.office.calendar import Calendar, add_workdays
from randcheck.office.cases import Case
from randcheck.office.follow_up import FollowedProblem, problem_id
from randcheck.office.transfers import Transfer

#: How a deadline stands on a day.
Status = Literal["overdue", "due soon", "open", "done late", "done in time"]
STATUSES: tuple[Status, ...] = ("overdue", "due soon", "open", "done late", "done in time")


@frozen(kw_only=True)
class Limits(Fact):
    """How many working days there are, `None` for no limit.

    `confirm`: from the draw to the team's confirmation. `publish`: from the inspection's end to the
    first publication. `correct`: from a correction to its publication, whatever is returned in
    between. `answer`: from a transfer's receipt to the answer.
    """

    confirm: int | None = declare(COUNT, default=2)
    publish: int | None = declare(COUNT, default=20)
    correct: int | None = declare(COUNT, default=None)
    answer: int | None = declare(COUNT, default=None)


@frozen(kw_only=True)
class Deadline:
    """Something due: about what, which, which step, since when and until when, done on which day.

    `next` is the step that is waited for now, `None` once all is done. `who` takes it, or took it,
    as far as that is known; `departments` and `region` are the offices that must act.
    """

    about: str
    id: str
    what: str
    since: date
    due: date
    done: date | None = None
    next: str | None = None
    who: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    region: str | None = None

    def status(self, day: date, calendar: Calendar, soon: int = 5) -> Status:
        """How it stands on a day: "due soon" if `soon` working days or fewer are left.

        What was done only later counts as not done on that day.
        """
        if self.done is not None and self.done <= day:
            return "done in time" if self.done <= self.due else "done late"
        if self.due < day:
            return "overdue"
        return "due soon" if _left_at_most(soon, calendar, day, self.due) else "open"


def _left_at_most(most: int, calendar: Calendar, day: date, due: date) -> bool:
    """It looks no further than it must, since the calendar may end before a far due day."""
    left = 0
    while day < due and left <= most:
        day += timedelta(days=1)
        left += calendar.is_workday(day)
    return left <= most


def deadlines(
    calendar: Calendar,
    *,
    cases: Mapping[str, Case],
    problems: Mapping[str, FollowedProblem] | None = None,
    transfers: Mapping[str, Transfer] | None = None,
    limits: Limits | None = None,
    staff: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Deadline, ...]:
    """All deadlines of things by id, such as `Desk.states(…)` gives them.

    `staff` names who takes a step, such as `{"reviewed": ["R-1"]}`; else the team takes those that
    are an inspector's, and of the others nobody knows. Raises `CalendarError` for a due day in a
    year without a calendar.
    """
    books = _Books(cases, problems or {}, transfers or {}, limits or Limits(), staff or {})
    count = cache(lambda day, n: add_workdays(calendar, day, n))
    found = [
        *(each for case in cases.values() for each in _of_case(case, books, count)),
        *(_of_problem(problem, books) for problem in books.problems.values()),
        *(each for one in books.transfers.values() for each in _of_transfer(one, books, count)),
    ]
    return tuple(sorted(found, key=lambda each: (each.due, each.about, each.id, each.what)))


#: The n-th working day after a day.
_Count = Callable[[date, int], date]

#: What is waited for in each state of a case or a problem.
_NEXT = {
    "drawn": "confirmed",
    "inspected": "entered",
    "entered": "reviewed",
    "reviewed": "approved",
    "approved": "published",
}

#: The steps that are an inspector's.
_INSPECTORS = ("confirmed", "entered", "reinspected")


@frozen
class _Books:
    """What deadlines are made of."""

    cases: Mapping[str, Case]
    problems: Mapping[str, FollowedProblem]
    transfers: Mapping[str, Transfer]
    limits: Limits
    staff: Mapping[str, Sequence[str]]
    resent: Mapping[tuple[str, str | None, str], Transfer] = field(init=False)

    @resent.default
    def _last_sent(self) -> Mapping[tuple[str, str | None, str], Transfer]:
        """The last transfer of each kind about the same case and item."""
        ordered = sorted(self.transfers.values(), key=lambda each: each.began)
        return {_subject(each): each for each in ordered}

    def who(self, step: str | None, case: Case | None) -> tuple[str, ...]:
        if step is not None and step in self.staff:
            return tuple(self.staff[step])
        if case is None or step not in (None, *_INSPECTORS):
            return ()
        return case.inspectors or case.team


def _subject(transfer: Transfer) -> tuple[str, str | None, str]:
    return transfer.sent.case, transfer.sent.item, transfer.sent.kind


def _departments(case: Case | None, item: str | None = None) -> tuple[str, ...]:
    """Those of a case's item, or of all its items."""
    if case is None:
        return ()
    named = [name for each, name in case.drawn.items.items() if item in (None, each)]
    return tuple(sorted({name for name in named if name is not None}))


def _of_case(case: Case, books: _Books, count: _Count) -> Iterator[Deadline]:
    if case.status == "voided":
        return
    limits = books.limits
    told = [("confirmed", case.drawn.on, limits.confirm, case.confirmed)]
    if case.ended is not None:
        told.append(("published", case.ended, limits.publish, case.published))
    told += [("corrected", old.on, limits.correct, old.republished) for old in case.earlier]
    for what, since, limit, done in told:
        if limit is not None:
            step = _NEXT[case.status] if done is None else None
            yield Deadline(
                about="case",
                id=case.id,
                what=what,
                since=since,
                due=count(since, limit),
                done=done,
                next=step,
                who=books.who(step, case),
                departments=_departments(case),
                region=case.drawn.region,
            )


def _of_problem(problem: FollowedProblem, books: _Books) -> Deadline:
    case = books.cases.get(problem.opened.case)
    step = None if problem.closed else "closed" if problem.corrected else "reinspected"
    named = problem.opened.department
    return Deadline(
        about="problem",
        id=problem.id,
        what="closed",
        since=problem.on,
        due=problem.due,
        done=problem.closed,
        next=step,
        who=books.who(step, case),
        departments=_departments(case, problem.opened.item) if named is None else (named,),
        region=None if case is None else case.drawn.region,
    )


def _of_transfer(transfer: Transfer, books: _Books, count: _Count) -> Iterator[Deadline]:
    """The other office's deadlines, and after a refusal the case's own office's."""
    sent, case = transfer.sent, books.cases.get(transfer.sent.case)
    told = list[tuple[str, date, date, date | None]]()
    if transfer.received is not None or not transfer.own:
        told.append(("received", transfer.on, sent.due, transfer.received))
    if transfer.received is not None and not transfer.own and sent.kind == "transfer":
        limit, since = books.limits.answer, transfer.received
        if limit is not None:
            told.append(("answered", since, count(since, limit), transfer.answered))
    if transfer.refused is not None:
        due = max(sent.due, transfer.refused)
        told.append(("sent again", transfer.refused, due, _acted(transfer, books)))
    for what, since, due, done in told:
        step = what if done is None else None
        own = what == "sent again"
        yield Deadline(
            about="transfer",
            id=transfer.id,
            what=what,
            since=since,
            due=due,
            done=done,
            next=step,
            who=() if step is None else books.who(step, None),
            departments=_departments(case, sent.item) if own else (sent.to,),
            region=None if case is None else case.drawn.region,
        )


def _acted(transfer: Transfer, books: _Books) -> date | None:
    """The day on which a refused transfer was sent to somebody else, or its problem closed."""
    refused = transfer.ended or 0
    days = []
    again = books.resent[_subject(transfer)]
    if again.began > refused:
        days.append(again.on)
    if transfer.sent.item is not None:
        problem = books.problems.get(problem_id(transfer.sent.case, transfer.sent.item))
        if problem is not None and problem.ended is not None and problem.ended > refused:
            days.append(problem.closed or transfer.on)
    return min(days, default=None)


# --- lists -------------------------------------------------------------------------------------


def by_status(
    found: Iterable[Deadline], day: date, calendar: Calendar, soon: int = 5
) -> dict[Status, tuple[Deadline, ...]]:
    """Deadlines by how they stand on a day: a list for each status, the most urgent first."""
    lists: dict[Status, list[Deadline]] = {status: [] for status in STATUSES}
    for each in found:
        lists[each.status(day, calendar, soon)].append(each)
    return {status: tuple(listed) for status, listed in lists.items()}


def by_person(found: Iterable[Deadline]) -> dict[str | None, tuple[Deadline, ...]]:
    """Deadlines by who must act, in order of ids; `None`, the last, where nobody is known."""
    return _grouped((who, each) for each in found for who in each.who or (None,))


def by_department(found: Iterable[Deadline]) -> dict[str | None, tuple[Deadline, ...]]:
    """Deadlines by the department that must act; one of a joint visit is in several lists."""
    return _grouped((name, each) for each in found for name in each.departments or (None,))


def by_region(found: Iterable[Deadline]) -> dict[str | None, tuple[Deadline, ...]]:
    """Deadlines by the region of their case; `None` where the case is not in the books."""
    return _grouped((each.region, each) for each in found)


def _grouped(
    pairs: Iterable[tuple[str | None, Deadline]],
) -> dict[str | None, tuple[Deadline, ...]]:
    lists: dict[str | None, list[Deadline]] = {}
    for name, each in pairs:
        lists.setdefault(name, []).append(each)
    ordered = sorted(lists, key=lambda name: (name is None, name or ""))
    return {name: tuple(lists[name]) for name in ordered}
