"""The implementation scheme (实施方案) of a draw: who checks what, how, with which papers.

Rules enforced here:
1. A scheme is for one task, under a version of the plan, or marked as outside it (临时).
2. A scheme is never changed: it is voided, with a reason, and another one is issued.
3. A draw needs a scheme that is in force: `draws.deeds_of` asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import evolve, frozen

from randcheck.fields import FLAG, ID, NAME, Fact, Fault, FrozenMapping, Kind, declare, maybe
from randcheck.office.desk import Deed
from randcheck.office.errors import StepError
from randcheck.office.forms import VERSION, Because, files
from randcheck.office.life import Life, Step, need, need_status
from randcheck.office.plans import PlanState

ABOUT = "scheme"


def _clean_lines(value: Any) -> str:
    """A text of several lines."""
    if not isinstance(value, str) or not value.strip():
        raise Fault("is no text", "give the scheme's text")
    for line in value.split("\n"):
        if line.strip():
            NAME.clean(line)
    return value


#: The annexes by their names.
FILES = files(ID)


@frozen(kw_only=True)
class Issued(Fact):
    """A scheme of a task: its text and annexes; the plan and its version, or that it is outside."""

    task: str = declare(ID)
    plan: str | None = declare(maybe(ID), default=None)
    version: int | None = declare(maybe(VERSION), default=None)
    temporary: bool = declare(FLAG)
    text: str = declare(Kind(_clean_lines, few=False))
    annexes: Mapping[str, str] = declare(FILES, default=FrozenMapping({}))


@frozen(kw_only=True)
class Scheme:
    """The state of a scheme: `issued` or `voided`; by whom and on which day it was issued."""

    id: str
    status: str
    issued: Issued
    by: str
    on: date
    void: str | None = None


def scheme_id(task: str, number: int) -> str:
    """The id of a task's scheme; the first one has the number 1."""
    return f"{task}#{number}"


def issue(
    task: str,
    number: int,
    *,
    plan: PlanState | None,
    text: str,
    annexes: Mapping[str, str] | None = None,
) -> Deed:
    """What `Desk.do_all` does to issue a scheme, under the plan's version in force.

    `plan=None` says that the task is outside any plan: the scheme is marked as temporary. Raises
    `StepError` for a plan without a published version, `UnknownNameError` for a task that the
    version in force does not have.
    """
    name = scheme_id(task, number)
    found = None if plan is None else plan.in_force
    if plan is not None:
        if found is None:
            raise StepError(ABOUT, name, "issued", "a published plan", plan.status)
        found.plan[task]
    issued = Issued(
        task=task,
        plan=None if plan is None else plan.id,
        version=None if found is None else found.number,
        temporary=plan is None,
        text=text,
        annexes=annexes or {},
    )
    return ABOUT, name, "issued", issued


def _issued(state: Scheme | None, step: Step, fact: Issued) -> Scheme:
    need_status(state, step, None)
    number = step.id.removeprefix(f"{fact.task}#")
    counted = number.isdecimal() and number.isascii() and not number.startswith("0")
    need(counted and number != step.id, step, f"an id such as {scheme_id(fact.task, 1)}", step.id)
    outside = fact.plan is None and fact.version is None
    inside = fact.plan is not None and fact.version is not None
    if fact.temporary:
        need(outside, step, "no plan for a temporary task", f"{fact.plan}, {fact.version}")
    else:
        told = f"{fact.plan}, {fact.version}"
        need(inside, step, "a plan and its version, or a temporary task", told)
    return Scheme(id=step.id, status="issued", issued=fact, by=step.actor, on=step.day)


def _voided(state: Scheme, step: Step, fact: Because) -> Scheme:
    need_status(state, step, "issued")
    return evolve(state, status="voided", void=fact.reason)


def scheme_life() -> Life:
    """The life of schemes."""
    return Life(ABOUT, {"issued": (Issued, _issued), "voided": (Because, _voided)})
