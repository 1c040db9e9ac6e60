"""Visits of several draws, brought together: one visit for what several tasks drew (一次检查).

Rules enforced here:
1. Nothing that was drawn is lost: each subject and item of each draw is in exactly one visit.
2. Which team goes follows from a stated rule and not from anybody's choice.
3. Trips are a view for planning the day; they change no visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from attrs import field, frozen

from randcheck import dataframes
from randcheck.draw import Draw
from randcheck.errors import ParameterError, shorten
from randcheck.matching.visits import owners_of
from randcheck.record import DrawRecord, RecordedVisit
from randcheck.registry import InspectorRegistry, ItemCatalog, SubjectRegistry

#: How long a period is within which visits are brought together.
PERIODS = ("month", "quarter", "year")


@frozen
class MergedVisit:
    """One visit for all that was drawn at a subject in a period.

    `items` maps each task that drew it, in the order given, to the items that it drew. `team` is
    the one that goes and `team_of` the task that drew it, both `None` where no draw has teams;
    `lacking` are the specialties of some item that nobody in the team holds.
    """

    subject: str
    period: str
    items: Mapping[str, tuple[str, ...]]
    team: tuple[str, ...] | None
    team_of: str | None
    lacking: tuple[str, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that drew the subject."""
        return tuple(self.items)


@frozen
class MergedVisits:
    """The visits of several draws, by period and then by subject; `drawn` counts them before."""

    visits: tuple[MergedVisit, ...] = field(repr=lambda visits: f"<{len(visits)}>")
    drawn: int

    @property
    def saved(self) -> int:
        """How many visits less than the draws made."""
        return self.drawn - len(self.visits)

    def to_dataframe(self, backend: dataframes.Backend = "pandas") -> Any:
        """One row a visit, with columns as the fields of `MergedVisit`; `subject_id` first."""
        columns: dict[str, list[Any]] = {
            "subject_id": [visit.subject for visit in self.visits],
            "period": [visit.period for visit in self.visits],
            "tasks": [list(visit.tasks) for visit in self.visits],
            "items": [list(dict.fromkeys(x for own in visit.items.values() for x in own))
                      for visit in self.visits],
            "team": [None if visit.team is None else list(visit.team) for visit in self.visits],
            "team_of": [visit.team_of for visit in self.visits],
            "lacking": [list(visit.lacking) for visit in self.visits],
        }  # fmt: skip
        types = dict.fromkeys(("tasks", "items", "team", "lacking"), "texts")
        return dataframes.build(columns, {n: types.get(n, "text") for n in columns}, backend)


def merge_visits(
    draws: Iterable[Draw | DrawRecord],
    *,
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None = None,
    period: str = "month",
) -> MergedVisits:
    """One visit for each subject that draws of one period have in common.

    The team that goes is the one that holds the most of the specialties that all items together
    need, among equals the one whose task has the most items at the subject, then the one whose
    draw comes first in the order given. Each team was drawn for this very subject, so none has a
    conflict with it. `period` is that of a task's as-of day: `"month"`, `"quarter"` or `"year"`.

    Raises `ParameterError` for a task twice or draws with teams without `inspectors`, and
    `UnknownNameError` for an item or inspector that the registries do not have.
    """
    if period not in PERIODS:
        remedy = f"write one of {', '.join(PERIODS)}"
        raise ParameterError("period", shorten(period), "is not known", remedy)
    found: dict[tuple[str, str], dict[str, RecordedVisit]] = {}
    seen: set[str] = set()
    drawn = 0
    for each in draws:
        record = each.record if isinstance(each, Draw) else each
        task = record.commitment["task"]
        if task["id"] in seen:
            reason = "is given twice"
            raise ParameterError("draws", repr(task["id"]), reason, "give one draw of each task")
        seen.add(task["id"])
        when = _period(date.fromisoformat(task["as_of"]), period)
        for visit in record.visits:
            drawn += 1
            found.setdefault((when, visit.subject), {})[task["id"]] = visit
    merged = [
        _merged(subject, when, visits, catalog, inspectors)
        for (when, subject), visits in sorted(found.items())
    ]
    return MergedVisits(tuple(merged), drawn)


def _merged(
    subject: str,
    when: str,
    visits: Mapping[str, RecordedVisit],
    catalog: ItemCatalog,
    inspectors: InspectorRegistry | None,
) -> MergedVisit:
    needed = {
        specialty
        for visit in visits.values()
        for item in visit.items
        for specialty in catalog[item].specialties
    }
    best: tuple[int, int] | None = None
    team_of: str | None = None
    lacking: tuple[str, ...] = ()
    for task, visit in visits.items():
        if visit.team is None:
            continue
        if inspectors is None:
            reason = "leaves open what the teams can do"
            raise ParameterError("inspectors", "None", reason, "give the registry of inspectors")
        held = {each for name in visit.team for each in inspectors[name].specialties}
        worth = (len(needed & held), len(visit.items))
        if best is None or worth > best:
            best, team_of, lacking = worth, task, tuple(sorted(needed - held))
    items = {task: visit.items for task, visit in visits.items()}
    team = None if team_of is None else visits[team_of].team
    return MergedVisit(subject, when, items, team, team_of, lacking)


def _period(day: date, period: str) -> str:
    if period == "month":
        return f"{day.year:04}-{day.month:02}"
    return f"{day.year:04}-Q{(day.month + 2) // 3}" if period == "quarter" else f"{day.year:04}"


@frozen
class Trip:
    """What one owner has at one place: subjects that are visited on one trip.

    `owner` is the id at the end of the chain of owners, the subject itself without one; `address`
    is the place, `None` where it is not known.
    """

    owner: str
    address: str | None
    subjects: tuple[str, ...]


def trips(subject_ids: Iterable[str], subjects: SubjectRegistry) -> tuple[Trip, ...]:
    """Attached objects (附属客体) and branches of one owner at one address as one trip.

    An attached object without an address is where its owner is. Where no address is known, only an
    owner and what is attached there without an address go together. In the order of the first
    subject of each trip. Raises `UnknownNameError` for a subject that the registry does not have.
    """
    ids = list(dict.fromkeys(subject_ids))
    subjects.positions(ids, "subject")
    known = subjects.owners()
    found: dict[tuple[str, str | None, str], list[str]] = {}
    for name in ids:
        chain = (name, *owners_of(name, known))
        at = _place(chain, subjects)
        address = subjects[at].address if at in subjects else None
        found.setdefault((chain[-1], address, "" if address else at), []).append(name)
    return tuple(Trip(owner, address, tuple(own)) for (owner, address, _), own in found.items())


def _place(chain: Sequence[str], subjects: SubjectRegistry) -> str:
    """Whose address counts: the first of the chain that has one or is not attached to the next."""
    for name in chain[:-1]:
        if name not in subjects or subjects[name].address is not None:
            return name
        if subjects[name].kind != "attached object":
            return name
    return chain[-1]
