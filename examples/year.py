"""A year of a made-up city's bureau, from the plan in January to the statistics in December.

    python examples/year.py                     # 250,000 firms, 600 inspectors, 50 tasks
    python examples/year.py --firms 25000 --inspectors 60 --ledger year.sqlite

Registries are frozen each month, with deregistrations and new risk classes; every task has its
scheme and its draw; cases live from the draw to publication, some late, some returned, some
corrected; inspectors fall ill; one scheme is voided, the plan is amended once; problems are
followed up, some transferred; in November a tenth of the finished inspections is revisited. All of
it is in the ledger, and the report is made from the ledger alone.
"""

from __future__ import annotations

import argparse
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import randcheck as rc
from randcheck.datasets import city
from randcheck.ledger import Ledger
from randcheck.matching import FairMatcher
from randcheck.office import STANDARD, CalendarError, Desk, lives, rebuild
from randcheck.office.annual import AnnualPlan, PlannedTask
from randcheck.office.calendar import Calendar, ChineseCalendar, add_workdays
from randcheck.office.cases import Assigned, Case, Corrected, Entered, Inspected
from randcheck.office.desk import Deed
from randcheck.office.draws import deeds_of, void_deeds
from randcheck.office.follow_up import Closed, Extended, Reinspected, problems_of
from randcheck.office.forms import Because, Result, Somewhere
from randcheck.office.indicators import Books, Period, Question
from randcheck.office.life import ZONE
from randcheck.office.plans import Approved, Drafted, Published
from randcheck.office.registers import SubjectHistory, freeze
from randcheck.office.reports import Report, report
from randcheck.office.revisits import (
    Found,
    revisit_catalog,
    revisit_deeds,
    revisit_registry,
    without_first_teams,
)
from randcheck.office.schemes import issue, scheme_id
from randcheck.office.transfers import Answered, Received, Sent

YEAR, PLAN = 2026, "plan-2026"
LIVES = lives()
WHERE = "https://example.org/made-up"
LEAD, CLERK, REVIEWER = "example leader", "example clerk", "example reviewer"

#: Rates by risk class for tasks of a county, and for those of the whole city.
COUNTY = {"A": "1%", "B": "2%", "C": "8%", "D": "30%"}
CITY = {"A": "1/500", "B": "1/250", "C": "1/50", "D": "1/10"}


