"""The check before approval: a plan's year on the registries, before any dice.

Rules enforced here:
1. Each task's frame and design are those that its draw would have; expected counts are exact.
2. Where one visit serves several cells its odds lie between two bounds (`Design.visit_bounds`), so
   what follows lies between two, too. What decides is the bound that cannot be wrong.
3. Where a task looks at earlier draws, the year's own draws so far are simulated by a seeded
   generator; what follows from them is called an estimate.
4. A task that could not be drawn is a finding, and so is whatever the plan would miss. A check that
   was not made for lack of a norm or a registry is named as such.

Expected numbers of firms are sums of whole multiples of 2^-31, rounded to the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from attrs import field, frozen

from randcheck import canonical, dataframes
from randcheck.errors import EmptyFrameError, ParameterError, RandcheckError
from randcheck.frame import Frame, build_frame, expect
from randcheck.history import History
from randcheck.models import Item, Scope
from randcheck.office.annual import AnnualPlan
from randcheck.office.norms import Finding, Norms
from randcheck.office.year import (
    ONE,
    ROUNDING,
    Firms,
    Ints,
    Look,
    Staff,
    TaskFigures,
    Year,
)
from randcheck.plan import Task
from randcheck.planning import propose_joint
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry
from randcheck.samplers import UniformSampler

#: The most tasks of one month that are compared for joining.
MOST_TOGETHER = 20


@frozen
class MonthFigures:
    """A month's expected visits and inspector-days, and the days that there are, if known."""

    month: int
    visits: Fraction
    inspector_days: Fraction
    capacity: Fraction | None


@frozen(kw_only=True)
class Forecast:
    """A plan's year, as far as it is known before the dice.

    `drawn` are the bounds of the expected number of distinct `firms` drawn, equal where `estimate`
    says that they were counted in a simulated year. `risk_based` is the share of the
    plan's tasks that are. `by_visits` are expected numbers of firms with
    0, 1, 2, … visits, the last one with more; `most_visits` is the most
    that any firm could have, or had in the simulated year.
    """

    plan: str
    plan_sha256: str
    inputs: Mapping[str, str | None]
    norms: Norms
    tasks: tuple[TaskFigures, ...] = field(repr=lambda rows: f"<{len(rows)}>")
    months: tuple[MonthFigures, ...] = field(repr=lambda rows: f"<{len(rows)}>")
    firms: int
    drawn: tuple[Fraction, Fraction]
    risk_based: Fraction
    estimate: bool
    by_visits: tuple[Fraction, ...]
    most_visits: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is an error."""
        return all(each.severity != "error" for each in self.findings)

    @property
    def coverage(self) -> tuple[Fraction, Fraction]:
        """The expected share of firms drawn: its bounds."""
        low, high = self.drawn
        return (low / self.firms, high / self.firms) if self.firms else (Fraction(0), Fraction(0))

    def to_json(self) -> dict[str, Any]:
        """All figures, exact; fractions are texts."""
        return {
            "by_visits": [str(each) for each in self.by_visits],
            "drawn": [str(each) for each in self.drawn],
            "estimate": self.estimate,
            "findings": [_plain(each) for each in self.findings],
            "firms": self.firms,
            "inputs": dict(self.inputs),
            "months": [_plain(each) for each in self.months],
            "most_visits": self.most_visits,
            "norms": self.norms.to_json(),
            "plan": self.plan,
            "risk_based": str(self.risk_based),
            "plan_sha256": self.plan_sha256,
            "tasks": [_plain(each) for each in self.tasks],
            "unchecked": list(self.unchecked),
        }

    def to_bytes(self) -> bytes:
        """The forecast as canonical JSON."""
        return canonical.dumps(self.to_json())

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes: the `check_sha256` that the approval cites."""
        return canonical.sha256(self.to_bytes())

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """A row a task: columns as the fields of `TaskFigures`, fractions and flags as texts."""
        kinds = {"month": "int", "frame": "int", "cells": "int"}
        rows = [_plain(each) for each in self.tasks]
        columns = {
            name: [
                row[name] if name in kinds or row[name] is None else str(row[name]) for row in rows
            ]
            for name in TaskFigures.__annotations__
        }
        return dataframes.build(columns, {n: kinds.get(n, "text") for n in columns}, backend)

    def __str__(self) -> str:
        span = " to ".join(dict.fromkeys(f"{float(each):.2%}" for each in self.coverage))
        visits = sum((each.least for each in self.tasks), Fraction(0))
        return "\n".join(
            [
                f"plan {self.plan}: {len(self.tasks)} draws, {float(visits):.1f} expected visits",
                f"{span} of {self.firms} firms drawn" + (" (an estimate)" * self.estimate),
                f"{float(self.risk_based):.1%} of the draws are risk-based",
                *map(str, self.findings),
                *(f"not checked: {each}" for each in self.unchecked),
            ]
        )


