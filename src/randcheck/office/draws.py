"""Draws as the office keeps them: recorded with all their cases, or voided with them.

Rules enforced here:
1. What is said of a draw follows from its record, the registries that it binds and the catalog:
   risk-based, directed and joint are derived, never claimed.
2. A draw is recorded together with a case for each of its visits, under a scheme that is in force
   for this very task; under a plan it is the task that the version in force has.
3. A voided scheme voids its draw and every case of it that was never published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from attrs import evolve, frozen

from randcheck.draw import Draw
from randcheck.errors import ParameterError
from randcheck.fields import (
    DAY,
    FLAG,
    ID,
    WORD,
    WORDS,
    Fact,
    Kind,
    choice,
    declare,
    maybe,
)
from randcheck.office import cases, schemes
from randcheck.office.annual import departments_of, risk_based
from randcheck.office.cases import Case, Drawn, case_id
from randcheck.office.desk import Deed
from randcheck.office.errors import StepError
from randcheck.office.forms import IDS, LEVELS, NUMBER, VERSION, Because
from randcheck.office.life import Life, Step, need, need_status
from randcheck.office.plans import PlanState
from randcheck.office.schemes import Scheme
from randcheck.plan import Task
from randcheck.record import DrawRecord
from randcheck.registry import ItemCatalog, SubjectRegistry
from randcheck.strategy import describe

ABOUT = "draw"


@frozen(kw_only=True)
class Recorded(Fact):
    """A draw as its record gives it; `on` is the day of the draw.

    `sampler` is the sampler's name, `frame` how many could have been drawn, `visits` how many were,
    `grade` that of the randomness. `level` organised it, `office` drew.
    """

    task: str = declare(ID)
    plan: str | None = declare(maybe(ID), default=None)
    version: int | None = declare(maybe(VERSION), default=None)
    scheme: str = declare(ID)
    sampler: str = declare(WORD)
    risk_based: bool = declare(FLAG)
    directed: bool = declare(FLAG)
    joint: bool = declare(FLAG)
    departments: tuple[str, ...] = declare(WORDS, default=())
    items: tuple[str, ...] = declare(IDS)
    frame: int = declare(NUMBER)
    visits: int = declare(NUMBER)
    grade: str = declare(WORD)
    level: str = declare(Kind(choice(*LEVELS)))
    office: str = declare(ID)
    on: date = declare(DAY)


@frozen(kw_only=True)
class DrawState:
    """The state of a draw: `recorded` or `voided`. Its id is the SHA-256 of its record."""

    id: str
    status: str
    recorded: Recorded
    void: str | None = None


def _recorded(state: DrawState | None, step: Step, fact: Recorded) -> DrawState:
    need_status(state, step, None)
    need((fact.plan is None) == (fact.version is None), step, "a plan with its version, or neither",
         f"{fact.plan}, {fact.version}")  # fmt: skip
    need(fact.visits <= fact.frame, step, f"at most {fact.frame} visits", fact.visits)
    return DrawState(id=step.id, status="recorded", recorded=fact)


def _voided(state: DrawState, step: Step, fact: Because) -> DrawState:
    need_status(state, step, "recorded")
    return evolve(state, status="voided", void=fact.reason)


def draw_life() -> Life:
    """The life of draws."""
    return Life(ABOUT, {"recorded": (Recorded, _recorded), "voided": (Because, _voided)})


def deeds_of(
    drawn: Draw | DrawRecord,
    *,
    task: Task,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    scheme: Scheme,
    office: str,
    level: str,
    on: date,
    plan: PlanState | None = None,
) -> list[Deed]:
    """What `Desk.do_all` does to record a draw: the draw, and a case for each visit in its order.

    `subjects` and `catalog` are those that the record binds: risk classes, regions and departments
    come from them. `plan` is looked at where given: its version in force must have this very task
    at this level. The team is empty where the record has none (a second step assigns it).

    Raises `ParameterError` for a task or registries that the record does not bind, `StepError` for
    a scheme that is not in force for the task, or a plan that has another one.
    """
    record = drawn.record if isinstance(drawn, Draw) else drawn
    bound: dict[str, Any] = record.commitment.to_json()
    _check_bound(bound, task, subjects, catalog)
    _check_allowed(record.digest, task, scheme, level, plan)
    departments = departments_of(bound["task"], catalog)
    recorded = Recorded(
        task=task.id,
        plan=scheme.issued.plan,
        version=scheme.issued.version,
        scheme=scheme.id,
        sampler=bound["sampler"]["name"],
        risk_based=risk_based(bound["sampler"]),
        directed="scope" in bound["task"],
        joint=len(departments) > 1,
        departments=departments,
        items=task.items,
        frame=len(subjects) - sum(bound["excluded"].values()),
        visits=len(record.visits),
        grade=bound["source"]["grade"],
        level=level,
        office=office,
        on=on,
    )
    return [
        (ABOUT, record.digest, "recorded", recorded),
        *_cases(record, task, subjects, catalog, on),
    ]


def _check_bound(
    bound: Mapping[str, Any], task: Task, subjects: SubjectRegistry, catalog: ItemCatalog
) -> None:
    """The record was drawn for this task from these registries."""
    if (bound["task"], bound["sampler"]) != (task.facts_to_json(), describe(task.sampler)):
        reason, remedy = "is not what the record binds", "give the task that was drawn"
        raise ParameterError("task", repr(task.id), reason, remedy)
    for name, given, digest in (
        ("subjects", subjects, bound["inputs"]["subjects"]),
        ("catalog", catalog, bound["inputs"]["items"]),
    ):
        if given.digest != digest:
            remedy = f"give the one of digest {digest}, as of the draw"
            raise ParameterError(name, given.digest, "is not what the record binds", remedy)


def _check_allowed(
    digest: str, task: Task, scheme: Scheme, level: str, plan: PlanState | None
) -> None:
    """A scheme in force for the task, and the same task in the plan's version in force."""

    def demand(holds: object, expected: str, found: object) -> None:
        if not holds:
            raise StepError(ABOUT, digest, "recorded", expected, str(found))

    demand(scheme.status == "issued", "a scheme in force", f"{scheme.id}, {scheme.status}")
    demand(scheme.issued.task == task.id, f"a scheme of {task.id}", f"one of {scheme.issued.task}")
    if plan is None:
        return
    given = (scheme.issued.plan, plan.id)
    demand(
        given[0] == given[1], f"a scheme under the plan {given[1]}", given[0] or "a temporary one"
    )
    now = None if plan.in_force is None else plan.in_force.plan
    planned = None if now is None else next((e for e in now.tasks if e.id == task.id), None)
    demand(planned is not None, f"the task {task.id} in the version in force", "none")
    if planned is not None:
        demand(planned.task == task, "the task as the version in force has it", "another")
        demand(planned.level == level, f"the level {planned.level}", level)


