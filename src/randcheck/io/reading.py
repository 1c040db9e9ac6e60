"""From rows to columns: the header, the cells of each column, and where each row stood.

Rules enforced here:
1. The header is the first row; another row that names columns is found and refused. A second row
   that names the same columns by their fields is part of the header.
2. Every header is known, there once, and none that is needed is missing.
3. Blank rows are left out and counted; row and column of everything else are kept.
"""

from __future__ import annotations

import difflib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from attrs import define, field

from randcheck.io.archive import Limits
from randcheck.io.cells import BadCellError, Cells
from randcheck.io.findings import HIDDEN, Findings, letters, may_tell, show
from randcheck.io.sheets import EXPLANATION, Column, SheetKind, plain, required_headers
from randcheck.io.sources import Source
from randcheck.io.xlsx import Marked

#: How many rows are read at once.
CHUNK = 4096

#: Among how many rows the header is looked for.
HEADER_ROWS = 20

_Marks = dict[int, dict[int, Marked]]
_Rows = list[tuple[int, list[Any]]]


@define
class ReadTable:
    """The columns of a sheet. `numbers` are the rows in the sheet of each position in a column.

    `cells` and `headers` are by the place of a column; `bad` are the cells, by position and field,
    that were found wrong.
    """

    kind: SheetKind
    findings: Findings
    sheet: str | None = None
    cells: dict[int, Cells] = field(factory=dict)
    headers: dict[int, str] = field(factory=dict)
    numbers: array[int] = field(factory=lambda: array("L"))
    blank_rows: int = 0
    bad: set[tuple[int, str]] = field(factory=set)
    _start: int = 0

    def read(self, source: Source, limits: Limits) -> None:
        """All rows of a source; `UnusableError` if there is no table in them."""
        self.sheet = source.sheet
        marks = {row: dict(found) for row, found in source.marks.items()}
        rows = enumerate(source.rows, 1)
        first = list(islice(rows, HEADER_ROWS))
        width, ahead = self._find_header(first, marks)
        if source.from_1904 and any(each.column.type == "date" for each in self.cells.values()):
            self.findings.add("days-from-1904", "the file")
        for chunk in _chunks(ahead, rows):
            self._read_chunk(chunk, width, marks)
            if len(self.numbers) > limits.rows:
                raise self.findings.stop("too-many-rows", "the rows", limit=limits.rows)
        for row in sorted(marks):  # formulas and errors beside the table
            for place, found in sorted(marks[row].items()):
                self.note(found.code, self._shown(found), row, place)
        if not self.numbers:
            self.findings.add("no-data", "the table")

    def place_of(self, name: str) -> int | None:
        """Where the column of a field is, or that of the key for an id."""
        wanted = self.kind.key.name if name == "id" else name
        return next(
            (
                place
                for place, each in self.cells.items()
                if each.column.name == wanted or each.column.name.startswith(f"{wanted}.")
            ),
            None,
        )

    def note(self, code: str, value: str, row: int, place: int | None, **details: Any) -> None:
        """A finding in a cell."""
        cell = None if place is None else f"{letters(place)}{row}"
        header = None if place is None else self.headers.get(place)
        self.findings.add(code, value, row=row, column=header, cell=cell, **details)

    # --- the header ----------------------------------------------------------------------------

    def _find_header(self, first: _Rows, marks: _Marks) -> tuple[int, _Rows]:
        """Read the header; how many columns there are, and the rows below it read so far."""
        known = self.kind.by_header()
        scores = [
            sum(isinstance(cell, str) and plain(cell) in known for cell in row) for _, row in first
        ]
        best = max(scores, default=0)
        if not best:
            names = "、".join(column.header for column in self.kind.columns)
            raise self.findings.stop("no-header", "the first row", known=names)
        place = scores.index(best)
        number, header = first[place]
        if any(cell != "" for _, row in first[:place] for cell in row):
            self.findings.add("header-not-first", f"row {number}", row=number)
        self._read_header(number, _marked(header, marks, number), known)
        below = place + 1
        if below < len(first) and _names_the_same(header, first[below][1], known):
            below += 1
        return len(header), first[below:]

    def _read_header(self, number: int, header: list[Any], known: Mapping[str, Column]) -> None:
        seen: dict[str, int] = {}
        for place, cell in enumerate(header):
            if cell == "":
                continue
            shown = self._shown(cell)
            self.headers[place] = shown if isinstance(cell, Marked) else shown.strip("'")
            column = known.get(plain(cell)) if isinstance(cell, str) else None
            if isinstance(cell, str) and plain(cell).startswith(plain(EXPLANATION)):
                continue
            if isinstance(cell, Marked):
                self.note(cell.code, shown, number, place)
            elif column is None:
                self.note("header-unknown", shown, number, place, remedy=_nearest(cell, known))
            elif column.name in seen:
                told = f"{letters(seen[column.name])}{number}"
                self.note("header-twice", shown, number, place, first=told)
            else:
                seen[column.name] = place
                self.cells[place] = self._new_cells(column, place)
        for name in required_headers(self.kind.columns):
            if known[plain(name)].name not in seen:
                self.findings.add("header-missing", repr(name), row=number)

    def _new_cells(self, column: Column, place: int) -> Cells:
        def bad(offset: int, cell: Any, error: BadCellError) -> None:
            self._bad(column, place, self._start + offset, cell, error)

        return Cells(column, bad)

    # --- rows ----------------------------------------------------------------------------------

    def _read_chunk(self, chunk: _Rows, width: int, marks: _Marks) -> None:
        self._start = len(self.numbers)
        kept = []
        for number, row in chunk:
            if marks and number in marks:
                row = _marked(row, marks, number)
            if row.count("") == len(row):
                self.blank_rows += 1
                continue
            self.numbers.append(number)
            kept.append(row if len(row) == width else self._fitted(row, number, width))
        for place, values in enumerate(zip(*kept, strict=True)):
            if place in self.cells:
                self.cells[place].extend(values)
            elif place not in self.headers:
                self._check_unnamed(place, values)

    def _fitted(self, row: list[Any], number: int, width: int) -> list[Any]:
        """A row with as many cells as the header; blank ones beyond are dropped."""
        if len(row) < width:
            self.note("short-row", f"{len(row)} cells", number, 0, needed=width)
        elif row.count("") - row[:width].count("") < len(row) - width:
            self.note("long-row", f"{len(row)} cells", number, 0, needed=width)
        return (row + [""] * width)[:width]

    def _check_unnamed(self, place: int, values: Sequence[Any]) -> None:
        for position, value in enumerate(values, self._start):
            if value != "":
                self.note("header-blank", f"column {letters(place)}", self.numbers[position], place)
                self.headers[place] = ""  # said once
                return

    def _bad(
        self, column: Column, place: int, position: int, cell: Any, error: BadCellError
    ) -> None:
        self.bad.add((position, column.name))
        details = {
            name: "it plainly" if self.kind.private and may_tell(told) else told
            for name, told in error.details.items()
        }
        hidden = column.name == "identity" or error.code == "identity"
        value = HIDDEN if hidden else self._shown(cell)
        self.note(error.code, value, self.numbers[position], place, **details)

    def _shown(self, cell: Any) -> str:
        if not isinstance(cell, Marked):
            return show(cell, self.kind.private)
        if self.kind.private and may_tell(cell.text):
            return HIDDEN
        return cell.text or "the cell"