def _plain(value: Any) -> dict[str, Any]:
    told = {name: getattr(value, name) for name in type(value).__annotations__}
    return {name: str(each) if isinstance(each, Fraction) else each for name, each in told.items()}


def forecast(
    plan: AnnualPlan,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None = None,
    history: History | None = None,
    norms: Norms | None = None,
) -> Forecast:
    """What the year of a plan would give on these registries.

    `history` are earlier draws, for tasks that look at them. Raises `ParameterError` and
    `UnknownNameError` for norms and registries that cannot be meant; what is wrong with the plan
    itself are findings.
    """
    expect("subjects", subjects, SubjectRegistry)
    expect("catalog", catalog, ItemCatalog)
    expect("inspectors", inspectors, InspectorRegistry | None)
    norms = norms or Norms()
    _check_caps(norms, catalog)
    year = Year(plan, subjects, catalog, history, norms)
    estimate = any(each.figures.looks_back for each in year.looks)
    firms = _members(norms.firms, subjects, year.firms)
    staff = None if inspectors is None else Staff(inspectors, plan.year, norms.working_days)
    flags = [each.risk_based for each in plan.tasks]
    share = Fraction(sum(flags), len(flags)) if flags else Fraction(0)
    months = tuple(_months(year.looks, staff))
    drawn, by_visits, most = _counts(year.firms, firms, estimate)
    findings = [
        *year.findings,
        *_coverage(drawn, len(firms), len(year.looks), norms),
        *_risk_based(share, norms),
        *_visits(year.firms, firms, subjects, by_visits, estimate, norms),
        *_capped(year.looks, subjects, catalog, norms),
        *_months_short(months, plan.year),
        *_quotas(year, plan.year, staff, norms),
        *_people(year.looks, staff, norms),
        *_joinable(year, plan.year),
    ]
    given: dict[str, Any] = {
        "subjects": subjects,
        "items": catalog,
        "inspectors": inspectors,
        "history": history,
    }
    return Forecast(
        plan=plan.id,
        plan_sha256=plan.digest,
        inputs={name: None if each is None else each.digest for name, each in given.items()},
        norms=norms,
        tasks=tuple(each.figures for each in year.looks),
        months=months,
        firms=len(firms),
        drawn=drawn,
        risk_based=share,
        estimate=estimate,
        by_visits=by_visits,
        most_visits=most,
        findings=tuple(findings),
        unchecked=tuple(_unchecked(year.looks, inspectors, norms)),
    )


# --- what it counts ------------------------------------------------------------------------------


def _frame_of(items: Sequence[Item], subjects: SubjectRegistry, day: date) -> Frame | None:
    """Everybody to whom any of these items applies, of whatever status; `None` for nobody."""
    task = Task(
        id="forecast",
        items=tuple(item.id for item in items),
        as_of=day,
        sampler=UniformSampler(count=0),
        scope=Scope(statuses=None),
    )
    try:
        return build_frame(task, subjects=subjects, catalog=ItemCatalog.from_records(items))
    except EmptyFrameError:
        return None


def _members(scope: Scope, subjects: SubjectRegistry, firms: Firms) -> Ints:
    """The rows of those who count as firms."""
    item = Item("firms", "firms", "the norms", applies_to=scope)
    frame = _frame_of([item], subjects, date.min)
    names = () if frame is None else frame.ids
    return np.array([firms.row[name] for name in names], dtype=np.int64)


