"""The frame (抽样框): who could be drawn in a task, for which items, and why the others not.

Rules enforced here:
1. Reasons are asked in this order, and the first that holds is the one that counts: `status`,
   `region`, `scope`, the task's exclusions as stated, `no-item`.
2. Nobody disappears: each subject of the registry is in the frame or under exactly one reason.
3. A frame is in the order of the ids' bytes and knows no randomness.
4. Who was drawn before is asked through the frame; without a history that is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from attrs import evolve

from randcheck.errors import EmptyFrameError, ParameterError, UnknownNameError
from randcheck.exclusions import Exclusion, times_drawn
from randcheck.history import History, needed
from randcheck.models import Item, Scope
from randcheck.registry import ItemCatalog, SubjectRegistry
from randcheck.table import Codes, Mask, Objects, Positions

log = logging.getLogger("randcheck")

#: The properties of a scope beside status and region, with the columns they look at.
_SCOPE_COLUMNS = {
    "kinds": "kind",
    "industries": "industry",
    "tags": "tags",
    "risk_classes": "risk_class",
}


class FrameRequest(Protocol):
    """What a frame needs to know of a task; `randcheck.Task` is one."""

    @property
    def id(self) -> str: ...
    @property
    def items(self) -> tuple[str, ...]: ...
    @property
    def as_of(self) -> date: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def exclusions(self) -> tuple[Exclusion, ...]: ...


class Frame:
    """Who could be drawn, in the order of ids. Made by `build_frame`.

    `ids` is a read-only array of texts; every mask and column has its length and order.
    """

    def __init__(
        self,
        task_id: str,
        items: tuple[str, ...],
        subjects: SubjectRegistry,
        rows: npt.NDArray[np.int64],
        eligible: npt.NDArray[np.bool_],
        excluded: Mapping[str, Objects],
        *,
        as_of: date,
        catalog: ItemCatalog,
        history: History | None,
    ) -> None:
        self.task_id = task_id
        self.items = items
        #: the day at which the registries were looked at
        self.as_of = as_of
        self._catalog = catalog
        self._history = history
        self._subjects = subjects
        self._rows = rows
        self._eligible = eligible
        #: reason → ids left out for it, in the order in which reasons are asked; none is empty
        self.excluded: Mapping[str, Objects] = excluded

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<Frame of {len(self)} subjects for task {self.task_id!r}, items {self.items}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return (
            (self.task_id, self.items) == (other.task_id, other.items)
            and np.array_equal(self.ids, other.ids)
            and np.array_equal(self._eligible, other._eligible)
            and (self.as_of, self._history) == (other.as_of, other._history)
            and self._subjects == other._subjects
            and self._catalog == other._catalog
            and list(self.excluded) == list(other.excluded)
            and all(np.array_equal(self.excluded[r], other.excluded[r]) for r in self.excluded)
        )

    def __hash__(self) -> int:
        return hash((self.task_id, self.items, len(self)))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"excluded": dict(self.excluded)}

    @cached_property
    def ids(self) -> Objects:
        """The ids of all who could be drawn, ascending by their UTF-8 bytes."""
        return self.column("id")

    def column(self, name: str) -> Objects:
        """A field of `Subject` for everybody in the frame: a read-only array of Python values."""
        values = self._subjects.column(name)[self._rows]
        values.flags.writeable = False
        return values

    def codes(self, name: str) -> Codes:
        """A field with few distinct values as codes; ids, names and owners are not stored so."""
        return self._subjects.codes(name).take(self._rows)

    def eligible(self, item: str) -> Mask:
        """To whom an item applies: a read-only boolean array of shape `(len(self),)`."""
        if item not in self.items:
            raise UnknownNameError("item", (item,), self.items)
        mask: Mask = self._eligible[self.items.index(item)].view()
        mask.flags.writeable = False
        return mask

    def strata(self, *names: str) -> Iterator[tuple[tuple[Any, ...], Positions]]:
        """The groups of equal values in some columns, as `(values, positions)`.

        In ascending order of the values, unknown ones (`None`) first; without names, one group.
        """
        columns = [self.codes(name) for name in names]
        combined = np.zeros(len(self), dtype=np.int64)
        for column in columns:
            order = sorted(range(len(column.values)), key=lambda code: _rank(column.values[code]))
            rank = np.empty(len(order), dtype=np.int64)
            rank[order] = np.arange(len(order))
            combined = combined * len(order) + rank[column.codes]
        sorting = np.argsort(combined, kind="stable").astype(np.int32)
        starts = np.flatnonzero(np.diff(combined[sorting], prepend=-1))
        for positions in np.split(sorting, starts[1:]) if len(self) else ():
            first = positions[0]
            yield tuple(column.values[column.codes[first]] for column in columns), positions

    def item(self, name: str) -> Item:
        """An item of the frame as the catalog states it."""
        if name not in self.items:
            raise UnknownNameError("item", (name,), self.items)
        return self._catalog[name]

    def for_items(self, *items: str, among: Mask | None = None) -> tuple[Frame, Positions]:
        """The part of the frame that any of these items applies to, with those items alone.

        Only those in the mask `among` where one is given. With it come the positions of its
        subjects in this frame.
        """
        wanted = np.array([self.eligible(item) for item in items], dtype=bool)
        chosen = wanted.any(axis=0) if among is None else wanted.any(axis=0) & among
        positions = np.flatnonzero(chosen).astype(np.int32)
        part = Frame(
            self.task_id,
            items,
            self._subjects,
            self._rows[positions],
            wanted[:, positions],
            self.excluded,
            as_of=self.as_of,
            catalog=self._catalog,
            history=self._history,
        )
        return part, positions

    def within(self, scope: Scope) -> Mask:
        """Who is in a scope: a boolean array of shape `(len(self),)`."""
        mask: Mask = in_scope(scope, self._subjects)[self._rows]
        return mask

    def times_drawn(self, after: date, *, tasks: Sequence[str] = ()) -> Positions:
        """How often each subject was drawn after a day: whole numbers, shape `(len(self),)`.

        By any task, or only by those whose id begins with one of `tasks`. Raises `ParameterError`
        when there is no history.
        """
        history = needed(self._history, "how often subjects were drawn")
        counted = history.codes("drawn_on").where(lambda drawn: drawn > after)
        if tasks:
            counted &= history.codes("task").where(lambda task: task.startswith(tuple(tasks)))
        return times_drawn(self._subjects, history, counted)[self._rows].astype(np.int32)

    def renamed(self, names: Mapping[str, str]) -> Frame:
        """The same facts under other ids: a new one for each subject of the frame."""
        known = {*names}
        facts = [self._subjects[name] for name in self.ids]
        subjects = SubjectRegistry.from_records(
            evolve(fact, id=names[fact.id], owner=names.get(fact.owner or "", fact.owner))
            for fact in facts
        )
        history = None
        if self._history is not None:
            past = [fact for fact in self._history if fact.subject in known]
            history = History.from_records(
                evolve(fact, subject=names[fact.subject]) for fact in past
            )
        order = np.argsort([subjects.position(names[name]) for name in self.ids])
        return Frame(
            self.task_id,
            self.items,
            subjects,
            np.arange(len(order)),
            self._eligible[:, order],
            self.excluded,
            as_of=self.as_of,
            catalog=self._catalog,
            history=history,
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many were left out for each reason."""
        return {reason: len(ids) for reason, ids in self.excluded.items()}


