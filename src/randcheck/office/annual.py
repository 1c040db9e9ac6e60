"""The annual plan (年度抽查工作计划) as a value, and the difference between two.

Rules enforced here:
1. A plan states tasks. Whether one is risk-based, directed or joint, and which trainings it
   demands, follows from the task; nobody claims it.
2. A plan holds each task once, in the order of months and ids; equal plans have equal bytes.
3. A difference names every field that changed, in words; only equal plans have none.

That a plan names range, numbers and months of its draws, and is filed with the superior (备案):
市场监管总局关于全面推进“双随机、一公开”监管工作的通知 (2019). Days and forms are the provinces'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from attrs import evolve, frozen

from randcheck import canonical, strategy
from randcheck.errors import DataError, Problem, RandcheckError, UnknownNameError, shorten
from randcheck.fields import (
    DATED_IDS,
    DAY,
    ID,
    WORD,
    Fact,
    Fault,
    FrozenMapping,
    Kind,
    choice,
    declare,
    maybe,
)
from randcheck.models import Scope
from randcheck.office.forms import LEVELS
from randcheck.plan import STRATEGIES, Plan, Task
from randcheck.registry import ItemCatalog
from randcheck.samplers.parameters import CLASSES

# --- what follows from a task --------------------------------------------------------------------


def risk_based(sampler: Mapping[str, Any]) -> bool:
    """Whether a described sampler uses credit-risk classes or a risk score, in any item.

    Ours that stratify by class or score do. Any other does if its parameters name classes as keys,
    or a column of the risk, or hold a sampler that does; one that balances over classes but gives
    everybody the same rate does not.
    """
    given = sampler["parameters"]
    if sampler["distribution"] == "randcheck":
        if sampler["name"] in ("risk-stratified", "risk-score"):
            return True
        if sampler["name"] == "balanced":
            by_class = isinstance(given["rates"], Mapping)
            return by_class and given.get("columns", "risk_class") == "risk_class"
        if sampler["name"] == "joint-item":  # its other parameters name items and departments
            given = given["samplers"]
    return any(map(_names_risk, given.values()))


def _names_risk(value: Any) -> bool:
    if isinstance(value, Mapping):
        if {"name", "distribution", "parameters"} <= value.keys():
            return risk_based(value)
        return (len(value) > 0 and value.keys() <= set(CLASSES)) or any(
            map(_names_risk, value.values())
        )
    if isinstance(value, list):
        return any(map(_names_risk, value))
    return value in ("risk_class", "risk_score")


def departments_of(facts: Mapping[str, Any], catalog: ItemCatalog) -> tuple[str, ...]:
    """All departments of a task, ascending: the lead one, the joint ones, and those of its items.

    `facts` are those that a task and a commitment state. A task of several is joint (联合抽查).
    """
    named = {facts.get("lead"), *facts.get("departments", ())}
    named |= {catalog[item].department for item in facts["items"]}
    return tuple(sorted(name for name in named if name is not None))


# --- the value -----------------------------------------------------------------------------------


def _clean_task(value: Any) -> Task:
    if not isinstance(value, Task):
        raise Fault(f"is no Task but {type(value).__name__}", "give a randcheck.Task(…)")
    return value


def _clean_quotas(value: Any) -> FrozenMapping:
    remedy = "give the visits of each office, such as {'990102': 40}"
    if not isinstance(value, Mapping) or not value:
        raise Fault("names no office that carries the task out", remedy)
    for office, quota in value.items():
        ID.clean(office)
        if type(quota) is not int or quota < 1:
            raise Fault(f"has the quota {shorten(quota)} for {shorten(office)}", remedy)
    return FrozenMapping(value)


def _clean_month(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 12:
        raise Fault("is no month", "give an int from 1 to 12")
    return value


def _clean_year(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 9998:
        raise Fault("is no year", "give an int such as 2026")
    return value


def _task_from_json(data: Mapping[str, Any], strategies: Mapping[str, type]) -> Task:
    own = {
        name: strategy.rebuild(data[name], strategies)
        for name in ("sampler", "matcher")
        if data.get(name) is not None
    }
    return Task.from_json(data, **own)


@frozen(kw_only=True)
class PlannedTask(Fact):
    """A task of the plan: in which month, organised at which level, carried out by whom.

    `offices` are the offices that carry it out, each with its quota of visits (任务数). The
    departments, the sampler and the teams are those of the `task`.
    """

    task: Task = declare(Kind(_clean_task, plain=Task.to_json, column="json"))
    month: int = declare(Kind(_clean_month, column="int"))
    level: str = declare(Kind(choice(*LEVELS)))
    offices: Mapping[str, int] = declare(Kind(_clean_quotas, plain=dict, column="json"))

    @property
    def id(self) -> str:
        return self.task.id

    @property
    def risk_based(self) -> bool:
        """Whether its sampler uses risk classes or a score, by the rule of that name."""
        return risk_based(strategy.describe(self.task.sampler))

    @property
    def trainings(self) -> tuple[str, ...]:
        """What everybody who goes must have been trained in: its matcher demands it."""
        return tuple(self._asked("trainings", ()))

    @property
    def team_size(self) -> int:
        """How many go on a visit, at least: two where its matcher does not say."""
        return int(self._asked("team_size", 2))

    def _asked(self, name: str, default: Any) -> Any:
        """What its matcher asks for, or the matcher whose odds that one conditions."""
        matcher: Any = self.task.matcher
        return getattr(getattr(matcher, "base", matcher), name, default)

    def joint(self, catalog: ItemCatalog) -> bool:
        """Whether several departments go, or several of them have items to check."""
        return len(departments_of(self.task.facts_to_json(), catalog)) > 1

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], strategies: Mapping[str, type] = STRATEGIES
    ) -> PlannedTask:
        """What `to_json` described; `strategies` are the only ones that a name can mean."""
        given = data.get("task")
        if isinstance(given, Mapping):
            try:
                data = {**data, "task": _task_from_json(given, strategies)}
            # the other three: something deep inside is no object at all
            except (RandcheckError, KeyError, TypeError, AttributeError) as error:
                told = f"cannot be read: {error}"
                remedy = "give what Task.to_json gave, and every strategy that it names"
                problem = Problem(None, "task", shorten(given.get("id")), told, remedy)
                raise DataError(cls.__name__, [problem]) from None
        made: PlannedTask = super().from_json(data)
        return made


def _clean_tasks(value: Any) -> tuple[PlannedTask, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise Fault("is no list of tasks", "give PlannedTask(…), several of them in a list")
    tasks = tuple(value)
    if wrong := [each for each in tasks if not isinstance(each, PlannedTask)]:
        raise Fault(f"holds {shorten(wrong[0])}, which is no PlannedTask", "give PlannedTask(…)")
    ids = [each.id for each in tasks]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise Fault(f"holds {', '.join(map(repr, twice))} twice", "plan each task once")
    return tuple(sorted(tasks, key=lambda each: (each.month, each.id)))


def _plain_tasks(tasks: tuple[PlannedTask, ...]) -> list[dict[str, Any]]:
    return [each.to_json() for each in tasks]


@frozen(kw_only=True)
class AnnualPlan(Fact):
    """A year's plan; its tasks stand in the order of months, then ids.

    `publish_by` is the day by which it is to be published, the last day of February of its year
    unless given. `reports` says to whom this version is reported upwards (报备), each by its day.
    """

    id: str = declare(ID)
    year: int = declare(Kind(_clean_year, column="int"))
    authority: str = declare(WORD)
    tasks: tuple[PlannedTask, ...] = declare(Kind(_clean_tasks, plain=_plain_tasks), default=())
    publish_by: date | None = declare(maybe(DAY), default=None)
    reports: Mapping[str, date] = declare(DATED_IDS, default=FrozenMapping({}))

    def __getitem__(self, task_id: str) -> PlannedTask:
        """A planned task; `UnknownNameError` if there is none of this id."""
        for each in self.tasks:
            if each.id == task_id:
                return each
        raise UnknownNameError("task of the plan", (task_id,), [each.id for each in self.tasks])

    @property
    def deadline(self) -> date:
        """The day by which the plan is to be published."""
        return self.publish_by or date(self.year, 3, 1) - timedelta(days=1)

    @property
    def plan(self) -> Plan:
        """The tasks alone, as the draws and `ledger.entries.plan` know them."""
        tasks = tuple(each.task for each in self.tasks)
        return Plan(id=self.id, year=self.year, authority=self.authority, tasks=tasks)

    def to_bytes(self) -> bytes:
        """The plan as canonical JSON."""
        return canonical.dumps(self.to_json())

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, which the step `published` names."""
        return canonical.sha256(self.to_bytes())

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], strategies: Mapping[str, type] = STRATEGIES
    ) -> AnnualPlan:
        """The plan that `to_json` described; `DataError` names all that is wrong, by task."""
        given = data.get("tasks")
        if isinstance(given, list):
            tasks, problems = list[PlannedTask](), list[Problem]()
            for row, each in enumerate(given):
                if not isinstance(each, Mapping):
                    remedy = "give an object with task, month, level and offices"
                    problems.append(Problem(row, "tasks", shorten(each), "is no task", remedy))
                    continue
                try:
                    tasks.append(PlannedTask.from_json(each, strategies))
                except DataError as error:
                    problems += [evolve(problem, row=row) for problem in error.problems]
            if problems:
                raise DataError(cls.__name__, problems)
            data = {**data, "tasks": tasks}
        made: AnnualPlan = super().from_json(data)
        return made

    def published_rows(self) -> list[dict[str, Any]]:
        """What everybody may see of each task: the rows of `publication.published_plan`."""
        return [
            {
                "task": each.id,
                "items": list(each.task.items),
                "month": f"{self.year}-{each.month:02}",
                "lead": each.task.lead,
                "departments": list(each.task.departments),
                "subjects": _words(_scope(each.task.scope)) or None,
                "ratio": _words(strategy.parameters(each.task.sampler)) or None,
            }
            for each in self.tasks
        ]