def dice(*parts: object) -> int:
    """A number below a million that follows from what it is for."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") % 1_000_000


def chance(percent: float, *parts: object) -> bool:
    return dice(*parts) < percent * 10_000


class Year:
    """The bureau at work: what is to be done, by day, and the desk where it is done."""

    def __init__(self, ledger: Path | None, firms: int, inspectors: int, tasks: int) -> None:
        self.now = datetime(YEAR, 1, 4, 1, tzinfo=UTC)
        url = "sqlite://" if ledger is None else f"sqlite:///{ledger}"
        self.ledger = Ledger.open(url, clock=lambda: self.now)
        self.desk = Desk(self.ledger, LIVES)
        self.calendar: Calendar = ChineseCalendar()
        self.city = city(subjects=firms, inspectors=inspectors)
        self.staff = self.city.inspectors
        self.register = SubjectHistory().registered(
            self.city.subjects, since=date(YEAR, 1, 1), source="made up", reason="the year begins"
        )
        self.subjects = self.city.subjects
        self.past: list[rc.PastDraw] = []
        self.todo: list[tuple[datetime, int, str, Any]] = []
        self.order = count()
        self.tasks = tasks
        self.plan = self.make_plan()

    # --- days ----------------------------------------------------------------------------------

    def at(self, day: date, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)

    def later(self, day: date, hour: int, actor: str, deed: Any) -> None:
        """Put something on the list: a deed, or a function that gives deeds on that day."""
        if day.year == YEAR:
            heapq.heappush(self.todo, (self.at(day, hour), next(self.order), actor, deed))

    def workday(self, day: date, after: int = 0) -> date:
        """So many working days after a day; 0 is that day, or the next one that is worked.

        The calendar of the next year is not announced: what falls there is left to it.
        """
        try:
            first = day if self.calendar.is_workday(day) else add_workdays(self.calendar, day, 1)
            return add_workdays(self.calendar, first, after)
        except CalendarError:
            return date(YEAR + 1, 1, 31)

    def run(self) -> None:
        """Do what is to be done, in its order; what is done together is stored together."""
        self.begin()
        while self.todo:
            moment, _, actor, first = heapq.heappop(self.todo)
            batch = [first]
            while self.todo and self.todo[0][0] == moment and self.todo[0][2] == actor:
                batch.append(heapq.heappop(self.todo)[3])
            self.now = moment
            self.desk.do_all(list(self.deeds(batch)), actor=actor)

    def deeds(self, batch: Iterable[Any]) -> Iterator[Deed]:
        for each in batch:
            for deed in each() if callable(each) else [each]:
                if deed[0] == "case" and deed[2] != "drawn" and self.case(deed[1]).void:
                    continue  # its scheme was voided meanwhile
                yield deed

    def case(self, name: str) -> Case:
        case: Case = self.desk.state("case", name)
        return case

    # --- the plan ------------------------------------------------------------------------------

    def make_plan(self) -> AnnualPlan:
        """Tasks of one county or of the whole city, of one item or of several, month by month."""
        items = [item.id for item in self.city.catalog]
        counties = [*self.city.regions]
        planned = []
        for number in range(self.tasks):
            month, whole, joint = number % 12 + 1, number % 5 == 0, number % 3 == 0
            first = number % len(items)
            chosen = (items[first], items[(first + 3) % len(items)])[: 2 if joint else 1]
            rates = CITY if whole else COUNTY
            sampler: Any = rc.RiskStratifiedSampler(rates=rates, unclassified="B")
            if number % 7 == 6:
                sampler = rc.UniformSampler(rate="1/200" if whole else "3%")
            if joint:
                sampler = rc.JointItemSampler(dict.fromkeys(chosen, sampler))
            county = counties[number % len(counties)]
            scope = {} if whole else {"scope": rc.Scope(regions=(county,))}
            day = self.workday(date(YEAR, month, 5 + number // 12))
            task = rc.Task(
                id=f"task-{number + 1:02}",
                items=chosen,
                sampler=sampler,
                matcher=FairMatcher(),
                as_of=day,
                exclusions=(rc.DrawnThisYear(),),
                **scope,
            )
            offices = {county: 1000}
            planned.append(PlannedTask(task=task, month=month, level="city", offices=offices))
        return AnnualPlan(
            id=PLAN,
            year=YEAR,
            authority="a made-up bureau",
            tasks=tuple(planned),
            reports={"a made-up province": date(YEAR, 3, 31)},
        )

    def begin(self) -> None:
        """January: the first registry, the plan through its life, months and tasks on the list."""
        for month in range(1, 13):
            self.later(self.workday(date(YEAR, month, 1)), 8, CLERK, self.new_month)
        start = self.workday(date(YEAR, 1, 4))
        drafted = Drafted(plan=self.plan.to_json(), version=1)
        self.publish_plan(start, drafted, self.plan)
        for planned in self.plan.tasks:
            self.later(planned.task.as_of, 10, CLERK, self.drawing(planned))
        amended = self.amended()
        reason = "a task more, by order of the province"
        again = Drafted(plan=amended.to_json(), version=2, reason=reason)
        self.publish_plan(self.workday(date(YEAR, 6, 15)), again, amended)
        self.later(amended.tasks[-1].task.as_of, 10, CLERK, self.drawing(amended.tasks[-1]))
        self.later(self.workday(date(YEAR, 5, 20)), 11, LEAD, self.void_one)
        self.later(self.workday(date(YEAR, 11, 2)), 11, CLERK, self.revisit)

    def publish_plan(self, day: date, drafted: Drafted, plan: AnnualPlan) -> None:
        self.later(day, 9, CLERK, ("plan", PLAN, "drafted", drafted))
        self.later(day, 10, CLERK, ("plan", PLAN, "submitted", {}))
        self.later(day, 11, LEAD, ("plan", PLAN, "approved", Approved()))
        told = Published(where=f"{WHERE}/plan", sha256=plan.digest)
        self.later(day, 12, CLERK, ("plan", PLAN, "published", told))

    def amended(self) -> AnnualPlan:
        from attrs import evolve

        first = self.plan.tasks[0]
        task = evolve(first.task, id="task-of-the-province", as_of=self.workday(date(YEAR, 12, 1)))
        more = PlannedTask(task=task, month=12, level="province", offices=first.offices)
        return evolve(self.plan, tasks=(*self.plan.tasks, more))

    # --- registries ----------------------------------------------------------------------------

    def new_month(self) -> list[Deed]:
        """Firms that ended or have another risk class; then the registry is frozen."""
        day = self.now.astimezone(ZONE).date()
        if day.month > 1:
            ids, classes = self.subjects.ids.tolist(), self.subjects.column("risk_class").tolist()
            status = self.subjects.column("status").tolist()
            ended = {
                name: "cancelled" for name, now in zip(ids, status, strict=True)
                if now == "active" and chance(0.3, "ended", day.month, name)
            }  # fmt: skip
            order = "ABCD"
            moved = {
                name: order[min(3, order.index(now) + 1)] if chance(50, "worse", day.month, name)
                else order[max(0, order.index(now) - 1)]
                for name, now in zip(ids, classes, strict=True)
                if now is not None and chance(1, "class", day.month, name)
            }  # fmt: skip
            told = {"since": day, "source": "made up", "reason": "monthly"}
            self.register = self.register.changed("status", ended, **told)
            self.register = self.register.changed("risk_class", moved, **told)
            self.subjects = self.register.as_of(day)
        return [("registry", "subjects", "frozen", freeze(self.subjects, day, among=rc.Scope()))]

    # --- a draw and its cases ------------------------------------------------------------------

    def drawing(self, planned: PlannedTask) -> Any:
        """The scheme of a task, its draw, and all that follows for each visit."""

        def deeds() -> Iterator[Deed]:
            plan = self.desk.state("plan", PLAN)
            text = f"Everybody whom the draw of {planned.id} names is inspected."
            self.desk.do_all([issue(planned.id, 1, plan=plan, text=text)], actor=CLERK)
            scheme = self.desk.state("scheme", scheme_id(planned.id, 1))
            registries = {
                "subjects": self.subjects,
                "catalog": self.city.catalog,
                "inspectors": self.staff,
                "history": rc.History.from_records(self.past),
            }
            drawn = rc.draw(planned.task, **registries, randomness=f"made up for {planned.id}")
            day = self.now.astimezone(ZONE).date()
            self.past += [rc.PastDraw(v.subject_id, day, planned.id) for v in drawn.visits]
            made = deeds_of(
                drawn,
                task=planned.task,
                subjects=self.subjects,
                catalog=self.city.catalog,
                scheme=scheme,
                office="a made-up bureau",
                level=planned.level,
                on=day,
                plan=plan,
            )
            for _, name, what, fact in made:
                if what == "drawn":
                    self.follow(name, fact, day)
            self.somebody_is_ill(drawn, registries, day)
            yield from made

        return deeds

    def follow(self, name: str, drawn: Any, day: date) -> None:
        """Put a case's steps on the list: most in time, some late, some returned or corrected."""
        who = drawn.team[0]
        confirmed = self.workday(day, 1 + 3 * chance(2, "confirmed late", name))
        visited = self.workday(confirmed, 2 + dice("visit", name) % 20)
        self.later(confirmed, 9, CLERK, ("case", name, "confirmed", {}))
        self.later(visited, 17, CLERK, lambda: [self.inspection(name, visited)])
        entered = self.workday(visited, 1 + dice("enter", name) % 3 + 22 * chance(1, "late", name))
        results = {item: self.found(name, item, drawn.risk_class) for item in drawn.items}
        self.later(entered, 9, who, ("case", name, "entered", Entered(results)))
        if chance(2, "returned", name):
            self.later(entered, 11, REVIEWER, ("case", name, "returned", Because("no photo")))
            self.later(entered, 12, who, ("case", name, "entered", Entered(results)))
        self.publish(name, self.workday(entered, 1 + dice("review", name) % 4))
        if chance(1, "corrected", name):
            self.later(self.workday(entered, 12), 9, who, lambda: self.correction(name))
            self.publish(name, self.workday(entered, 13), again=True)

    def publish(self, name: str, day: date, *, again: bool = False) -> None:
        def unless_it_was_not_corrected(what: str, fact: Any) -> Any:
            def deeds() -> list[Deed]:
                corrected = bool(self.case(name).earlier)
                return [("case", name, what, fact)] if corrected or not again else []

            return deeds

        self.later(day, 13, REVIEWER, unless_it_was_not_corrected("reviewed", {}))
        self.later(day, 14, LEAD, unless_it_was_not_corrected("approved", {}))
        told = Somewhere(f"{WHERE}/results")
        self.later(day, 15, CLERK, unless_it_was_not_corrected("published", told))
        if not again:
            self.later(self.workday(day, 1), 9, CLERK, lambda: self.problems(name))

    def inspection(self, name: str, day: date) -> Deed:
        hour = 9 + dice("hour", name) % 6
        told = Inspected(
            started=self.at(day, hour), ended=self.at(day, hour + 1), by=self.case(name).team
        )
        return "case", name, "inspected", told

    def found(self, name: str, item: str, risk_class: str | None) -> Result:
        """Worse classes have more problems; a few firms are gone."""
        throw, risk = dice("result", name, item), {"A": 3, "B": 6, "C": 20, "D": 40}
        if throw < risk.get(risk_class or "B", 6) * 10_000:
            codes = ("corrected", "to-follow-up", "not-disclosed", "unreachable")
            return Result(codes[throw % 4], f"made up, {throw}")
        return Result("no-activity" if throw > 970_000 else "none")

    def correction(self, name: str) -> list[Deed]:
        case = self.case(name)
        if case.status != "published" or case.results is None:
            return []
        item, result = next(iter(case.results.items()))
        other = "none" if result.code != "none" else "corrected"
        told = Corrected({**case.results, item: Result(other)}, "the form of another firm")
        return [("case", name, "corrected", told)]

    def somebody_is_ill(self, drawn: rc.Draw, registries: Any, day: date) -> None:
        """A recusal by a stage of its own: a substitute by new randomness."""
        visit = drawn.visits[dice("ill", day) % len(drawn.visits)]
        stage = rc.recuse(
            drawn.record, visit.subject_id, leaving=visit.team[:1], reason="ill", decided=day,
            odds=drawn.odds, **registries,
        ).draw(f"made up later, {day}")  # fmt: skip
        name = f"{drawn.record.digest[:16]}/{visit.subject_id}"
        team = stage.teams[visit.subject_id]
        self.later(day, 18, CLERK, ("case", name, "assigned", Assigned(team)))

    # --- afterwards ----------------------------------------------------------------------------

    def problems(self, name: str) -> Iterator[Deed]:
        """Each problem of a published case: opened, looked at again, closed or not, transferred."""
        case = self.case(name)
        today = self.now.astimezone(ZONE).date()
        if case.published is None:
            return
        due = self.workday(today, 30)
        for deed in problems_of(case, STANDARD, due):
            problem = deed[1]
            if chance(2, "forgotten", problem):
                continue
            yield deed
            team = case.inspectors
            if due.year == YEAR and chance(5, "extended", problem):
                told = Extended(self.workday(due, 10), "the landlord must agree")
                self.later(self.workday(today, 5), 9, CLERK, ("problem", problem, "extended", told))
            if chance(90, "closed", problem):
                again = self.workday(today, 10 + dice("again", problem) % 15)
                fixed = chance(80, "fixed", problem)
                seen = Reinspected(on=again, by=team, corrected=fixed)
                self.later(again, 18, CLERK, ("problem", problem, "reinspected", seen))
                how = Closed("corrected" if fixed else "punished", "as found on the day")
                self.later(again, 19, LEAD, ("problem", problem, "closed", how))
            if chance(10, "transferred", problem):
                self.transfer(problem, deed[3], today)

    def transfer(self, problem: str, opened: Any, day: date) -> None:
        told = Sent(
            case=opened.case, item=opened.item, kind="transfer", to="a made-up tax office",
            ground="made up", due=self.workday(day, 10),
            documents={"form": sha256(problem.encode()).hexdigest()},
        )  # fmt: skip
        name, next_day = f"{problem}/1", self.workday(day, 1)
        self.later(next_day, 9, CLERK, ("transfer", name, "sent", told))
        got = self.workday(next_day, 3)
        receipt = Received(f"receipt {dice(problem)}", got)
        self.later(got, 20, CLERK, ("transfer", name, "received", receipt))
        answered = self.workday(got, 10)
        outcome = Answered("taken over", answered)
        self.later(answered, 20, CLERK, ("transfer", name, "answered", outcome))

    def void_one(self) -> list[Deed]:
        """The last draw of May is void: its scheme named the wrong hall."""
        draws, cases = self.desk.states("draw"), self.desk.states("case")
        last = [state for state in draws.values() if state.recorded.on.month == 5][-1]
        scheme = self.desk.state("scheme", last.recorded.scheme)
        return void_deeds(scheme, "the scheme named the wrong hall", draws=draws, cases=cases)

    def revisit(self) -> list[Deed]:
        """A tenth of the finished inspections, drawn like any other task, by other people."""
        cases, day = self.desk.states("case"), self.now.astimezone(ZONE).date()
        subjects = revisit_registry(cases.values())
        task = rc.Task(
            id="revisits", items=("revisit",), sampler=rc.UniformSampler(rate="10%"), as_of=day
        )
        drawn = rc.draw(
            task,
            subjects=subjects,
            catalog=revisit_catalog("the made-up bureau's own rule"),
            inspectors=without_first_teams(self.staff, cases.values()),
            randomness="made up for revisits",
        )
        for visit in drawn.visits:
            name, case = f"{drawn.record.digest[:16]}/{visit.subject_id}", cases[visit.subject_id]
            seen = self.workday(day, 3 + dice("revisit", name) % 15)
            results = {
                item: result if chance(90, "same", name, item) else Result("none")
                for item, result in (case.results or {}).items()
            }
            told = Found(results=results, by=visit.team or (), on=seen)
            self.later(seen, 20, CLERK, ("revisit", name, "found", told))
        return revisit_deeds(drawn.record, cases, day)

    # --- the report ----------------------------------------------------------------------------

    def question(self, **more: Any) -> Question:
        return Question(
            period=Period.year(YEAR), calendar=self.calendar, as_of=date(YEAR, 12, 31), **more
        )

    def report(self) -> Report:
        """The year's indicators, from the ledger alone."""
        return report(Books.of(rebuild(self.ledger.events(), LIVES)), self.question())

    def told(self) -> dict[str, int]:
        """How many steps of each kind the ledger has."""
        found: defaultdict[str, int] = defaultdict(int)
        for event in self.ledger.events():
            found[f"{event['about']} {event['what']}"] += 1
        return dict(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=250_000)
    parser.add_argument("--inspectors", type=int, default=600)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--ledger", type=Path, help="a new file; in memory unless given")
    parser.add_argument("--html", type=Path, help="write the report as a page")
    options = parser.parse_args()
    year = Year(options.ledger, options.firms, options.inspectors, options.tasks)
    year.run()
    made = year.report()
    for row in made.rows():
        print(f"{row['name']['en']:38} {row['value']:>10}  {row['status']['en']}")
    print(f"{sum(year.told().values()):,} events; head {year.ledger.head()}")
    if options.html:
        options.html.write_text(made.to_html("zh"), encoding="utf-8")


if __name__ == "__main__":
    main()