def build_frame(
    task: FrameRequest,
    *,
    subjects: SubjectRegistry,
    catalog: ItemCatalog,
    history: History | None = None,
) -> Frame:
    """The frame of a task.

    Raises `UnknownNameError` for an item that the catalog does not have, or a region or id in a
    scope that the registry does not have; `ParameterError` when an exclusion needs the history
    and there is none; `EmptyFrameError` when nobody is left.
    """
    expect("subjects", subjects, SubjectRegistry)
    expect("catalog", catalog, ItemCatalog)
    expect("history", history, History | None)
    catalog.positions(task.items, "item")
    scopes = [catalog[item].applies_to for item in task.items]
    _check_scope(task.scope, subjects)
    reasons = dict(_left_out(task, subjects, history))
    eligible = np.array([in_scope(scope, subjects) for scope in scopes], dtype=bool)
    reasons["no-item"] = np.asarray(~eligible.any(axis=0))
    excluded: dict[str, Objects] = {}
    remaining = np.ones(len(subjects), dtype=bool)
    for reason, mask in reasons.items():
        ids = subjects.ids[remaining & mask]
        if len(ids):
            ids.flags.writeable = False
            excluded[reason] = ids
        remaining = remaining & ~mask
    if not remaining.any():
        raise EmptyFrameError(task.id, {reason: len(ids) for reason, ids in excluded.items()})
    rows = np.flatnonzero(remaining)
    log.info("frame of task %s: %d of %d subjects", task.id, len(rows), len(subjects))
    return Frame(
        task.id,
        task.items,
        subjects,
        rows,
        eligible[:, rows],
        MappingProxyType(excluded),
        as_of=task.as_of,
        catalog=catalog,
        history=history,
    )


