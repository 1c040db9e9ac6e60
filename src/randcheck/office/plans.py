"""The life of the annual plan: its versions, who approves them, and to whom they are reported.

draft → submitted → approved → published, and the same again for each amended version

Rules enforced here:
1. Who drafted a version does not approve it. What is returned is a draft again, with the reason.
2. An amended version is drafted when the last one is published, with a reason and a difference.
   Until it is published itself, the last one stays in force. No version is lost.
3. What is published is what was approved, byte for byte.
4. What is published or reported late is told so and not refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from attrs import evolve, field, frozen

from randcheck.errors import DataError
from randcheck.fields import (
    ID,
    MAYBE_WORD,
    WORD,
    Fact,
    Fault,
    FrozenMapping,
    Kind,
    declare,
    maybe,
)
from randcheck.office.annual import AnnualPlan
from randcheck.office.forms import DIGEST, VERSION, Because, Nothing
from randcheck.office.life import Life, Step, need, need_status, refused
from randcheck.plan import STRATEGIES

ABOUT = "plan"


def _clean_plan(value: Any) -> dict[str, Any]:
    if isinstance(value, AnnualPlan):
        return value.to_json()
    if not isinstance(value, Mapping):
        raise Fault("is no plan", "give an AnnualPlan, or its JSON")
    return dict(value)


@frozen
class Drafted(Fact):
    """A draft of a version: an `AnnualPlan` or its JSON; from version 2 on with the reason."""

    plan: Mapping[str, Any] = declare(Kind(_clean_plan, column="json"))
    version: int = declare(VERSION)
    reason: str | None = declare(MAYBE_WORD, default=None)


@frozen
class Approved(Fact):
    """The approval; it cites the `Forecast.digest` of the check before it."""

    check_sha256: str | None = declare(maybe(DIGEST), default=None)


@frozen
class Published(Fact):
    """Where the plan was made public, and the digest of its bytes."""

    where: str = declare(WORD)
    sha256: str = declare(DIGEST)


@frozen
class Reported(Fact):
    """That the version in force was reported upwards, to whom, with which receipt."""

    to: str = declare(ID)
    receipt: str = declare(WORD)


@frozen
class Receipt:
    """What a superior gave for a report, and on which day."""

    receipt: str
    on: date


@frozen(kw_only=True)
class Version:
    """One version, and all that happened to it. `drafters` are all who drafted it, in order."""

    number: int
    plan: AnnualPlan
    reason: str | None
    drafters: tuple[str, ...]
    drafted: date
    returns: tuple[str, ...] = ()
    submitted: date | None = None
    approved_by: str | None = None
    approved: date | None = None
    check_sha256: str | None = None
    published: date | None = None
    where: str | None = None
    reports: Mapping[str, Receipt] = field(factory=lambda: FrozenMapping({}))


@frozen
class PlanState:
    """The state of a plan: `draft`, `submitted`, `approved` or `published`, and its versions."""

    id: str
    status: str
    versions: tuple[Version, ...]

    @property
    def current(self) -> Version:
        """The version that is worked on, or the last one."""
        return self.versions[-1]

    @property
    def in_force(self) -> Version | None:
        """The last version that was published."""
        return next((each for each in reversed(self.versions) if each.published), None)

    def days_late(self, on: date) -> int:
        """By how many days the first publication came, or on this day is, after the deadline."""
        first = self.versions[0]
        return max(0, ((first.published or on) - first.plan.deadline).days)


@frozen
class DueReport:
    """A report upwards that was not made yet: to whom, of which version, by which day."""

    to: str
    version: int
    due: date
    overdue: bool


def reports_due(state: PlanState, on: date) -> tuple[DueReport, ...]:
    """The reports that are still to be made, by due day, version and recipient.

    The report of a later version settles those of the versions before. A report is overdue after
    its day, also when the version is not even published then.
    """
    done = {to: each.number for each in state.versions for to in each.reports}
    due = [
        DueReport(to, each.number, day, on > day)
        for each in state.versions
        for to, day in each.plan.reports.items()
        if each.number > done.get(to, 0)
    ]
    return tuple(sorted(due, key=lambda each: (each.due, each.version, each.to)))


def plan_life(strategies: Mapping[str, type] = STRATEGIES) -> Life:
    """The life of plans whose tasks name these strategies, ours unless given."""

    def drafted(state: PlanState | None, step: Step, fact: Drafted) -> PlanState:
        need_status(state, step, None, "draft", "published")
        try:
            plan = AnnualPlan.from_json(fact.plan, strategies)
        except DataError as error:
            raise refused(step, "a plan", str(error)) from None
        need(step.id == plan.id, step, f"the plan {step.id}", plan.id)
        kept = () if state is None else state.versions
        now = kept[-1] if kept and kept[-1].published is None else None
        kept = kept[:-1] if now else kept
        need(fact.version == len(kept) + 1, step, f"version {len(kept) + 1}", fact.version)
        need(not kept or fact.reason is not None, step, "a reason for another version", "none")
        need(not kept or kept[-1].plan != plan, step, "a plan that differs", "the same")
        version = Version(
            number=fact.version,
            plan=plan,
            reason=fact.reason,
            drafters=tuple(dict.fromkeys([*(now.drafters if now else ()), step.actor])),
            drafted=step.day,
            returns=now.returns if now else (),
        )
        return PlanState(step.id, "draft", (*kept, version))

    return Life(
        ABOUT,
        {
            "drafted": (Drafted, drafted),
            "submitted": (Nothing, _submitted),
            "returned": (Because, _returned),
            "approved": (Approved, _approved),
            "published": (Published, _published),
            "reported": (Reported, _reported),
        },
    )


def _now(state: PlanState, status: str, **changes: Any) -> PlanState:
    """The state with another status, and its current version changed."""
    return evolve(
        state, status=status, versions=(*state.versions[:-1], evolve(state.current, **changes))
    )


def _submitted(state: PlanState, step: Step, fact: Nothing) -> PlanState:
    need_status(state, step, "draft")
    return _now(state, "submitted", submitted=step.day)


def _returned(state: PlanState, step: Step, fact: Because) -> PlanState:
    """Also by who drafted it, who so withdraws it."""
    need_status(state, step, "submitted", "approved")
    returns = (*state.current.returns, fact.reason)
    nothing = dict.fromkeys(("submitted", "approved_by", "approved", "check_sha256"))
    return _now(state, "draft", returns=returns, **nothing)


def _approved(state: PlanState, step: Step, fact: Approved) -> PlanState:
    need_status(state, step, "submitted")
    drafters = state.current.drafters
    need(step.actor not in drafters, step, "somebody else than who drafted it", step.actor)
    return _now(
        state,
        "approved",
        approved_by=step.actor,
        approved=step.day,
        check_sha256=fact.check_sha256,
    )


def _published(state: PlanState, step: Step, fact: Published) -> PlanState:
    need_status(state, step, "approved")
    digest = state.current.plan.digest
    need(fact.sha256 == digest, step, f"the plan that was approved, {digest}", fact.sha256)
    return _now(state, "published", published=step.day, where=fact.where)


def _reported(state: PlanState | None, step: Step, fact: Reported) -> PlanState:
    """Of the version in force, also while the next one is being made."""
    if state is None or state.in_force is None:
        raise refused(step, "a published version", "none")
    return evolve(state, versions=tuple(_told(state, step, fact)))


def _told(state: PlanState, step: Step, fact: Reported) -> Iterator[Version]:
    for each in state.versions:
        if each is state.in_force:
            need(fact.to not in each.reports, step, "one report a version", fact.to)
            receipt = Receipt(fact.receipt, step.day)
            yield evolve(each, reports=FrozenMapping({**each.reports, fact.to: receipt}))
        else:
            yield each
