"""Indicators (统计指标): what an office is examined on, each with the rows behind it.

Rules enforced here:
1. An indicator is two whole numbers, and its rows say where each comes from; nothing is estimated.
2. The rules leave denominators open, so `Choices` states them, and every report shows them.
3. What is voided counts nowhere. What is not due yet counts neither as in time nor as late.
4. Targets are parameters. These are the defaults: risk-based draws 80 %, firms drawn 3 %, results
   published in time 100 %, problems followed up 100 %.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal, NamedTuple, get_args

from attrs import field, frozen

from randcheck.errors import ParameterError, shorten
from randcheck.fields import FrozenMapping
from randcheck.models import RISK_CLASSES
from randcheck.office.calendar import Calendar, workdays_between
from randcheck.office.cases import Case
from randcheck.office.codes import STANDARD, ResultCodes
from randcheck.office.draws import DrawState
from randcheck.office.follow_up import FollowedProblem
from randcheck.office.intervals import clopper_pearson
from randcheck.office.revisits import Revisit, compare

#: The targets of the national rules, by indicator.
TARGETS: Mapping[str, Fraction] = FrozenMapping(
    {
        "risk-based": Fraction(80, 100),
        "coverage": Fraction(3, 100),
        "published-in-time": Fraction(1),
        "followed-up": Fraction(1),
    }
)


@frozen
class Period:
    """From its first to its last day, both included."""

    first: date
    last: date

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            told = f"{self.first} to {self.last}"
            raise ParameterError("Period", told, "ends before it begins", "swap the days")

    @classmethod
    def year(cls, year: int) -> Period:
        return cls(date(year, 1, 1), date(year, 12, 31))

    @classmethod
    def quarter(cls, year: int, quarter: int) -> Period:
        """The first is January to March."""
        if quarter not in (1, 2, 3, 4):
            raise ParameterError("quarter", shorten(quarter), "is no quarter", "give 1 to 4")
        return cls(date(year, 3 * quarter - 2, 1), cls.month(year, 3 * quarter).last)

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        if month not in range(1, 13):
            raise ParameterError("month", shorten(month), "is no month", "give 1 to 12")
        return cls(date(year, month, 1), date(year, month, monthrange(year, month)[1]))

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"


def _as_regions(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen
class Area:
    """Where an office is: regions by prefix, `()` for everywhere. Without a name it is that."""

    name: str
    regions: tuple[str, ...] = field(default=(), converter=_as_regions)

    def covers(self, region: str) -> bool:
        return not self.regions or region.startswith(self.regions)


#: When a firm counts as drawn, and of which registry firms are counted.
WhenDrawn = Literal["drawn", "inspected"]
WhichFirms = Literal["last", "first"]
DRAWN: tuple[WhenDrawn, ...] = get_args(WhenDrawn)
FIRMS: tuple[WhichFirms, ...] = get_args(WhichFirms)


@frozen(kw_only=True)
class Choices:
    """What the rules leave open.

    `drawn`: a firm counts as drawn on the day of the draw, or only when it was `"inspected"`.
    `firms`: the number of firms is that of the `"last"` registry frozen up to the period's end, or
    of the `"first"` one of the period. `publish` is how many working days after the inspection's
    end publication is due, `confidence` that of the intervals of problem rates.
    """

    drawn: WhenDrawn = "drawn"
    firms: WhichFirms = "last"
    publish: int = 20
    confidence: Fraction = Fraction(95, 100)

    def __attrs_post_init__(self) -> None:
        for name, allowed in (("drawn", DRAWN), ("firms", FIRMS)):
            if getattr(self, name) not in allowed:
                remedy = f"give one of {', '.join(allowed)}"
                raise ParameterError(name, shorten(getattr(self, name)), "is no choice", remedy)


class Row(NamedTuple):
    """One row behind an indicator: what it is, and how much it adds to each of the two numbers."""

    about: str
    id: str
    numerator: int
    denominator: int


@frozen
class Measure:
    """An indicator's value: two whole numbers, what is demanded, and the rows that make them.

    `interval` is an exact confidence interval (Clopper and Pearson 1934) where one makes sense.
    """

    code: str
    numerator: int
    denominator: int
    target: Fraction | None = None
    rows: tuple[Row, ...] = field(default=(), repr=lambda rows: f"<{len(rows)}>")
    interval: tuple[float, float] | None = None

    @property
    def value(self) -> Fraction | None:
        """The quotient; `None` where there is nothing to divide by."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def status(self) -> str:
        """`met`, `missed`, `no data`, or `no target`."""
        if self.target is None:
            return "no target"
        return "no data" if self.value is None else "met" if self.value >= self.target else "missed"


