"""A case: one visit from the draw to its publication, one form for all departments (一企一表).

drawn → confirmed → inspected → entered → reviewed → approved → published

Rules enforced here:
1. No step is left out, and none is taken twice; what is returned goes back with its reason.
2. Two inspectors of the team at least were there. Nobody reviews or approves what he entered.
3. Every item of the visit has a result, and only a code that the office knows; none is assumed.
4. A correction of what was published keeps the old value and its reason, and is reviewed,
   approved and published like the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import evolve, frozen

from randcheck.fields import DAY, ID, NAME, WORD, Fact, Kind, choice, declare, maybe
from randcheck.models import RISK_CLASSES
from randcheck.office.codes import ResultCodes, need_known
from randcheck.office.forms import (
    BY_ITEM,
    DIGEST,
    IDS,
    MOMENT,
    RESULTS,
    Because,
    Nothing,
    Result,
    Somewhere,
)
from randcheck.office.life import Life, Step, day_of, need, need_status

ABOUT = "case"


@frozen(kw_only=True)
class Drawn(Fact):
    """A visit as the draw gave it. `draw` is the record's SHA-256, `team` may come later."""

    draw: str = declare(DIGEST)
    task: str = declare(ID)
    subject: str = declare(ID)
    region: str = declare(WORD)
    items: Mapping[str, str | None] = declare(BY_ITEM)
    team: tuple[str, ...] = declare(IDS, default=())
    risk_class: str | None = declare(maybe(Kind(choice(*RISK_CLASSES))), default=None)
    on: date = declare(DAY)


@frozen
class Assigned(Fact):
    """A team from a second step or after a recusal."""

    team: tuple[str, ...] = declare(IDS)


@frozen
class Inspected(Fact):
    """The inspection took place: from when to when, by whom."""

    started: str = declare(MOMENT)
    ended: str = declare(MOMENT)
    by: tuple[str, ...] = declare(IDS)


@frozen
class Entered(Fact):
    """What was found: a result for each item."""

    results: Mapping[str, Result] = declare(RESULTS)


@frozen
class Corrected(Fact):
    """Other results than those that were published, and why."""

    results: Mapping[str, Result] = declare(RESULTS)
    reason: str = declare(NAME)


@frozen
class Revision(Fact):
    """Results that were replaced: by whom they had been entered, on which day and why they were
    corrected, and on which day the others were published, `None` until then.
    """

    results: Mapping[str, Result] = declare(RESULTS)
    entered_by: str = declare(WORD)
    reason: str = declare(NAME)
    on: date = declare(DAY)
    republished: date | None = declare(maybe(DAY), default=None)


@frozen(kw_only=True)
class Case:
    """The state of a case. `published` is the day of its first publication, `ended` that of the
    inspection's end; `earlier` are the results that corrections replaced.
    """

    id: str
    status: str
    drawn: Drawn
    team: tuple[str, ...]
    confirmed: date | None = None
    started: str | None = None
    ended_at: str | None = None
    inspectors: tuple[str, ...] = ()
    results: Mapping[str, Result] | None = None
    entered: date | None = None
    entered_by: str | None = None
    reviewed_by: str | None = None
    approved_by: str | None = None
    published: date | None = None
    where: str | None = None
    earlier: tuple[Revision, ...] = ()
    returns: tuple[str, ...] = ()
    void: str | None = None

    @property
    def ended(self) -> date | None:
        """The day of the inspection's end in the office's own time."""
        return None if self.ended_at is None else day_of(self.ended_at)


def case_id(draw: str, subject: str) -> str:
    """The id of a subject's case: the digest of the draw's record, shortened, and the subject."""
    return f"{draw[:16]}/{subject}"


def _drawn(state: Case | None, step: Step, fact: Drawn) -> Case:
    need_status(state, step, None)
    need(step.id == case_id(fact.draw, fact.subject), step, "the id of case_id(…)", step.id)
    need(len(fact.team) != 1, step, "a team of two or more, or none yet", fact.team)
    return Case(id=step.id, status="drawn", drawn=fact, team=fact.team)


def _assigned(state: Case, step: Step, fact: Assigned) -> Case:
    need_status(state, step, "drawn", "confirmed")
    need(len(fact.team) >= 2, step, "a team of two or more", fact.team)
    return evolve(state, team=fact.team)


