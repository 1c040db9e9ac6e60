"""A problem (问题): what an inspection found and somebody must come back to (后续处理).

opened → reinspected, extended (as often as needed) → closed

Rules enforced here:
1. A problem is opened for a code that asks for it, once for each item of a case.
2. It has a due day, never before the day of the step that sets it. A later one needs a reason, and
   the earlier one is kept.
3. Two inspectors or more come back. It is closed with an outcome and a reason, as `corrected` only
   if the last of them found it so. Nothing comes after.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from attrs import evolve, field, frozen

from randcheck.errors import ParameterError
from randcheck.fields import DAY, FLAG, ID, MAYBE_WORD, NAME, WORD, Fact, Kind, choice, declare
from randcheck.office.cases import Case
from randcheck.office.codes import ResultCodes
from randcheck.office.desk import Deed
from randcheck.office.forms import IDS
from randcheck.office.life import Life, Step, need, need_status

ABOUT = "problem"

#: How a problem can end: put right (已改正), punished (立案处罚), transferred (移送), put on a list
#: (列入名录), the firm is gone (主体已终止), something else that the reason says.
OUTCOMES = ("corrected", "punished", "transferred", "listed", "ended", "other")


@frozen(kw_only=True)
class Opened(Fact):
    """A result that needs follow-up: of which case and item, who looks after it, until when."""

    case: str = declare(WORD)
    item: str = declare(ID)
    code: str = declare(ID)
    department: str | None = declare(MAYBE_WORD, default=None)
    due: date = declare(DAY)


@frozen
class Extended(Fact):
    """A later due day, and why."""

    due: date = declare(DAY)
    reason: str = declare(NAME)


@frozen(kw_only=True)
class Reinspected(Fact):
    """Somebody came back (复查): when, who, and whether the problem was put right."""

    on: date = declare(DAY)
    by: tuple[str, ...] = declare(IDS)
    corrected: bool = declare(FLAG)
    note: str | None = declare(MAYBE_WORD, default=None)


@frozen
class Closed(Fact):
    """How it ended, one of `OUTCOMES`, and why that is right."""

    outcome: str = declare(Kind(choice(*OUTCOMES)))
    reason: str = declare(NAME)


@frozen
class Extension:
    """A due day that was replaced, on which day, and why."""

    due: date
    on: date
    reason: str

    @property
    def late(self) -> bool:
        """It was replaced only after it had passed."""
        return self.due < self.on


@frozen(kw_only=True)
class FollowedProblem:
    """The state of a problem. `due` is the day in force, `extensions` are those before it;
    `closed` is the day on which it was closed, `outcome` and `reason` say how, and `ended` is the
    place of that step in the ledger, since a day alone does not tell what came first.
    """

    id: str
    status: str
    opened: Opened
    on: date
    due: date
    extensions: tuple[Extension, ...] = ()
    reinspections: tuple[Reinspected, ...] = ()
    closed: date | None = None
    ended: int | None = field(default=None, repr=False)
    outcome: str | None = None
    reason: str | None = None

    @property
    def corrected(self) -> bool:
        """The last reinspection found it put right."""
        return bool(self.reinspections) and self.reinspections[-1].corrected


def problem_id(case: str, item: str) -> str:
    """The id of the problem of a case's item."""
    return f"{case}/{item}"


def problem_life(codes: ResultCodes) -> Life:
    """The life of problems whose results are of these codes."""
    followed = [code.id for code in codes if code.follow_up]

    def opened(state: FollowedProblem | None, step: Step, fact: Opened) -> FollowedProblem:
        need_status(state, step, None)
        need(step.id == problem_id(fact.case, fact.item), step, "the id case/item", step.id)
        need(
            fact.code in followed,
            step,
            f"a code to be followed up: {', '.join(followed)}",
            fact.code,
        )
        need(fact.due >= step.day, step, f"a due day from {step.day}", fact.due)
        return FollowedProblem(id=step.id, status="opened", opened=fact, on=step.day, due=fact.due)

    return Life(
        ABOUT,
        {
            "opened": (Opened, opened),
            "extended": (Extended, _extended),
            "reinspected": (Reinspected, _reinspected),
            "closed": (Closed, _closed),
        },
    )


def _extended(state: FollowedProblem, step: Step, fact: Extended) -> FollowedProblem:
    need_status(state, step, "opened", "reinspected")
    need(fact.due > state.due, step, f"a day after {state.due}", fact.due)
    need(fact.due >= step.day, step, f"a due day from {step.day}", fact.due)
    old = Extension(state.due, step.day, fact.reason)
    return evolve(state, due=fact.due, extensions=(*state.extensions, old))


def _reinspected(state: FollowedProblem, step: Step, fact: Reinspected) -> FollowedProblem:
    """Its day may be before the opening: who comes back does not wait for an approval."""
    need_status(state, step, "opened", "reinspected")
    need(len(fact.by) >= 2, step, "two inspectors or more", fact.by)
    need(fact.on <= step.day, step, f"a day up to {step.day}", fact.on)
    if state.reinspections:
        last = state.reinspections[-1].on
        need(fact.on >= last, step, f"a day from {last}, the last reinspection's", fact.on)
    return evolve(state, status="reinspected", reinspections=(*state.reinspections, fact))


def _closed(state: FollowedProblem, step: Step, fact: Closed) -> FollowedProblem:
    need_status(state, step, "opened", "reinspected")
    if fact.outcome == "corrected":
        expected = "a last reinspection that found it corrected"
        need(state.corrected, step, expected, state.reinspections[-1:] or "none")
    return evolve(
        state,
        status="closed",
        closed=step.day,
        ended=step.sequence,
        outcome=fact.outcome,
        reason=fact.reason,
    )


def problems_of(
    case: Case, codes: ResultCodes, due: date, *, known: Container[str] = ()
) -> list[Deed]:
    """The deeds that open a problem for each result of a case that needs follow-up, by item.

    `known` are ids of problems that are there already, as after a correction. Raises
    `ParameterError` for a case whose results are neither approved nor published.
    """
    if case.status not in ("approved", "published"):
        reason = f"is {case.status}, so its results may still change"
        raise ParameterError("case", case.id, reason, "wait until it is approved")
    deeds = list[Deed]()
    for item, result in sorted((case.results or {}).items()):
        name = problem_id(case.id, item)
        if codes[result.code].follow_up and name not in known:
            department = case.drawn.items[item]
            fact = Opened(case=case.id, item=item, code=result.code, department=department, due=due)
            deeds.append((ABOUT, name, "opened", fact))
    return deeds