def _counts(
    firms: Firms, members: Ints, estimate: bool
) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, ...], int]:
    """How many firms are drawn, how many have 0, 1, 2, … visits, and the most of any."""
    told = len(firms.times)
    if estimate:
        seen = firms.seen[members]
        each = np.bincount(np.minimum(seen, told), minlength=told + 1).tolist()
        drawn = Fraction(int((seen > 0).sum()))
        return (drawn, drawn), tuple(map(Fraction, each)), int(seen.max(initial=0))
    low, high = (Fraction(int((ONE - none[members]).sum()), ONE) for none in firms.none)
    by_visits = [Fraction(int(times[members].sum()), ONE) for times in firms.times]
    by_visits.append(len(members) - sum(by_visits, Fraction(0)))
    return (low, high), tuple(by_visits), int(firms.possible[members].max(initial=0))


def _months(looks: Sequence[Look], staff: Staff | None) -> Iterator[MonthFigures]:
    for month in range(1, 13):
        own = [look.figures for look in looks if look.planned.month == month]
        yield MonthFigures(
            month,
            sum((each.least for each in own), Fraction(0)),
            sum((each.inspector_days for each in own), Fraction(0)),
            None if staff is None else staff.month(month),
        )


# --- what it finds -------------------------------------------------------------------------------


def _check_caps(norms: Norms, catalog: ItemCatalog) -> None:
    catalog.positions(norms.item_caps, "item")
    for item in norms.item_caps:
        if catalog[item].category != "general":
            reason, remedy = "is a key item, which has no cap", "leave it out"
            raise ParameterError("item_caps", repr(item), reason, remedy)


def _number(value: Fraction | int) -> str:
    return f"{float(value):.1f}"


def _coverage(
    drawn: tuple[Fraction, Fraction], firms: int, tasks: int, norms: Norms
) -> Iterator[Finding]:
    """Below the target for certain, or perhaps; what the bounds' rounding leaves open is met."""
    wanted = norms.coverage * firms - Fraction(ROUNDING * tasks * firms, ONE)
    if drawn[0] >= wanted:
        return
    severity = "error" if drawn[1] < wanted else "warning"
    span = " to ".join(dict.fromkeys(map(_number, drawn)))
    expected = f"{_number(norms.coverage * firms)} of {firms} firms drawn ({norms.coverage})"
    yield Finding("coverage", severity, "the plan", expected, span)


def _risk_based(share: Fraction, norms: Norms) -> Iterator[Finding]:
    if share < norms.risk_based:
        expected = f"a share of {norms.risk_based} of risk-based draws"
        yield Finding("risk-based", "error", "the plan", expected, str(share))


def _visits(
    firms: Firms, members: Ints, subjects: SubjectRegistry, by_visits: Sequence[Fraction],
    estimate: bool, norms: Norms,
) -> Iterator[Finding]:  # fmt: skip
    """Firms above the cap for certain, and those that may come above it."""
    cap = norms.most_visits
    if cap is None:
        return
    expected = f"at most {cap} visits of a firm"
    sure = members[(firms.seen if estimate else firms.sure)[members] > cap]
    if len(sure):
        how = "in the simulated year" if estimate else "for certain"
        told = f"more for {len(sure)} firms {how}, such as {subjects.ids[sure[0]]}"
        yield Finding("visits", "warning" if estimate else "error", "the plan", expected, told)
    possible = int((firms.possible[members] > cap).sum())
    if possible > len(sure) and not estimate:
        above = _number(by_visits[-1])
        told = f"more are possible for {possible} firms, expected for {above}; YearlyCap bars it"
        yield Finding("visits", "warning", "the plan", expected, told)


def _capped(
    looks: Sequence[Look], subjects: SubjectRegistry, catalog: ItemCatalog, norms: Norms
) -> Iterator[Finding]:
    for item, cap in norms.item_caps.items():
        drawn = sum((look.items.get(item, Fraction(0)) for look in looks), Fraction(0))
        frame = _frame_of([catalog[item]], subjects, date.min)
        size = 0 if frame is None else len(frame)
        if drawn > cap * size:
            expected = f"at most {_number(cap * size)} of {size} firms ({cap})"
            yield Finding("general-cap", "error", item, expected, _number(drawn))


def _months_short(months: Sequence[MonthFigures], year: int) -> Iterator[Finding]:
    for each in months:
        if each.capacity is not None and each.inspector_days > each.capacity:
            expected = f"at most {_number(each.capacity)} inspector-days"
            found = _number(each.inspector_days)
            yield Finding("inspector-days", "error", f"{year}-{each.month:02}", expected, found)