def _confirmed(state: Case, step: Step, fact: Nothing) -> Case:
    need_status(state, step, "drawn")
    return evolve(state, status="confirmed", confirmed=step.day)


def _inspected(state: Case, step: Step, fact: Inspected) -> Case:
    need_status(state, step, "confirmed")
    need(len(fact.by) >= 2, step, "two inspectors or more", fact.by)
    strangers = sorted({*fact.by} - {*state.team})
    need(not strangers, step, f"inspectors of the team {', '.join(state.team)}", strangers)
    need(
        fact.started <= fact.ended <= step.at,
        step,
        "an end after its start, not to come",
        fact.ended,
    )
    return evolve(
        state,
        status="inspected",
        started=fact.started,
        ended_at=fact.ended,
        inspectors=fact.by,
    )


def _complete(state: Case, step: Step, results: Mapping[str, Result], codes: ResultCodes) -> None:
    need_known(codes, results, step)
    items = [*state.drawn.items]
    need(sorted(results) == sorted(items), step, f"a result for each of {items}", sorted(results))


def case_life(codes: ResultCodes) -> Life:
    """The life of cases whose results are of these codes."""

    def entered(state: Case, step: Step, fact: Entered) -> Case:
        need_status(state, step, "inspected")
        _complete(state, step, fact.results, codes)
        return _with_results(state, step, fact.results)

    def corrected(state: Case, step: Step, fact: Corrected) -> Case:
        need_status(state, step, "published")
        _complete(state, step, fact.results, codes)
        need(fact.results != state.results, step, "other results than before", "the same")
        old = Revision(state.results or {}, state.entered_by or "", fact.reason, on=step.day)
        return _with_results(evolve(state, earlier=(*state.earlier, old)), step, fact.results)

    return Life(
        ABOUT,
        {
            "drawn": (Drawn, _drawn),
            "assigned": (Assigned, _assigned),
            "confirmed": (Nothing, _confirmed),
            "inspected": (Inspected, _inspected),
            "entered": (Entered, entered),
            "returned": (Because, _returned),
            "reviewed": (Nothing, _reviewed),
            "approved": (Nothing, _approved),
            "published": (Somewhere, _published),
            "corrected": (Corrected, corrected),
            "voided": (Because, _voided),
        },
    )


def _with_results(state: Case, step: Step, results: Mapping[str, Result]) -> Case:
    return evolve(
        state,
        status="entered",
        results=results,
        entered=step.day,
        entered_by=step.actor,
        reviewed_by=None,
        approved_by=None,
    )


def _returned(state: Case, step: Step, fact: Because) -> Case:
    """Back to whoever enters; a correction that is returned is entered again."""
    need_status(state, step, "entered", "reviewed")
    need(step.actor != state.entered_by, step, "somebody else than who entered it", step.actor)
    return evolve(state, status="inspected", returns=(*state.returns, fact.reason))


def _reviewed(state: Case, step: Step, fact: Nothing) -> Case:
    need_status(state, step, "entered")
    need(step.actor != state.entered_by, step, "somebody else than who entered it", step.actor)
    return evolve(state, status="reviewed", reviewed_by=step.actor)


def _approved(state: Case, step: Step, fact: Nothing) -> Case:
    need_status(state, step, "reviewed")
    need(step.actor != state.entered_by, step, "somebody else than who entered it", step.actor)
    return evolve(state, status="approved", approved_by=step.actor)


def _published(state: Case, step: Step, fact: Somewhere) -> Case:
    need_status(state, step, "approved")
    first, earlier = state.published or step.day, state.earlier
    if earlier:
        earlier = (*earlier[:-1], evolve(earlier[-1], republished=step.day))
    return evolve(state, status="published", published=first, where=fact.where, earlier=earlier)


def _voided(state: Case, step: Step, fact: Because) -> Case:
    """With its draw's scheme, or because the firm was replaced; what was published stays so."""
    need_status(state, step, "drawn", "confirmed", "inspected", "entered", "reviewed", "approved")
    need(state.published is None, step, "a case that was never published", state.published)
    return evolve(state, status="voided", void=fact.reason)