def expect(name: str, value: object, kind: Any) -> None:
    """`ParameterError` for a registry that is none, such as a dataframe given as it is."""
    if not isinstance(value, kind):
        wanted = getattr(kind, "__name__", str(kind))
        remedy = f"make a {wanted} of it with from_records or from_dataframe"
        raise ParameterError(name, f"a {type(value).__name__}", "is no registry", remedy)


def _left_out(
    task: FrameRequest, subjects: SubjectRegistry, history: History | None
) -> Iterator[tuple[str, Mask]]:
    """Each reason with those it holds for, in the order in which reasons are asked."""
    scope = task.scope
    yield "status", ~_statuses(scope, subjects)
    yield "region", ~_regions(scope, subjects)
    yield "scope", ~_rest_of_scope(scope, subjects)
    before = np.zeros(len(subjects), dtype=bool)
    for exclusion in task.exclusions:
        mask = exclusion.excludes(subjects, history, task.as_of, before)
        before = before | mask
        yield exclusion.reason, mask


def _statuses(scope: Scope, subjects: SubjectRegistry) -> Mask:
    if scope.statuses is None:
        return np.ones(len(subjects), dtype=bool)
    return subjects.matches("status", scope.statuses)


def _regions(scope: Scope, subjects: SubjectRegistry) -> Mask:
    if scope.regions is None:
        return np.ones(len(subjects), dtype=bool)
    return subjects.matches("region", scope.regions)


def _rest_of_scope(scope: Scope, subjects: SubjectRegistry) -> Mask:
    mask = np.ones(len(subjects), dtype=bool)
    for name, column in _SCOPE_COLUMNS.items():
        wanted: Sequence[str] | None = getattr(scope, name)
        if wanted is not None:
            mask &= subjects.matches(column, wanted)
    if scope.ids is not None:
        named = np.zeros(len(subjects), dtype=bool)
        named[[subjects.position(name) for name in scope.ids if name in subjects]] = True
        mask &= named
    return mask


def in_scope(scope: Scope, subjects: SubjectRegistry) -> Mask:
    """The rows of a registry that are in a scope."""
    return _statuses(scope, subjects) & _regions(scope, subjects) & _rest_of_scope(scope, subjects)


def _check_scope(scope: Scope, subjects: SubjectRegistry) -> None:
    """A task's scope names only regions and ids that the registry has."""
    known = subjects.codes("region").values
    unknown = [
        prefix
        for prefix in scope.regions or ()
        if not any(region.startswith(prefix) for region in known)
    ]
    if unknown:
        raise UnknownNameError("region", unknown, known, "no subject is there")
    if scope.ids is not None:
        subjects.positions(scope.ids, "subject in the scope")


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")
