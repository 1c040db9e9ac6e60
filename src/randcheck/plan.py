"""The year's plan (年度抽查工作计划) and its tasks (抽查任务).

Rules enforced here:
1. A task says everything that decides a draw but the registries and the randomness.
2. The as-of date is the day at which risk classes, statuses and certificates are frozen.
3. A plan holds each task once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from attrs import Factory, field, frozen

from randcheck import strategy
from randcheck.errors import DataError, ParameterError, Problem, UnknownNameError, shorten
from randcheck.exclusions import Exclusion, exclusion_from_json, exclusion_to_json
from randcheck.ids import id_fault
from randcheck.matching import MATCHERS, ConditionedMatcher, FairMatcher, Matcher
from randcheck.models import Scope
from randcheck.rates import parse_count
from randcheck.samplers import ALLOCATIONS, SAMPLERS, Sampler

#: Every strategy that a description can name; no two have the same name.
STRATEGIES: dict[str, type[Any]] = {**SAMPLERS, **ALLOCATIONS, **MATCHERS}


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ParameterError("Task", shorten(value), "is no tuple", "write ('food',) for one item")
    return tuple(value)


def _as_reserves(value: Any) -> int:
    return parse_count(value, "reserves")


@frozen(kw_only=True)
class Task:
    """One planned draw.

    `items` are ids of the catalog; `scope` is who may be drawn at all: a directed draw (定向) names
    one, an undirected (不定向) leaves the default. `reserves` is the number of spare subjects for
    each cell. `lead` and `departments` are the lead (牵头) and the joint (参与) departments.
    """

    id: str
    items: tuple[str, ...] = field(converter=_as_tuple)
    sampler: Sampler
    as_of: date
    matcher: Matcher | ConditionedMatcher | None = Factory(FairMatcher)
    scope: Scope = Factory(Scope)
    reserves: int = field(default=0, converter=_as_reserves)
    exclusions: tuple[Exclusion, ...] = field(default=(), converter=_as_tuple)
    lead: str | None = None
    departments: tuple[str, ...] = field(default=(), converter=_as_tuple)

    def __attrs_post_init__(self) -> None:
        problems = list(_task_problems(self))
        if problems:
            raise DataError("Task", problems)

    @property
    def directed(self) -> bool:
        """Whether the draw is directed (定向), that is, names a scope."""
        return self.scope != Scope()

    def facts_to_json(self) -> dict[str, Any]:
        """What a commitment says of the task: all but sampler and matcher, defaults left out."""
        facts: dict[str, Any] = {
            "id": self.id,
            "items": list(self.items),
            "as_of": self.as_of.isoformat(),
            "reserves": self.reserves,
        }
        if self.scope != Scope():
            facts["scope"] = self.scope.to_json()
        if self.exclusions:
            facts["exclusions"] = [exclusion_to_json(each) for each in self.exclusions]
        if self.lead is not None:
            facts["lead"] = self.lead
        if self.departments:
            facts["departments"] = list(self.departments)
        return facts

    def to_json(self) -> dict[str, Any]:
        """The whole task, sampler and matcher described."""
        matcher = None if self.matcher is None else strategy.describe(self.matcher)
        return {
            **self.facts_to_json(),
            "sampler": strategy.describe(self.sampler),
            "matcher": matcher,
        }

    @classmethod
    def from_json(
        cls,
        data: Mapping[str, Any],
        *,
        sampler: Sampler | None = None,
        matcher: Matcher | None = None,
    ) -> Task:
        """The task that `to_json` described.

        Our own strategies are found by name; anybody else's must be given as `sampler` or
        `matcher`, since no code is loaded by a name in data. Raises `DataError` for unknown or
        missing fields, `UnknownNameError` for a strategy that is not known here.
        """
        facts = dict(data)
        known = {"id", "items", "as_of", "reserves", "scope", "exclusions", "lead", "departments",
                 "sampler", "matcher"}  # fmt: skip
        problems = [
            Problem(None, name, shorten(data[name]), "is no known field", "leave it out")
            for name in sorted(data.keys() - known)
        ]
        problems += [
            Problem(None, name, "nothing", "is missing", "give it")
            for name in ("id", "items", "as_of", "sampler")
            if name not in data
        ]
        if problems:
            raise DataError("Task", problems)
        described = facts.pop("matcher", None)
        if matcher is None and described is not None:
            matcher = strategy.rebuild(described, STRATEGIES)
        chosen = sampler or strategy.rebuild(facts["sampler"], STRATEGIES)
        return cls(**_facts_from_json(facts), sampler=chosen, matcher=matcher)


def _facts_from_json(facts: dict[str, Any]) -> dict[str, Any]:
    facts.pop("sampler")
    try:
        facts["as_of"] = date.fromisoformat(facts["as_of"])
    except (TypeError, ValueError):
        problem = Problem(None, "as_of", shorten(facts["as_of"]), "is no date", "write YYYY-MM-DD")
        raise DataError("Task", [problem]) from None
    if "scope" in facts:
        facts["scope"] = Scope.from_json(facts["scope"])
    if "exclusions" in facts:
        facts["exclusions"] = tuple(map(exclusion_from_json, facts["exclusions"]))
    return facts


def _task_problems(task: Task) -> Iterable[Problem]:
    if fault := id_fault(task.id):
        yield Problem(None, "id", shorten(task.id), *fault)
    if not task.items:
        yield Problem(None, "items", "()", "is empty", "name at least one item")
    for item in task.items:
        if fault := id_fault(item):
            yield Problem(None, "items", shorten(item), *fault)
    texts = [item for item in task.items if isinstance(item, str)]
    if len(set(texts)) < len(texts):
        yield Problem(None, "items", shorten(task.items), "has one twice", "name each once")
    if type(task.as_of) is not date:
        kind = type(task.as_of).__name__
        yield Problem(None, "as_of", shorten(task.as_of), f"is a {kind}", "give a datetime.date")
    if not strategy.has(task.sampler, "design"):
        remedy = "give an object with design(frame), such as UniformSampler(rate='3%')"
        yield Problem(None, "sampler", shorten(task.sampler), "is no sampler", remedy)
    ways = (strategy.has(task.matcher, method) for method in ("odds", "teams"))
    if task.matcher is not None and not any(ways):
        remedy = "give an object with odds(visits, inspectors), such as FairMatcher(), or None"
        yield Problem(None, "matcher", shorten(task.matcher), "is no matcher", remedy)
    if not isinstance(task.scope, Scope):
        yield Problem(None, "scope", shorten(task.scope), "is no Scope", "give randcheck.Scope(…)")
    for exclusion in task.exclusions:
        if not strategy.has(exclusion, "excludes"):
            remedy = "give values such as DrawnThisYear()"
            yield Problem(None, "exclusions", shorten(exclusion), "is no exclusion", remedy)
    reasons = [getattr(exclusion, "reason", None) for exclusion in task.exclusions]
    if len(set(reasons)) < len(reasons):
        yield Problem(None, "exclusions", shorten(reasons), "has one twice", "state each once")
    for text in (*task.departments, *([] if task.lead is None else [task.lead])):
        if not isinstance(text, str) or not text.strip():
            remedy = "give a department's name"
            yield Problem(None, "departments", shorten(text), "is no text", remedy)


@frozen(kw_only=True)
class Plan:
    """A year's plan: its id, the year, who issues it, and its tasks."""

    id: str
    year: int
    authority: str
    tasks: tuple[Task, ...] = field(default=(), converter=_as_tuple)

    def __attrs_post_init__(self) -> None:
        problems = []
        if fault := id_fault(self.id):
            problems.append(Problem(None, "id", shorten(self.id), *fault))
        if type(self.year) is not int or not 1 <= self.year <= 9999:
            problems.append(Problem(None, "year", shorten(self.year), "is no year", "give an int"))
        if not isinstance(self.authority, str) or not self.authority.strip():
            reason = "is no text"
            problems.append(
                Problem(None, "authority", shorten(self.authority), reason, "name the authority")
            )
        seen: set[str] = set()
        for row, task in enumerate(self.tasks):
            if not isinstance(task, Task):
                problems.append(Problem(row, "tasks", shorten(task), "is no Task", "give a Task"))
            elif task.id in seen:
                problems.append(
                    Problem(row, "tasks", shorten(task.id), "is in the plan already", "keep one")
                )
            else:
                seen.add(task.id)
        if problems:
            raise DataError("Plan", problems)

    def __getitem__(self, task_id: str) -> Task:
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise UnknownNameError("task of the plan", (task_id,), [task.id for task in self.tasks])

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "year": self.year,
            "authority": self.authority,
            "tasks": [task.to_json() for task in self.tasks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The plan that `to_json` described; strategies must be known by name."""
        fields = {"id", "year", "authority", "tasks"}
        if data.keys() != fields:
            wrong = sorted(fields ^ data.keys())
            remedy = f"give exactly {', '.join(sorted(fields))}"
            raise DataError("Plan", [Problem(None, None, shorten(wrong), "do not fit", remedy)])
        tasks = tuple(map(Task.from_json, data["tasks"]))
        return cls(id=data["id"], year=data["year"], authority=data["authority"], tasks=tasks)