def _cases(
    record: DrawRecord, task: Task, subjects: SubjectRegistry, catalog: ItemCatalog, on: date
) -> Iterator[Deed]:
    departments = {item: catalog[item].department for item in task.items}
    for visit in record.visits:
        subject = subjects[visit.subject]
        fact = Drawn(
            draw=record.digest,
            task=task.id,
            subject=subject.id,
            region=subject.region,
            items={item: departments[item] for item in visit.items},
            team=visit.team or (),
            risk_class=subject.risk_class,
            on=on,
        )
        yield cases.ABOUT, case_id(record.digest, subject.id), "drawn", fact


def void_deeds(
    scheme: Scheme, reason: str, *, draws: Mapping[str, DrawState], cases: Mapping[str, Case]
) -> list[Deed]:
    """What `Desk.do_all` does to void a scheme: it, its draws, and their unpublished cases.

    A case that was once published stays as it is. `draws` and `cases` are all states by id.
    """
    own = {
        name
        for name, draw in draws.items()
        if draw.recorded.scheme == scheme.id and draw.status != "voided"
    }
    why = Because(reason)
    return [
        (schemes.ABOUT, scheme.id, "voided", why),
        *((ABOUT, name, "voided", why) for name in draws if name in own),
        *(
            ("case", name, "voided", why)
            for name, case in cases.items()
            if case.drawn.draw in own and case.status != "voided" and case.published is None
        ),
    ]


def contradictions(states: Mapping[tuple[str, str], Any]) -> tuple[str, ...]:
    """What no life of a single thing can see: draws, schemes and cases that do not fit together.

    `states` are those of `rebuild(…)`. In words, in the order of the draws; empty for a sound book.
    """
    draws = {name: state for (about, name), state in states.items() if about == ABOUT}
    count, open_ = dict.fromkeys(draws, 0), dict.fromkeys(draws, 0)
    for (about, _), state in states.items():
        if about == cases.ABOUT and state.drawn.draw in draws:
            count[state.drawn.draw] += 1
            open_[state.drawn.draw] += state.status != "voided" and state.published is None
    used: dict[str, str] = {}
    found = []
    for name, draw in draws.items():
        said = draw.recorded
        scheme = states.get((schemes.ABOUT, said.scheme))
        told = f"draw {name[:16]}"
        if scheme is None:
            found.append(f"{told}: its scheme {said.scheme} was never issued")
        elif (scheme.issued.task, scheme.issued.plan) != (said.task, said.plan):
            found.append(f"{told}: its scheme {said.scheme} is of another task or plan")
        if count[name] < said.visits:
            found.append(f"{told}: {said.visits} visits, but {count[name]} cases")
        if draw.status == "voided":
            if open_[name]:
                found.append(f"{told}: it is voided, but {open_[name]} of its cases are not")
            continue
        if scheme is not None and scheme.status == "voided":
            found.append(f"{told}: its scheme {said.scheme} is voided, but it is not")
        if said.scheme in used:
            found.append(f"{told}: its scheme {said.scheme} is that of draw {used[said.scheme]}")
        used.setdefault(said.scheme, name[:16])
    return tuple(found)