@frozen
class Books:
    """All states of an office that indicators look at, by id."""

    cases: Mapping[str, Case]
    draws: Mapping[str, DrawState]
    problems: Mapping[str, FollowedProblem]
    revisits: Mapping[str, Revisit]
    registries: Mapping[str, Any]

    @classmethod
    def of(cls, states: Mapping[tuple[str, str], Any]) -> Books:
        """The books of all states, such as `rebuild(…)` gives them."""
        kinds = ("case", "draw", "problem", "revisit", "registry")
        found: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
        for (about, thing), state in states.items():
            if about in found:
                found[about][thing] = state
        return cls(*found.values())


@frozen(kw_only=True)
class Question:
    """What indicators are asked for: a period, an area, the day on which they are made."""

    period: Period
    calendar: Calendar
    as_of: date
    area: Area = Area("")
    codes: ResultCodes = STANDARD
    choices: Choices = Choices()
    targets: Mapping[str, Fraction] = TARGETS


def measures(books: Books, asked: Question) -> tuple[Measure, ...]:
    """All indicators, in a fixed order. Raises `CalendarError` for a year without a calendar."""
    cases = {
        name: case
        for name, case in books.cases.items()
        if case.status != "voided" and asked.area.covers(case.drawn.region)
    }
    own = {case.drawn.draw for case in cases.values()}
    draws = {
        name: draw
        for name, draw in books.draws.items()
        if draw.status != "voided" and draw.recorded.on in asked.period
        and (not asked.area.regions or name in own)
    }  # fmt: skip
    told = [
        ("risk-based", _share("draw", {n: draw.recorded.risk_based for n, draw in draws.items()})),
        ("coverage", _coverage(books, cases, asked)),
        ("published-in-time", list(_published(cases, asked))),
        ("followed-up", list(_followed(books, cases, asked))),
        ("joint", _share("draw", {n: draw.recorded.joint for n, draw in draws.items()})),
        ("visits-saved", list(_saved(cases, asked))),
        ("days-to-publish", list(_days(cases, asked))),
        ("revisit-agreement", list(_agreement(books, cases, asked))),
        ("workload-spread", _workload(cases, asked)),
    ]
    found = [_measure(code, rows, asked.targets.get(code)) for code, rows in told]
    return (*found, *_problems(cases, asked))


def _measure(code: str, rows: Sequence[Row], target: Fraction | None) -> Measure:
    numerator, denominator = sum(row[2] for row in rows), sum(row[3] for row in rows)
    return Measure(code, numerator, denominator, target, tuple(rows))


def _share(about: str, flags: Mapping[str, bool]) -> list[Row]:
    return [Row(about, name, int(flag), 1) for name, flag in flags.items()]


def _coverage(books: Books, cases: Mapping[str, Case], asked: Question) -> list[Row]:
    """Distinct subjects drawn, over the subjects of the registry that was frozen."""
    inspected = asked.choices.drawn == "inspected"
    days = [(case.drawn.subject, case.ended if inspected else case.drawn.on)
            for case in cases.values()]  # fmt: skip
    drawn = sorted({subject for subject, day in days if day in asked.period})
    registry = books.registries.get("subjects")
    frozen_ = _chosen(registry.frozen if registry else (), asked)
    return [
        *(Row("subject", subject, 1, 0) for subject in drawn),
        *([Row("registry", frozen_.sha256, 0, _count(frozen_, asked.area))] if frozen_ else []),
    ]


def _chosen(versions: Iterable[Any], asked: Question) -> Any:
    """The registry of the choice, `None` if none was frozen."""
    if asked.choices.firms == "first":
        return next((each for each in versions if each.on in asked.period), None)
    before = [each for each in versions if each.on <= asked.period.last]
    return before[-1] if before else None