def _scope(scope: Scope) -> dict[str, Any]:
    """A scope without its ids: a plan says how many are named, and not who."""
    told = scope.to_json()
    return told | ({"ids": f"{len(told['ids'])} named"} if "ids" in told else {})


# --- the difference ------------------------------------------------------------------------------


@frozen
class Change:
    """One difference between two versions; its text says it in words.

    `where` is a task's id, or `None` for the plan itself; `field` is `None` where the whole task
    was `"added"` or `"dropped"`. `old` and `new` are as JSON has them, `None` for what is not said.
    """

    where: str | None
    what: str
    field: str | None = None
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        thing = "the plan" if self.where is None else f"task {self.where}"
        if self.field is None:
            return f"{thing}: {self.what}"
        if self.what == "added":
            return f"{thing}: {self.field} {_words(self.new)} is added"
        if self.what == "dropped":
            return f"{thing}: {self.field} {_words(self.old)} is dropped"
        return f"{thing}: {self.field} {_words(self.old)} becomes {_words(self.new)}"


def difference(old: AnnualPlan, new: AnnualPlan) -> tuple[Change, ...]:
    """What a new version changes, field by field; empty for equal plans only.

    The plan's own fields first; then tasks that were dropped, were added, and were changed, each in
    the order of their plan.
    """
    before, after = ({each.id: each for each in plan.tasks} for plan in (old, new))
    own = ({**plan.to_json(), "tasks": None} for plan in (old, new))
    found = list(_changes(None, *own))
    found += [Change(name, "dropped") for name in before if name not in after]
    found += [Change(name, "added") for name in after if name not in before]
    for name, task in after.items():
        if name in before:
            found += _changes(name, before[name].to_json(), task.to_json())
    return tuple(found)


def _changes(where: str | None, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for path in sorted(before.keys() | after.keys()):
        name = " ".join(word for word in path if word not in ("task", "parameters"))
        if path not in after:
            yield Change(where, "dropped", name, before[path])
        elif path not in before:
            yield Change(where, "added", name, None, after[path])
        elif before[path] != after[path]:
            yield Change(where, "changed", name, before[path], after[path])


def _flat(
    value: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, entry in value.items():
        if isinstance(entry, Mapping) and entry:
            yield from _flat(entry, (*path, key))
        else:
            yield (*path, key), entry


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    return "none" if value is None else str(value)
