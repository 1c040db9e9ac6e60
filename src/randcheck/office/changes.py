"""Histories of facts that have ids: every change, since when, from where and why.

Rules enforced here:
1. Nothing is overwritten. A change is a row (id, field, value, since, source, reason) behind all
   others, and a history is made of its rows alone.
2. What holds on a day is the row with the latest since-day up to it; of one day's rows the last.
3. A change dated before the last one of the same field is refused, unless it is stated to be a
   correction; then both stay. Nothing is dated before its id was registered.
4. All problems of a call are named at once, and nothing of it is taken then.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import repeat
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import attrs
import numpy as np

from randcheck import canonical
from randcheck.errors import DataError, Problem, UnknownNameError, shorten
from randcheck.fields import DAY, Fact, Fault, Kind, default_of, kinds
from randcheck.ids import id_fault
from randcheck.office.rows import (
    ROW,
    Batch,
    Column,
    Ground,
    Ints,
    by_field,
    clean_ground,
    coded,
    last_before,
    loaded,
    objects,
    one_field,
    parsed,
    place,
    shown,
    tuples,
)
from randcheck.registry import Registry
from randcheck.table import Mask, Objects

F = TypeVar("F", bound=Fact)


class Change(NamedTuple):
    """One change: from the day `since` on, a field of `id` has this value.

    `source` says who or what it comes from, `reason` why. A `correction` may be dated before other
    changes of the same field: it holds from its day to the next one's.
    """

    id: str
    field: str
    value: Any
    since: date
    source: str
    reason: str
    correction: bool = False


class Changes(Generic[F]):
    """A history of changes of facts that have ids. It starts empty; each call gives a new one.

    The rows are columns of whole numbers, so that millions fit. A call copies the columns that it
    adds to, so many changes are best given at once.
    """

    registry: ClassVar[type[Registry[Any]]]
    #: Fields that the history keeps beside those of the registry's facts.
    more: ClassVar[Mapping[str, Kind]] = {}
    #: Fields of the facts that have a history of their own, so that none are given here.
    apart: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._grounds: dict[Ground, int] = {}
        self._columns: dict[str, Column] = {}
        self._size = 0

    @classmethod
    def fields(cls) -> dict[str, Kind]:
        """The kind of each field that can change: all but the id."""
        own = {**kinds(cls.registry.model), **cls.more}
        return {name: own[name] for name in own if name not in ("id", *cls.apart)}

    @classmethod
    def _required(cls) -> list[str]:
        """The fields without a default. The rows of the first say since when an id is there."""
        fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(cls.registry.model)
        return [each.name for each in fields if each.default is attrs.NOTHING and each.name != "id"]

    @classmethod
    def _default(cls, field: str) -> Any:
        if field in cls.more or field in cls._required():
            return None
        return default_of(getattr(attrs.fields(cls.registry.model), field))

    # --- recording -----------------------------------------------------------------------------

    def registered(
        self, facts: Registry[Any] | Iterable[Any], *, since: date, source: str, reason: str
    ) -> Self:
        """With new facts from a day on; bad rows are counted in the order of the ids."""
        given = facts if isinstance(facts, Registry) else self.registry.from_records(facts)
        ids = given.ids.tolist()
        again, elsewhere = "is registered already", "has a history of its own"
        wrong = [(row, "id", again) for row, name in enumerate(ids) if name in self._ids]
        batches = []
        for field in (name for name in kinds(self.registry.model) if name != "id"):
            values, default = given.column(field).tolist(), self._default(field)
            rows = [row for row, value in enumerate(values) if value != default]
            if field in self.apart:
                wrong += [(row, field, elsewhere) for row in rows]
            some = {ids[row]: values[row] for row in rows}
            batches.append(one_field(field, rows, some, since, (source, reason, False)))
        if wrong:
            remedy = "leave it out here, and state the change"
            raise self._refusal(
                Problem(row, field, shown(ids[row]), told, remedy) for row, field, told in wrong
            )
        return self._recorded([batch for batch in batches if batch.field not in self.apart])

    def changed(
        self,
        field: str,
        values: Mapping[str, Any],
        *,
        since: date,
        source: str,
        reason: str,
        correction: bool = False,
    ) -> Self:
        """With another value of one field for each of some ids, from a day on."""
        ground = source, reason, correction
        return self._recorded([one_field(field, range(len(values)), values, since, ground)])

    def extended(self, changes: Iterable[Change]) -> Self:
        """With all these changes in their order; a new id needs its required fields on one day."""
        columns = list(zip(*changes, strict=True))
        return self._recorded(by_field(*columns)) if columns else self

    def _recorded(self, batches: Sequence[Batch]) -> Self:
        unknown = [batch.field for batch in batches if batch.field not in self.fields()]
        if unknown:
            raise UnknownNameError(f"field of {self.registry.title}", unknown, self.fields())
        if not (batches := [batch for batch in batches if batch.rows]):
            return self
        new = type(self)()
        new._ids, new._grounds = dict(self._ids), dict(self._grounds)
        new._columns, new._size = dict(self._columns), self._size
        problems = list(new._register(batches))
        for batch in batches:
            new._append(batch, problems)
        for check in (new._too_early, new._contradictions):
            problems += check(batches) if not problems else ()
        if problems:
            raise self._refusal(problems)
        new._number(batches)
        return new

    def _refusal(self, problems: Iterable[Problem]) -> DataError:
        ordered = sorted(problems, key=lambda each: -1 if each.row is None else each.row)
        return DataError(self.registry.title, ordered)

    def _register(self, batches: Sequence[Batch]) -> Iterator[Problem]:
        """Give new ids their codes, and say which required fields they lack on their first day."""
        key, *others = self._required()
        first: dict[str, tuple[int, date]] = {}
        said: dict[str, set[tuple[str, date]]] = {field: set() for field in others}
        for batch in batches:
            if batch.field != key and batch.field not in said:
                continue
            for row, name, since in zip(batch.rows, batch.ids, batch.since, strict=True):
                if name in self._ids or type(since) is not date:
                    continue
                if batch.field == key:
                    first.setdefault(name, (row, since))
                else:
                    said[batch.field].add((name, since))
        for name, (row, since) in first.items():
            for field in others:
                if (name, since) not in said[field]:
                    reason = f"is said of the new {shown(name)}"
                    yield Problem(row, field, "nothing", reason, "give it from the same day")
            if fault := id_fault(name):
                yield Problem(row, "id", shown(name), *fault)
            self._ids[name] = len(self._ids)

    def _append(self, batch: Batch, problems: list[Problem]) -> None:
        """Put a batch behind its field's column; what is wrong with a cell goes to `problems`."""
        old = self._columns.get(batch.field, Column(np.empty(0, dtype=ROW), {}))
        pool, kind = dict(old.values), self.fields()[batch.field]
        made = np.zeros(len(batch.rows), dtype=ROW)
        for name, column, raw, code in (
            ("since", "since", batch.since, lambda day: DAY.clean(day).toordinal()),
            ("ground", None, batch.grounds, lambda each: place(self._grounds, clean_ground(each))),
            ("value", batch.field, batch.values, lambda value: place(pool, kind.clean(value))),
        ):
            made[name] = coded(raw, batch.rows, column, code, problems)
        ids = [*map(self._ids.get, batch.ids)]
        made["id"] = (
            coded(batch.ids, batch.rows, "id", self._code, problems) if None in ids else ids
        )
        self._columns[batch.field] = Column(np.concatenate([old.rows, made]), pool)

    def _code(self, fact_id: Any) -> int:
        if fact_id not in self._ids:
            raise Fault(f"is not in the registry of {self.registry.title}", "register it first")
        return self._ids[fact_id]

    def _too_early(self, batches: Sequence[Batch]) -> Iterator[Problem]:
        """What is dated before its id was registered, or before the field's last change."""
        for batch in batches:
            rows = self._columns[batch.field].rows
            old, made = np.split(rows, [len(rows) - len(batch.rows)])
            first, last = self._first_days()[made["id"]], last_before(old, made, len(self._ids))
            last[np.array([correction for _, _, correction in batch.grounds], dtype=bool)] = 0
            for at in np.flatnonzero(made["since"] < np.maximum(first, last)).tolist():
                value = f"{shown(batch.ids[at])} since {batch.since[at]}"
                day = date.fromordinal(int(max(first[at], last[at])))
                if last[at] > first[at]:
                    reason = f"comes after a change of {day}"
                    remedy = "date it from that day on, or state that it is a correction"
                else:
                    reason, remedy = f"is before its registration on {day}", "date it from that day"
                yield Problem(batch.rows[at], batch.field, value, reason, remedy)

    def _contradictions(self, batches: Sequence[Batch]) -> Iterable[Problem]:
        """What cannot be true of an id although each of its values can."""
        return ()

    def _number(self, batches: Sequence[Batch]) -> None:
        """Give new rows their places: in the order of the caller's rows, then of the fields."""
        rows = [row for batch in batches for row in batch.rows]
        places = np.empty(len(rows), dtype=np.int32)
        order = np.argsort(np.array(rows, dtype=np.int64), kind="stable")
        places[order] = np.arange(self._size, self._size + len(rows))
        start = 0
        for batch in batches:
            column, size = self._columns[batch.field].rows, len(batch.rows)
            column["sequence"][len(column) - size :] = places[start : start + size]
            start += size
        self._size += len(rows)

    # --- reading -------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many changes there are."""
        return self._size

    def __contains__(self, fact_id: object) -> bool:
        return fact_id in self._ids

    def __iter__(self) -> Iterator[Change]:
        """All changes, in the order in which they were recorded."""
        return self._changes({field: column.rows for field, column in self._columns.items()})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((type(self), self._size))

    def __repr__(self) -> str:
        what = f"{len(self._ids)} {self.registry.title}, {self._size} changes"
        return f"<{type(self).__name__} of {what}>"

    def history(self, fact_id: str) -> tuple[Change, ...]:
        """All changes of one id, in the order in which they were recorded."""
        if fact_id not in self._ids:
            raise UnknownNameError(f"id in the registry of {self.registry.title}", (fact_id,), ())
        code = self._ids[fact_id]
        return tuple(self._changes_of([code], self._columns))

    def _changes_of(self, codes: Sequence[int], fields: Iterable[str]) -> Iterator[Change]:
        """The changes of some ids and fields, in the order in which they were recorded."""
        parts = {field: self._columns[field].rows for field in fields if field in self._columns}
        return self._changes({f: rows[np.isin(rows["id"], codes)] for f, rows in parts.items()})

    def _changes(self, columns: Mapping[str, Ints]) -> Iterator[Change]:
        names, grounds = list(self._ids), list(self._grounds)
        pools = {field: list(self._columns[field].values) for field in columns}
        merged = heapq.merge(*(zip(tuples(rows), repeat(field)) for field, rows in columns.items()))
        for (_, name, value, since, ground), field in merged:
            source, reason, correction = grounds[ground]
            day = date.fromordinal(since)
            yield Change(names[name], field, pools[field][value], day, source, reason, correction)

    def as_of(self, day: date, *, known: int | None = None) -> Any:
        """The registry as it was on a day. `known` looks at the first so many changes alone, so
        that what was frozen once is found again after a correction.
        """
        there = self.present(day, known)
        columns = {name: self.values(name, day, known=known)[there] for name in self.fields()}
        own = {name: columns[name].tolist() for name in columns if name not in self.more}
        return self.registry.from_columns({"id": objects(self._ids)[there].tolist(), **own})

    def values(self, field: str, day: date, *, known: int | None = None) -> Objects:
        """A field of every id on a day, in the order of `ids`; its default if nothing was said."""
        if field not in self.fields():
            raise UnknownNameError(f"field of {self.registry.title}", (field,), self.fields())
        pool = self._columns[field].values if field in self._columns else {}
        found = self._last(field, "value", day, known)
        chosen: Objects = objects([*pool, self._default(field)])[found]  # -1 is the last
        return chosen

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids, also of those registered later than some day, as they were registered."""
        return tuple(self._ids)

    def said(self, field: str, day: date) -> dict[str, date]:
        """Since when each id that is there on a day has its value of a field, if one was said."""
        self.values(field, day)  # the field is known
        found, there = self._last(field, "since", day), self.present(day)
        pairs = zip(self._ids, found.tolist(), there.tolist(), strict=True)
        return {name: date.fromordinal(since) for name, since, here in pairs if here and since >= 0}

    def present(self, day: date, known: int | None = None) -> Mask:
        """Who was registered up to a day, in the order of `ids`."""
        mask: Mask = self._last(self._required()[0], "since", day, known) >= 0
        return mask

    def _last(self, field: str, what: str, day: date, known: int | None = None) -> Ints:
        """What the row of a field says that holds on a day, for each id; -1 without one."""
        found = np.full(len(self._ids), -1, dtype=np.int32)
        if field in self._columns:
            rows = self._columns[field].rows
            if known is not None:
                rows = rows[: int(np.searchsorted(rows["sequence"], known))]
            rows = rows[rows["since"] <= DAY.clean(day).toordinal()]
            rows = rows[np.argsort(rows["since"], kind="stable")]
            found[rows["id"]] = rows[what]  # of several rows of an id the last one stays
        return found

    def _first_days(self) -> Ints:
        """The day on which each id was registered, as an ordinal."""
        rows = self._columns[self._required()[0]].rows[::-1]
        first = np.zeros(len(self._ids), dtype=np.int32)
        first[rows["id"]] = rows["since"]
        return first

    # --- to keep it elsewhere ------------------------------------------------------------------

    def columns(self) -> dict[str, list[Any]]:
        """All changes as columns of texts, in their order, for a file or a database.

        Values are canonical JSON, days YYYY-MM-DD, `correction` is a bool.
        """
        parts: dict[str, list[Objects]] = {name: [] for name in Change._fields}
        sequence = [np.zeros(0, dtype=np.int32)]
        ids, grounds = objects(self._ids), [*map(objects, zip(*self._grounds, strict=True))]
        for field, (rows, pool) in self._columns.items():
            kind, days = self.fields()[field], np.unique(rows["since"])
            values = [canonical.dumps(v if v is None else kind.plain(v)).decode() for v in pool]
            dates = [date.fromordinal(day).isoformat() for day in days.tolist()]
            pairs = [
                (ids, rows["id"]),
                (objects([field]), np.zeros(len(rows), dtype=np.int32)),
                (objects(values), rows["value"]),
                (objects(dates), np.searchsorted(days, rows["since"])),
                *((ground, rows["ground"]) for ground in grounds),
            ]
            for name, (texts, codes) in zip(Change._fields, pairs, strict=True):
                parts[name].append(texts[codes])
            sequence.append(rows["sequence"])
        order = np.argsort(np.concatenate(sequence))
        return {
            name: np.concatenate([objects([]), *part])[order].tolist()
            for name, part in parts.items()
        }

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> Self:
        """The history that `columns` described; `DataError` for what is not written so, by row."""
        if {*columns} != {*Change._fields} or len({*map(len, columns.values())}) != 1:
            found = shorten({name: len(column) for name, column in columns.items()})
            remedy = f"give {', '.join(Change._fields)}, all of one length"
            raise DataError("changes", [Problem(None, None, found, "are other columns", remedy)])
        schema, problems, batches = cls.fields(), list[Problem](), list[Batch]()
        for batch in by_field(*(columns[name] for name in Change._fields)):
            read = partial(loaded, schema.get(batch.field))
            values = parsed(batch.values, batch.rows, "value", read, problems)
            days = parsed(batch.since, batch.rows, "since", DAY.parse, problems)
            batches.append(batch._replace(values=values, since=days))
        if problems:
            raise DataError("changes", problems)
        return cls()._recorded(batches)
