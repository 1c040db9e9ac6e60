"""Exchange with a superior's platform: columns and words mapped by data, not by code.

Rules enforced here:
1. A mapping says for each of their columns which of ours it is, and for each of our words theirs.
   It is kept as TOML; one for a made-up province is in the package.
2. Each direction is total: a word without a counterpart is an error that names row, column, value.
3. What is exported and imported again is the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from attrs import field, frozen

from randcheck.errors import DataError, Problem, shorten
from randcheck.fields import FrozenMapping

#: How a column's values are written: as they are, as a day, or as a list with a separator.
TYPES = ("text", "date", "list", "count")


@frozen(kw_only=True)
class MappedColumn:
    """Their column, our field, and the words that differ (ours → theirs).

    A `date` is written by `format` (of `strftime`), a `list` joined by `separator`.
    """

    theirs: str
    ours: str
    type: str = "text"
    format: str = "%Y-%m-%d"
    separator: str = ";"
    required: bool = True
    words: Mapping[str, str] = field(factory=dict, converter=FrozenMapping)


def _as_columns(value: Iterable[MappedColumn]) -> tuple[MappedColumn, ...]:
    columns = tuple(value)
    problems = list[Problem]()
    for name in ("theirs", "ours"):
        given = [getattr(each, name) for each in columns]
        twice = sorted({each for each in given if given.count(each) > 1})
        problems += [
            Problem(None, name, repr(each), "is there twice", "map it once") for each in twice
        ]
    for column in columns:
        if column.type not in TYPES:
            remedy = f"write one of {', '.join(TYPES)}"
            problems.append(Problem(None, column.theirs, repr(column.type), "is no type", remedy))
        values = [*column.words.values()]
        if len(set(values)) < len(values):
            reason, remedy = "maps two of our words to one", "give each its own"
            problems.append(Problem(None, column.theirs, shorten(values), reason, remedy))
    if not columns:
        problems.append(Problem(None, None, "()", "has no column", "give one at least"))
    if problems:
        raise DataError("mapping", problems)
    return columns


@frozen
class Exchange:
    """A mapping for one kind of rows on one platform."""

    platform: str
    kind: str
    columns: tuple[MappedColumn, ...] = field(converter=_as_columns)

    def export(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
        """Our rows as theirs, all values as text. Raises `DataError` with every problem."""
        return _each(rows, self.columns, "ours", "theirs", _outward)

    def read(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Their rows as ours. Raises `DataError` with every problem, rows counted from 1."""
        return _each(rows, self.columns, "theirs", "ours", _inward)


def load_exchange(source: str | Path, kind: str) -> Exchange:
    """The mapping of a kind of rows from a TOML file, or by name one that the package has.

    Raises `DataError` for a file that is no mapping.
    """
    if isinstance(source, Path) or source.endswith(".toml"):
        text = Path(source).read_text(encoding="utf-8")
    else:
        text = (resources.files("randcheck.office") / "platforms" / f"{source}.toml").read_text(
            encoding="utf-8"
        )
    try:
        data = tomllib.loads(text)
        columns = [MappedColumn(**each) for each in data[kind]]
        return Exchange(str(data["platform"]), kind, columns)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        remedy = "give platform, and a list of tables for each kind of rows"
        problem = Problem(None, kind, str(source), f"is no mapping: {error}", remedy)
        raise DataError("mapping", [problem]) from None


def _each(
    rows: Iterable[Mapping[str, Any]],
    columns: tuple[MappedColumn, ...],
    here: str,
    there: str,
    change: Any,
) -> list[Any]:
    out, problems = [], []
    for number, row in enumerate(rows, 1):
        changed = {}
        for column in columns:
            name, value = getattr(column, here), row.get(getattr(column, here))
            if value in (None, "", (), []):
                if column.required:
                    remedy = "give it, or let the mapping say required = false"
                    problems.append(Problem(number, name, "nothing", "is missing", remedy))
                changed[getattr(column, there)] = change(column, None)
                continue
            try:
                changed[getattr(column, there)] = change(column, value)
            except _UnmappedError as unmapped:
                reason, remedy = unmapped.args
                problems.append(Problem(number, name, shorten(value), reason, remedy))
        if here == "theirs":
            problems += [
                Problem(number, str(name), shorten(row[name]), "is in no column of the mapping",
                        "map the column, or leave it out")
                for name in row if name not in {column.theirs for column in columns}
            ]  # fmt: skip
        out.append(changed)
    if problems:
        raise DataError("rows", problems)
    return out


class _UnmappedError(Exception):
    """A value that has no counterpart: the reason, and what would be right."""


def _outward(column: MappedColumn, value: Any) -> str:
    if value is None:
        return ""
    if column.type == "date":
        if not isinstance(value, date):
            raise _UnmappedError("is no date", "give a datetime.date")
        return value.strftime(column.format)
    if column.type == "list":
        words = [_word(column.words, each) for each in value]
        if any(column.separator in word for word in words):
            raise _UnmappedError(f"holds {column.separator!r}", "choose another separator")
        return column.separator.join(words)
    return _word(column.words, value)


def _inward(column: MappedColumn, value: Any) -> Any:
    if value is None:
        return [] if column.type == "list" else None
    back = {theirs: ours for ours, theirs in column.words.items()}
    if column.type == "date":
        return _day(column, value)
    if column.type == "list":
        return [_word(back, each) for each in str(value).split(column.separator)]
    word = _word(back, value)
    if column.type == "count":
        if not (word.isascii() and word.isdigit()):
            raise _UnmappedError("is no whole number from 0", "write digits")
        return int(word)
    return word


def _day(column: MappedColumn, value: Any) -> date:
    try:
        day = datetime.strptime(str(value), column.format).date()
    except ValueError:
        raise _UnmappedError("is no date", f"write it as {column.format}") from None
    if day.strftime(column.format) != value:
        raise _UnmappedError("is written in another way", f"write it as {column.format}")
    return day


def _word(words: Mapping[str, str], value: Any) -> str:
    if not words:
        return str(value)
    if value not in words:
        raise _UnmappedError("has no counterpart", f"map it; known are {', '.join(words)}")
    return words[value]
