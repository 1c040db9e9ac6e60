"""From columns to a registry, or to what the registry cannot hold.

Rules enforced here:
1. Example rows are refused; an id that is there twice is reported with both of its rows.
2. An identity number becomes a pseudonym here, and is in nothing that leaves.
3. What is wrong with one cell hides nothing that is wrong with another: a cell found bad before is
   replaced by a sound one while the rest is checked, and no registry comes of it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs

from randcheck.errors import DataError, Problem
from randcheck.fields import default_of
from randcheck.io.cells import ANY
from randcheck.io.findings import HIDDEN, may_tell, show
from randcheck.io.reading import ReadTable
from randcheck.io.sheets import EXAMPLE
from randcheck.models import Scope
from randcheck.pseudonyms import NEUTRAL_NAME, Pseudonymizer, pseudonymize
from randcheck.registry import Registry, SubjectRegistry

_Columns = dict[str, list[Any]]
_SCOPE = "applies_to."

#: Stand for a bad cell while the rest of its row is checked.
_SOUND_TEXT, _SOUND_DAY = "?", date(2000, 1, 1)


def build(
    read: ReadTable,
    office: Pseudonymizer | None,
    keep_names: bool,
    owners: SubjectRegistry | None,
) -> Registry[Any] | None:
    """The registry of what was read, or `None` with findings. The columns are used up."""
    columns: _Columns = {each.column.name: each.values for each in read.cells.values()}
    for each in read.cells.values():
        each.values = []
    size = len(read.numbers)
    for column in read.kind.columns:
        if column.required and column.name not in columns:
            columns[column.name] = [None] * size
            read.bad.update((position, column.name) for position in range(size))
    _refuse_examples(read, columns)
    if owners is not None:
        _check_owners(read, columns, owners)
    if office is not None:
        _pseudonymize(read, columns, office, keep_names)
    _check_twice(read, columns["id"])
    _join_scopes(columns)
    _fill(read, columns)
    for name, value in read.kind.given.items():
        columns[name] = [value] * size
    try:
        return read.kind.table.from_columns(columns)
    except DataError as error:
        for problem in error.problems:
            _note(read, problem)
        return None


def _refuse_examples(read: ReadTable, columns: _Columns) -> None:
    key = read.kind.key.name
    for position, value in enumerate(columns[key]):
        if value is not None and value.startswith(EXAMPLE):
            shown = show(value, False)
            read.note("example-row", shown, read.numbers[position], read.place_of("id"))
            read.bad.update((position, name) for name in (*columns, "id"))


def _check_owners(read: ReadTable, columns: _Columns, owners: SubjectRegistry) -> None:
    known = set(owners.ids.tolist())
    for position, owner in enumerate(columns.get("owner", ())):
        if owner is not None and owner not in known and (position, "owner") not in read.bad:
            row, place = read.numbers[position], read.place_of("owner")
            read.note("owner-unknown", show(owner, False), row, place)


def _pseudonymize(
    read: ReadTable, columns: _Columns, office: Pseudonymizer, keep_names: bool
) -> None:
    """Ids in place of identities, and a neutral name in place of a person's."""
    identities = columns.pop("identity")
    documents = columns.pop("document", [None] * len(identities))
    names = columns.pop("name", [None] * len(identities))
    if keep_names:
        columns["name"] = names
    bad = {position for position, name in read.bad if name in ("identity", "document")}
    for position, identity in enumerate(identities):
        if identity is None and position not in bad:
            place = read.place_of("identity")
            read.note("missing", "nothing", read.numbers[position], place)
            bad.add(position)
    texts = {name: values for name, values in columns.items() if name != "risk_score"}
    positions = [position for position in range(len(identities)) if position not in bad]

    def rows(chosen: list[int]) -> list[dict[str, Any]]:
        return [
            {
                "identity": identities[position],
                **({"document": documents[position]} if documents[position] else {}),
                **{name: values[position] for name, values in texts.items()},
            }
            for position in chosen
        ]

    try:
        made = pseudonymize(rows(positions), office, keep_names=keep_names)
    except DataError as error:
        for problem in error.problems:
            position = positions[problem.row or 0]
            bad.add(position)
            place = read.place_of(problem.column or "identity")
            read.note("field", HIDDEN, read.numbers[position], place,
                      reason=problem.reason, remedy=problem.remedy)  # fmt: skip
        positions = [position for position in positions if position not in bad]
        made = pseudonymize(rows(positions), office, keep_names=keep_names)
    columns["id"] = [None] * len(identities)
    for position, row in zip(positions, made, strict=True):
        columns["id"][position] = row["id"]
    if not keep_names:
        columns["name"] = [NEUTRAL_NAME] * len(identities)
    read.bad.update((position, "id") for position in bad)


def _check_twice(read: ReadTable, ids: list[Any]) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, int] = {}
    for position, name in enumerate(ids):
        if name is None or (position, "id") in read.bad:
            continue
        before = seen.setdefault(name, position)
        if before != position:
            first, second = read.numbers[before], read.numbers[position]
            value = HIDDEN if read.kind.private else show(name, False)
            read.note("duplicate", value, second, read.place_of("id"), first=first, second=second)
            read.bad.add((position, "id"))


def _join_scopes(columns: _Columns) -> None:
    """One scope of the columns that say its parts."""
    parts = [name for name in columns if name.startswith(_SCOPE)]
    if not parts:
        return
    scopes: list[Any] = []
    for values in zip(*(columns.pop(name) for name in parts), strict=True):
        given = {
            name.removeprefix(_SCOPE): None if ANY in value else value
            for name, value in zip(parts, values, strict=True)
            if value is not None
        }
        scopes.append(Scope(**given))
    columns["applies_to"] = scopes


def _fill(read: ReadTable, columns: _Columns) -> None:
    """Defaults for empty cells, and sound values for bad ones."""
    bad: dict[str, list[int]] = {}
    for position, name in read.bad:
        bad.setdefault(name, []).append(position)
    for field in attrs.fields(read.kind.table.model):
        if field.name not in columns:
            continue
        values = columns[field.name]
        if field.default is not attrs.NOTHING:
            default = default_of(field)
            if default is not None:
                columns[field.name] = [default if value is None else value for value in values]
            continue
        for position in bad.get(field.name, ()):
            sound: Any = _SOUND_DAY if field.name == "certificate_expires" else _SOUND_TEXT
            number = read.numbers[position]
            values[position] = f"{_SOUND_TEXT}{number}" if field.name == "id" else sound


def _note(read: ReadTable, problem: Problem) -> None:
    """What the registry found, as the sheet shows it."""
    if problem.row is None:
        read.findings.add("field", problem.value, column=problem.column,
                          reason=problem.reason, remedy=problem.remedy)  # fmt: skip
        return
    if (problem.row, problem.column) in read.bad:
        return
    place, number = read.place_of(str(problem.column)), read.numbers[problem.row]
    if problem.reason.startswith("is missing"):
        read.note("missing", problem.value, number, place)
        return
    hidden = read.kind.private and (problem.column == "id" or may_tell(problem.value))
    value = HIDDEN if hidden else problem.value
    read.note("field", value, number, place, reason=problem.reason, remedy=problem.remedy)