def _count(registry: Any, area: Area) -> int:
    if not area.regions:
        return int(registry.count)
    if registry.counts is None:
        remedy = "freeze registries with their counts by region"
        raise ParameterError("area", shorten(area.name), "has no count of firms", remedy)
    inside = [by for region, by in registry.counts.items() if area.covers(region)]
    return sum(sum(by.values()) for by in inside)


def _published(cases: Mapping[str, Case], asked: Question) -> Iterator[Row]:
    """Of inspections that ended in the period and are published or overdue: those in time.

    A day is late if the last working day of the limit lies before it. So no calendar is asked for
    days to come.
    """

    def late(ended: date, day: date) -> bool:
        before = day - timedelta(days=1)
        return before >= ended and (
            workdays_between(asked.calendar, ended, before) >= asked.choices.publish
        )

    for name, case in cases.items():
        if case.ended is None or case.ended not in asked.period:
            continue
        if case.published is not None:
            yield Row("case", name, int(not late(case.ended, case.published)), 1)
        elif late(case.ended, asked.as_of):
            yield Row("case", name, 0, 1)


def _followed(books: Books, cases: Mapping[str, Case], asked: Question) -> Iterator[Row]:
    """Of published results that need it: those with a problem that is closed, or not overdue."""
    known = {code.id: code for code in asked.codes}
    for name, case in cases.items():
        if case.published is None or case.published not in asked.period:
            continue
        for item, result in (case.results or {}).items():
            if result.code in known and known[result.code].follow_up:
                problem = books.problems.get(f"{name}/{item}")
                done = problem is not None and (
                    problem.status == "closed" or asked.as_of <= problem.due
                )
                yield Row("problem", f"{name}/{item}", int(done), 1)


def _saved(cases: Mapping[str, Case], asked: Question) -> Iterator[Row]:
    """Visits that joint ones make unnecessary, over those that departments would make alone."""
    for name, case in cases.items():
        if case.drawn.on in asked.period:
            alone = len(set(case.drawn.items.values()))
            yield Row("case", name, alone - 1, alone)


def _days(cases: Mapping[str, Case], asked: Question) -> Iterator[Row]:
    """Working days from an inspection's end to its first publication, over inspections."""
    for name, case in cases.items():
        if case.ended in asked.period and case.ended is not None and case.published is not None:
            days = workdays_between(asked.calendar, case.ended, case.published)
            yield Row("case", name, days, 1)


def _agreement(books: Books, cases: Mapping[str, Case], asked: Question) -> Iterator[Row]:
    """Items for which a revisit found what the first visit had, over items compared."""
    own = [
        revisit
        for revisit in books.revisits.values()
        if revisit.drawn.case in cases
        and revisit.found is not None
        and revisit.found.on in asked.period
    ]
    for row in compare(own, cases, codes=asked.codes).rows:
        yield Row("revisit", f"{row.revisit}/{row.item}", int(row.same), 1)


def _workload(cases: Mapping[str, Case], asked: Question) -> list[Row]:
    """The most visits of one inspector over the mean of those who went anywhere."""
    visits = Counter(
        who for case in cases.values() if case.ended in asked.period for who in case.inspectors
    )
    most = max(visits.values(), default=0)
    first = next((who for who in sorted(visits) if visits[who] == most), None)
    people = len(visits)
    return [
        Row("inspector", who, most * people if who == first else 0, visits[who])
        for who in sorted(visits)
    ]


def _problems(cases: Mapping[str, Case], asked: Question) -> Iterator[Measure]:
    """For each risk class: cases with a problem over cases with results, with an interval."""
    known = {code.id: code for code in asked.codes}
    for risk_class in (*RISK_CLASSES, None):
        rows = []
        for name, case in cases.items():
            if case.drawn.risk_class == risk_class and case.ended in asked.period and case.results:
                found = [known[each.code] for each in case.results.values() if each.code in known]
                rows.append(Row("case", name, int(any(code.problem for code in found)), 1))
        code = f"problems-{risk_class or 'none'}"
        made = _measure(code, rows, None)
        interval = clopper_pearson(made.numerator, made.denominator, asked.choices.confidence)
        yield Measure(code, made.numerator, made.denominator, None, made.rows, interval)
