"""The rows of a history as columns of whole numbers: coding, grouping, and their order.

Rules enforced here:
1. A value is cleaned before it gets a code; what cannot be cleaned is reported with its row.
2. A citizen's identity number is never shown in an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from randcheck import canonical
from randcheck.errors import CanonicalError, DataError, Problem, shorten
from randcheck.fields import FLAG, NAME, Fault, Kind
from randcheck.ids import looks_like_identity_number
from randcheck.table import Objects

Ints = npt.NDArray[Any]

#: A row of a field: its place among all rows; codes of id, value and ground; the day's ordinal.
ROW = np.dtype([(name, np.int32) for name in ("sequence", "id", "value", "since", "ground")])
#: More than the ordinal of any day, so that an id's code and a day make one number.
_SPAN = 1 << 22
_CHUNK = 1 << 16


Ground = tuple[str, str, bool]


class Column(NamedTuple):
    """All rows of a field, in the order in which they were recorded, and the code of each value."""

    rows: Ints
    values: dict[Any, int]


class Batch(NamedTuple):
    """Changes of one field that come together; `rows` are their places in what the caller gave."""

    field: str
    rows: Sequence[int]
    ids: Sequence[str]
    values: Sequence[Any]
    since: Sequence[date]
    grounds: Sequence[Ground]


#: Types whose values have hashes and equal no value of another type.
_PLAIN = frozenset({str, type(None), date, bool})


def objects(values: Iterable[Any]) -> Objects:
    """An array of Python values, whatever they are."""
    given = list(values)
    array = np.empty(len(given), dtype=object)
    array[:] = given
    return array


def tuples(rows: Ints) -> Iterator[tuple[int, ...]]:
    """Rows as tuples of whole numbers, a part at a time."""
    for start in range(0, len(rows), _CHUNK):
        yield from rows[start : start + _CHUNK].tolist()


def one_field(
    field: str, rows: Sequence[int], values: Mapping[str, Any], since: date, ground: Ground
) -> Batch:
    """Changes of one field on one day and one ground."""
    size = len(values)
    return Batch(field, rows, [*values], [*values.values()], [since] * size, [ground] * size)


def by_field(
    ids: Sequence[str],
    fields: Sequence[str],
    values: Sequence[Any],
    since: Sequence[date],
    sources: Sequence[str],
    reasons: Sequence[str],
    corrections: Sequence[bool],
) -> list[Batch]:
    """Columns of changes of many fields, taken apart; `DataError` for ids or fields not text."""
    problems = [
        Problem(row, column, shorten(value), "is not text", "give it as text")
        for column, values_ in (("id", ids), ("field", fields))
        for row, value in enumerate(values_)
        if type(value) is not str
    ]
    if problems:
        raise DataError("changes", problems)
    known: dict[Ground, Ground] = {}
    rows_of: dict[str, list[int]] = {}
    for row, field in enumerate(fields):
        rows_of.setdefault(field, []).append(row)
    return [
        Batch(
            field,
            rows,
            [ids[row] for row in rows],
            [values[row] for row in rows],
            [since[row] for row in rows],
            [_once(known, (sources[row], reasons[row], corrections[row])) for row in rows],
        )
        for field, rows in rows_of.items()
    ]


def _once(known: dict[Ground, Ground], ground: Ground) -> Ground:
    """An equal ground that is there already, so that a million rows share few; odd ones stay."""
    try:
        return known.setdefault(ground, ground) if type(ground[2]) is bool else ground
    except TypeError:
        return ground


def coded(
    raw: Sequence[Any],
    rows: Sequence[int],
    column: str | None,
    code_of: Callable[[Any], int],
    problems: list[Problem],
) -> list[int]:
    """The code of each raw value, 0 for those that are reported; equal ones are looked at once."""
    if _simple(raw):
        try:
            known = {value: code_of(value) for value in dict.fromkeys(raw)}
        except Fault:
            pass  # which rows it stands in is found below
        else:
            return [*map(known.__getitem__, raw)]
    codes = []
    for row, value in zip(rows, raw, strict=True):
        try:
            codes.append(code_of(value))
        except Fault as fault:
            problems.append(Problem(row, column, shown(value), fault.reason, fault.remedy))
            codes.append(0)
    return codes


def _simple(raw: Sequence[Any]) -> bool:
    """Whether all are texts, days, …, or tuples of such, so that they have hashes and are equal
    only where they are the same.
    """
    kinds = set(map(type, raw))
    if kinds == {tuple}:
        kinds = set(map(type, chain.from_iterable(raw)))
    return kinds <= _PLAIN


def place(pool: dict[Any, int], value: Any) -> int:
    """The code of a value, a new one for a new value."""
    return pool.setdefault(value, len(pool))


def clean_ground(ground: Ground) -> Ground:
    """Source, reason and whether it is a correction, cleaned."""
    source, reason, correction = ground
    return NAME.clean(source), NAME.clean(reason), FLAG.clean(correction)


def shown(value: Any) -> str:
    """A value as an error shows it: never a citizen's identity number."""
    hidden = isinstance(value, str) and looks_like_identity_number(value)
    return "(not shown)" if hidden else shorten(value)


def last_before(old: Ints, made: Ints, size: int) -> Ints:
    """The latest since-day of each new row's id in all rows before it; 0 where there is none."""
    last = np.zeros(size, dtype=np.int64)
    np.maximum.at(last, old["id"], old["since"])
    order = np.argsort(made["id"], kind="stable")
    ids = made["id"][order].astype(np.int64)
    days = np.maximum(made["since"][order], last[ids])
    running = np.maximum.accumulate(ids * _SPAN + days) - ids * _SPAN
    before, again = last[ids], np.flatnonzero(ids[1:] == ids[:-1])
    before[again + 1] = running[again]
    found = np.empty_like(before)
    found[order] = before
    return found


def parsed(
    raw: Sequence[Any],
    rows: Sequence[int],
    column: str,
    parse: Callable[[Any], Any],
    problems: list[Problem],
) -> list[Any]:
    """Each text parsed, equal ones once; nothing where there are problems."""
    values: list[Any] = []

    def code_of(text: Any) -> int:
        values.append(parse(text))
        return len(values) - 1

    codes = coded(raw, rows, column, code_of, problems)
    return [] if problems else [values[code] for code in codes]


def loaded(kind: Kind | None, text: Any) -> Any:
    """A value from its canonical JSON; that of an unknown field is looked at by nobody."""
    try:
        value = canonical.loads(text.encode())
    except (AttributeError, CanonicalError):
        raise Fault("is no canonical JSON", "write texts in quotes, and null for none") from None
    return value if kind is None or value is None else kind.parse(value)