def _quotas(year: Year, of: int, staff: Staff | None, norms: Norms) -> Iterator[Finding]:
    """Quotas beyond whom an office has, beyond what it has to expect, and beyond its people."""
    regions = year.firms.regions.values
    asked: dict[tuple[int, str], Fraction] = {}
    for look in year.looks:
        for office, quota in look.planned.offices.items():
            area = norms.area(office)
            inside = np.array([region.startswith(area) for region in regions], dtype=bool)
            low, high, some = (int(each[inside].sum()) for each in look.regions)
            least, most = Fraction(low, ONE), Fraction(high, ONE)
            where = f"{look.planned.id}, {office}"
            if quota > some:
                told = f"{some} firms that could be drawn"
                yield Finding("quota", "error", where, f"{quota} visits", told)
            elif quota * (1 - norms.quota_slack) > most or quota * (1 + norms.quota_slack) < least:
                span = " to ".join(dict.fromkeys(map(_number, (least, most))))
                yield Finding("quota", "warning", where, f"{quota} visits", f"{span} expected")
            days = quota * look.team / norms.visits_per_day
            key = look.planned.month, office
            asked[key] = asked.get(key, Fraction(0)) + days
    if staff is None:
        return
    for (month, office), days in sorted(asked.items()):
        there = staff.month(month, norms.area(office))
        if days > there:
            expected = f"at most {_number(there)} inspector-days"
            told = f"quotas of {_number(days)}"
            yield Finding("quota", "error", f"{of}-{month:02}, {office}", expected, told)


def _people(looks: Sequence[Look], staff: Staff | None, norms: Norms) -> Iterator[Finding]:
    """Whether each office has a team with the trainings that a task demands on its day."""
    if staff is None:
        return
    for look in looks:
        task, wanted = look.planned.task, {*look.planned.trainings}
        for office in look.planned.offices if wanted else ():
            there = [
                who
                for who in staff.within(norms.area(office))
                if who.certificate_expires >= task.as_of
            ]
            ready = sum(wanted <= {*who.trainings} for who in there)
            if ready < len(there) or ready < look.team:
                severity = "error" if ready < look.team else "warning"
                expected = f"everybody trained in {', '.join(sorted(wanted))}"
                where = f"{task.id}, {office}"
                yield Finding("training", severity, where, expected, f"{ready} of {len(there)}")


def _joinable(year: Year, of: int) -> Iterator[Finding]:
    """Tasks of one month that could be one joint draw (能联尽联), and what that saves."""
    for month in range(1, 13):
        tasks = [look.planned.task for look in year.looks if look.planned.month == month]
        if not 1 < len(tasks) <= MOST_TOGETHER:
            continue
        names = dict.fromkeys(item for task in tasks for item in task.items)
        whole = Task(
            id="forecast",
            items=tuple(names),
            as_of=max(task.as_of for task in tasks),
            sampler=UniformSampler(count=0),
            scope=Scope(statuses=None),
        )
        where = f"{of}-{month:02}"
        try:
            frame = build_frame(
                whole,
                subjects=year.subjects,
                catalog=year.catalog,
                history=History.from_columns(year.given),
            )
            groups = propose_joint(frame, tasks, at_least=year.norms.joint_saves).groups
            for group in groups:
                if len(group) > 1:
                    own = propose_joint(frame, [task for task in tasks if task.id in group])
                    apart, joined = _number(own.separate), _number(own.least)
                    told = f"{apart} expected visits apart, {joined} together"
                    expected = f"one joint draw of {' + '.join(group)}"
                    yield Finding("joint", "advice", where, expected, told)
        except RandcheckError as error:  # a sampler that cannot do without what was left out
            yield Finding("joint", "warning", where, "tasks that can be compared", str(error))


def _unchecked(
    looks: Sequence[Look], inspectors: InspectorRegistry | None, norms: Norms
) -> Iterator[str]:
    if norms.most_visits is None:
        yield "the most visits of a firm: no cap is given"
    if not norms.item_caps:
        yield "caps of general items: none is given"
    if inspectors is None:
        yield "inspector-days and trainings: no registry of inspectors is given"
    for month in range(1, 13):
        tasks = sum(look.planned.month == month for look in looks)
        if tasks > MOST_TOGETHER:
            yield f"tasks to join in month {month}: {tasks} are more than {MOST_TOGETHER}"
