"""The walk through a plan's year: each task as it would be drawn, and what that means for firms.

Rules enforced here:
1. Each task's frame and design are those that its draw would have; expected counts are exact.
2. Where one visit serves several cells its odds lie between two bounds (`Design.visit_bounds`).
3. Where a task looks at earlier draws, the year's own draws before it are simulated by a seeded
   generator's raw bits, the same on every machine.

Odds of firms are whole multiples of 2^-31, rounded to the safe side of each bound.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from randcheck.design import Design
from randcheck.errors import ParameterError, RandcheckError
from randcheck.fields import FrozenMapping
from randcheck.frame import Frame, build_frame
from randcheck.history import History
from randcheck.models import Inspector
from randcheck.office.annual import AnnualPlan, PlannedTask
from randcheck.office.norms import Finding, Norms
from randcheck.plan import Task
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry

Ints = npt.NDArray[np.int64]

#: One, in the whole numbers by which firms' odds are multiplied.
BITS = 31
ONE = 1 << BITS

#: By how many of these units one task rounds the odds of a firm at most: its rate, and a product.
ROUNDING = 2

#: How many visits of a firm are told apart where no cap is given.
TOLD = 3


@frozen(kw_only=True)
class TaskFigures:
    """What one task would give: expected visits from `least` to `most`, equal where exact.

    `simulated` is the mean of simulated draws where the two differ. `looks_back` says that its
    design looks at earlier draws, and so rests on simulated ones. `inspector_days` are those of
    `least`.
    """

    task: str
    month: int
    frame: int
    cells: int
    least: Fraction
    most: Fraction
    simulated: Fraction | None
    looks_back: bool
    risk_based: bool
    directed: bool
    joint: bool
    inspector_days: Fraction


class Firms:
    """What the year holds for each subject of the registry, task by task."""

    def __init__(self, subjects: SubjectRegistry, norms: Norms) -> None:
        size = len(subjects)
        self.row = {name: row for row, name in enumerate(subjects.ids)}
        self.regions = subjects.codes("region")
        told = TOLD if norms.most_visits is None else norms.most_visits
        # odds of no visit, rounded up and down; odds of 0, 1, … visits
        self.none = np.full((2, size), ONE, dtype=np.int64)
        self.times = np.zeros((told + 1, size), dtype=np.int64)
        self.times[0] = ONE
        self.sure, self.possible, self.seen = (np.zeros(size, dtype=np.int64) for _ in range(3))

    def add(self, rows: Ints, low: Ints, high: Ints, taken: npt.NDArray[np.bool_]) -> None:
        """One task's odds of a visit to these rows, and whom its simulated draw takes."""
        rest = ONE - low
        self.none[0, rows] = (self.none[0, rows] * rest + ONE - 1) >> BITS
        self.none[1, rows] = (self.none[1, rows] * (ONE - high)) >> BITS
        for times in reversed(range(len(self.times))):
            again = self.times[times - 1, rows] * low if times else 0
            self.times[times, rows] = (self.times[times, rows] * rest + again) >> BITS
        self.sure[rows] += low == ONE
        self.possible[rows] += high > 0
        self.seen[rows[taken]] += 1


@frozen(eq=False)
class Look:
    """A planned task as it would be drawn, and what it gives in each region."""

    planned: PlannedTask
    figures: TaskFigures
    team: int
    #: in each region: expected visits at least and at most, in units of 1/ONE, and who has a chance
    regions: tuple[Ints, Ints, Ints]
    #: for each item, how many are expected to be drawn for it
    items: Mapping[str, Fraction]