def _chunks(ahead: _Rows, rows: Iterator[tuple[int, list[Any]]]) -> Iterator[_Rows]:
    while ahead:
        yield ahead
        ahead = list(islice(rows, CHUNK))


def _marked(row: list[Any], marks: _Marks, number: int) -> list[Any]:
    """A row with marks in place of its marked cells; marks beyond it stay."""
    row = list(row)
    beyond = {}
    for place, mark in marks.pop(number, {}).items():
        if place < len(row):
            row[place] = mark
        else:
            beyond[place] = mark
    if beyond:
        marks[number] = beyond
    return row


def _nearest(cell: object, known: Mapping[str, Column]) -> str:
    near = difflib.get_close_matches(plain(str(cell)), known, n=1, cutoff=0.5)
    headers = "、".join(dict.fromkeys(column.header for column in known.values()))
    if not near:
        return f"headers are {headers}"
    return f"perhaps {known[near[0]].header!r} is meant; headers are {headers}"


def _names_the_same(above: list[Any], row: list[Any], known: Mapping[str, Column]) -> bool:
    """Whether each cell of a row names the column of the header above it."""
    pairs = [(over, cell) for over, cell in zip(above, row, strict=False) if cell != ""]
    return bool(pairs) and all(
        isinstance(over, str)
        and isinstance(cell, str)
        and plain(cell) in known
        and known.get(plain(over)) is known[plain(cell)]
        for over, cell in pairs
    )
