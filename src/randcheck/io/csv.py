"""Registries as CSV files, and the list of visits.

Rules enforced here:
1. UTF-8, a header with the fields' names, a line a fact. An empty cell is an unknown value or an
   empty set; sets are written with `;` between their entries, dates as YYYY-MM-DD, a period as
   first/last day, an id with its day as id=day.
2. A cell that begins with `=` is a formula that a spreadsheet left; it is refused. Texts that a
   spreadsheet would take for formulas are written as `guard` says, and read back as they were.
3. A row with more or fewer cells than the header, or an unfinished quote, is an error that names
   the row as a spreadsheet counts it, blank ones too; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from randcheck.draw import Draw
from randcheck.errors import DataError, Problem, shorten
from randcheck.fields import DATED_IDS, PERIODS, Kind, kinds
from randcheck.io.guard import guard, unguard
from randcheck.models import SCOPE, Scope
from randcheck.registry import SubjectRegistry
from randcheck.table import Table

T = TypeVar("T", bound=Table[Any])

#: Between the entries of a set.
SEPARATOR = ";"

#: In a scope's column: no restriction. An empty cell there means what `Scope` means by default.
ANY = "*"

_SCOPE = "applies_to."


def read_csv(path: str | Path, table: type[T]) -> T:
    """A registry, catalog or history from a CSV file; errors count rows as a spreadsheet does.

    The scope of an item is in columns such as `applies_to.tags` and `applies_to.kinds`.
    """
    header, lines, numbers = _read(Path(path))
    schema = kinds(table.model)
    columns: dict[str, list[Any]] = {}
    for place, name in enumerate(header):
        texts = [line[place] for line in lines]
        kind = schema.get(name) or kinds(Scope).get(name.removeprefix(_SCOPE))
        columns[name] = [_value(text, kind) for text in texts]
    scopes = [name for name in header if name.startswith(_SCOPE)]
    if scopes and "applies_to" in schema:
        columns["applies_to"] = _scopes({name: columns.pop(name) for name in scopes}, len(lines))
    try:
        return table.from_columns(columns, row_numbers=numbers)
    except DataError as error:
        raise DataError(str(path), error.problems) from None


def _read(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """The header, the rows that are not blank, and the number of each, from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(None, None, f"byte {error.start}", "is not UTF-8", "save as CSV UTF-8")
        raise DataError(str(path), [problem]) from None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = {number: row for number, row in enumerate(reader, start=1) if row}
    except csv.Error as error:
        reason = f"is cut off or malformed: {error}"
        problem = Problem(None, None, "the file", reason, "export it again")
        raise DataError(str(path), [problem]) from None
    if not rows:
        problem = Problem(None, None, "the file", "is empty", "give a header and a line a row")
        raise DataError(str(path), [problem])
    (top, header), *_ = rows.items()
    del rows[top]
    problems = list(_faults(top, header, rows))
    if problems:
        raise DataError(str(path), problems)
    return header, [list(map(unguard, line)) for line in rows.values()], list(rows)


def _faults(top: int, header: list[str], lines: Mapping[int, list[str]]) -> Iterable[Problem]:
    for name in {name for name in header if header.count(name) > 1}:
        yield Problem(top, name, "this column", "is there twice", "keep one")
    for number, line in lines.items():
        if len(line) != len(header):
            reason = f"is not the header's {len(header)}"
            yield Problem(number, None, f"{len(line)} cells", reason, "complete the line")
        for name, cell in zip(header, line, strict=False):
            if cell.startswith("="):
                yield Problem(number, name, shorten(cell), "is a formula", "export values instead")


def _value(text: str, kind: Kind | None) -> Any:
    """A cell's value; a text that cannot be read stays a text, which the registry reports."""
    column = None if kind is None else kind.column
    try:
        if column == "texts":
            return _entries(text)
        if kind in _SETS:
            return _SETS[kind][0](_entries(text))
        if text == "":
            return None
        if column == "date":
            return date.fromisoformat(text)
    except ValueError:
        return text
    if column == "int":
        return int(text) if text.isascii() and text.isdigit() else text
    return text


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(SEPARATOR)) if text else ()


def _read_periods(entries: tuple[str, ...]) -> tuple[tuple[date, ...], ...]:
    return tuple(tuple(map(date.fromisoformat, entry.split("/"))) for entry in entries)


def _show_periods(periods: tuple[tuple[date, date], ...]) -> str:
    return SEPARATOR.join(f"{first}/{last}" for first, last in periods)


def _read_dated_ids(entries: tuple[str, ...]) -> dict[str, date]:
    found: dict[str, date] = {}
    for entry in entries:
        name, _, day = entry.rpartition("=")
        if not name or name in found:
            raise ValueError(f"{entry!r} has no id, or another's")
        found[name] = date.fromisoformat(day)
    return found


def _show_dated_ids(days: Mapping[str, date]) -> str:
    return SEPARATOR.join(f"{name}={day}" for name, day in days.items())


#: Sets of other things than texts: how a cell's entries are read (`ValueError` if they cannot be),
#: and how the cell is written.
_SETS: dict[Kind | None, tuple[Callable[[tuple[str, ...]], Any], Callable[[Any], str]]] = {
    PERIODS: (_read_periods, _show_periods),
    DATED_IDS: (_read_dated_ids, _show_dated_ids),
}


def _scopes(columns: dict[str, list[Any]], size: int) -> list[Any]:
    scopes = []
    for row in range(size):
        given = {
            name.removeprefix(_SCOPE): None if values[row] == (ANY,) else values[row]
            for name, values in columns.items()
            if values[row]
        }
        try:
            scopes.append(Scope(**given))
        except (DataError, TypeError) as error:
            reason = f"is no scope: {error}"
            problem = Problem(row + 2, "applies_to", shorten(given), reason, "see Scope")
            raise DataError("items", [problem]) from None
    return scopes


def write_csv(path: str | Path, table: Table[Any]) -> None:
    """A registry, catalog or history as a CSV file that `read_csv` reads back."""
    schema = kinds(table.model)
    header: list[str] = []
    columns: list[list[str]] = []
    for name, kind in schema.items():
        values = table.column(name)
        if kind == SCOPE:
            for part in kinds(Scope):
                header.append(_SCOPE + part)
                default = getattr(Scope(), part)
                parts = [getattr(scope, part) for scope in values]
                columns.append(
                    ["" if p == default else ANY if p is None else _cell(p) for p in parts]
                )
        else:
            header.append(name)
            show = _SETS[kind][1] if kind in _SETS else _cell
            columns.append([show(value) for value in values])
    _write(path, header, zip(*columns, strict=True))


def write_visits(path: str | Path, draw: Draw, subjects: SubjectRegistry) -> None:
    """The visits in ticket order: subject, name, region, items, team and ticket."""
    rows = []
    for visit in draw.visits:
        subject = subjects[visit.subject_id]
        parts = (subject.id, subject.name, subject.region, visit.items, visit.team, visit.ticket)
        rows.append([_cell(part) for part in parts])
    _write(path, ["subject_id", "name", "region", "items", "team", "ticket"], rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return SEPARATOR.join(value) if isinstance(value, tuple) else str(value)


def _write(path: str | Path, header: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(map(guard, row) for row in rows)