class Year:
    """The walk through the plan's tasks, in their order."""

    def __init__(
        self, plan: AnnualPlan, subjects: SubjectRegistry, catalog: ItemCatalog,
        history: History | None, norms: Norms,
    ) -> None:  # fmt: skip
        self.subjects, self.catalog, self.history, self.norms = subjects, catalog, history, norms
        self.firms = Firms(subjects, norms)
        self.bits = np.random.PCG64(norms.seed)
        self.past: dict[str, list[Any]] = {"subject": [], "drawn_on": [], "task": []}
        if history is not None:
            for name, column in self.past.items():
                column += history.column(name).tolist()
        #: the earlier draws that were given, without simulated ones
        self.given = {name: list(column) for name, column in self.past.items()}
        self.known = set(self.past["task"])
        self.findings: list[Finding] = []
        self.looks = [look for each in plan.tasks if (look := self._look(each)) is not None]

    def _look(self, planned: PlannedTask) -> Look | None:
        try:
            frame, design, looks_back = self._design(planned.task)
        except RandcheckError as error:
            self.findings.append(
                Finding("draw", "error", planned.id, "a task that can be drawn", str(error))
            )
            return None
        if looks_back and self.history is None:
            told = "none: only this year's simulated draws count"
            self.findings.append(Finding("history", "warning", planned.id, "a history", told))
        rates = [_visit_rates(design, pattern) for pattern in design.patterns.tolist()]
        low = np.array([int(each * ONE) for each, _ in rates], dtype=np.int64)
        high = np.array([-int(-each * ONE // 1) for _, each in rates], dtype=np.int64)
        rows = np.fromiter((self.firms.row[name] for name in frame.ids), np.int64, len(frame))
        taken = self._draw(planned.task, frame, design)
        self.firms.add(rows, low[design.pattern_of], high[design.pattern_of], taken)
        counts = self._by_region(rows, design)
        return Look(
            planned,
            self._figures(planned, frame, design, rates, looks_back),
            planned.team_size,
            (counts @ low, counts @ high, counts @ (high > 0).astype(np.int64)),
            _per_item(design),
        )

    def _design(self, task: Task) -> tuple[Frame, Design, bool]:
        """The task's frame and design, and whether they look at earlier draws."""
        subjects, catalog = self.subjects, self.catalog
        try:
            frame = build_frame(task, subjects=subjects, catalog=catalog)
            return frame, task.sampler.design(frame), False
        except ParameterError as error:
            if error.name != "history":
                raise
        past = History.from_columns(self.past)
        frame = build_frame(task, subjects=subjects, catalog=catalog, history=past)
        return frame, task.sampler.design(frame), True

    def _draw(self, task: Task, frame: Frame, design: Design) -> npt.NDArray[np.bool_]:
        """Whom one simulated draw takes; it stands in the history of the tasks to come."""
        taken = design.taken(self.bits.random_raw(len(design)))
        if task.id not in self.known:  # what was drawn already is in the history
            names = frame.ids[taken].tolist()
            self.past["subject"] += names
            self.past["drawn_on"] += [task.as_of] * len(names)
            self.past["task"] += [task.id] * len(names)
        return taken

    def _by_region(self, rows: Ints, design: Design) -> Ints:
        """How many subjects each region has of each pattern."""
        regions, patterns = len(self.firms.regions.values), len(design.patterns)
        place = self.firms.regions.codes[rows].astype(np.int64) * patterns + design.pattern_of
        return np.bincount(place, minlength=regions * patterns).reshape(regions, patterns)

    def _figures(
        self, planned: PlannedTask, frame: Frame, design: Design,
        rates: Sequence[tuple[Fraction, Fraction]], looks_back: bool,
    ) -> TaskFigures:  # fmt: skip
        sizes = np.bincount(design.pattern_of, minlength=len(rates)).tolist()
        least = design.visit_bound
        most = sum((n * high for n, (_, high) in zip(sizes, rates, strict=True)), Fraction(0))
        simulated = None
        if least != most:
            counts = design.simulated_visits(self.norms.draws, self.norms.seed)
            simulated = Fraction(sum(counts), len(counts))
        return TaskFigures(
            task=planned.id,
            month=planned.month,
            frame=len(frame),
            cells=len(design.cells),
            least=least,
            most=most,
            simulated=simulated,
            looks_back=looks_back,
            risk_based=planned.risk_based,
            directed=planned.task.directed,
            joint=planned.joint(self.catalog),
            inspector_days=least * planned.team_size / self.norms.visits_per_day,
        )


def _visit_rates(design: Design, pattern: Iterable[int]) -> tuple[Fraction, Fraction]:
    """The bounds of a visit's odds for all of a pattern, as `Design.visit_bounds` has them."""
    rates = [design.cells[cell].rate for cell in {*pattern} if cell >= 0]
    return max(rates), min(Fraction(1), sum(rates, Fraction(0)))


def _per_item(design: Design) -> FrozenMapping:
    sizes = np.bincount(design.pattern_of, minlength=len(design.patterns)).tolist()
    expected = {}
    for place, item in enumerate(design.items):
        own = zip(sizes, design.patterns[:, place].tolist(), strict=True)
        rates = (n * design.cells[cell].rate for n, cell in own if cell >= 0)
        expected[item] = sum(rates, Fraction(0))
    return FrozenMapping(expected)


class Staff:
    """The inspectors, by where they may work and when they are there."""

    def __init__(self, inspectors: InspectorRegistry, year: int, working_days: int) -> None:
        self.people = [who for who in inspectors if who.role == "inspector" and who.capacity != 0]
        self.days = {
            who.id: [working_days * _there(who, year, month) for month in range(1, 13)]
            for who in self.people
        }

    def within(self, area: Sequence[str]) -> list[Inspector]:
        """Who may work somewhere in an area."""
        return [who for who in self.people if _may_work(who, area)]

    def month(self, month: int, area: Sequence[str] | None = None) -> Fraction:
        """The days that there are in a month, in an area at most."""
        people = self.people if area is None else self.within(area)
        return sum((self.days[who.id][month - 1] for who in people), Fraction(0))


def _may_work(who: Inspector, area: Sequence[str]) -> bool:
    """No regions means everywhere, as in a draw."""
    own = (*who.regions, *who.assigned)
    return not who.regions or any(
        region.startswith(each) or each.startswith(region) for region in area for each in own
    )


def _there(who: Inspector, year: int, month: int) -> Fraction:
    """The share of a month's days with a certificate and without leave."""
    length = monthrange(year, month)[1]
    days = [date(year, month, 1) + timedelta(days=place) for place in range(length)]
    there = [
        day <= who.certificate_expires
        and not any(first <= day <= last for first, last in who.leave)
        for day in days
    ]
    return Fraction(sum(there), length)
