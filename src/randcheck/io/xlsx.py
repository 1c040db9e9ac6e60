"""A workbook's sheets: their structure by a streaming parser, their values by python-calamine.

Rules enforced here:
1. Nothing is parsed before the archive is known to be safe (`archive`); no part may declare
   entities, and every part unpacks to what it says.
2. The dense table that calamine makes is bounded: rows and columns are counted before.
3. Formulas, errors, merged cells, hidden sheets, rows and columns, macros, links to other files and
   days from 1904 are found, since their values alone do not show them.
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from attrs import define, field, frozen

from randcheck.errors import MissingExtraError, shorten
from randcheck.io.archive import Archive, BrokenError, Limits, UnsafeError
from randcheck.io.findings import Findings, column_number, letters

_SMALL = 10_000_000
_TRUE = ("1", "true")


@frozen
class Marked:
    """A cell that holds no value of its own: `code` says why, `text` what it shows."""

    code: str
    text: str


@define
class Structure:
    """What a sheet holds beside values. Rows are counted from 1, columns from 0.

    `rows` and `columns` are up to the last cell that holds anything.
    """

    rows: int = 0
    columns: int = 0
    marks: dict[int, dict[int, Marked]] = field(factory=dict)
    hidden_rows: list[int] = field(factory=list)
    hidden_columns: list[tuple[int, int]] = field(factory=list)
    merged: list[str] = field(factory=list)


@frozen
class Sheet:
    """A sheet of a workbook."""

    name: str
    hidden: bool
    structure: Structure


@frozen
class Workbook:
    """A workbook that passed all checks of its structure."""

    data: bytes
    sheets: tuple[Sheet, ...]
    from_1904: bool

    def rows(self, name: str, findings: Findings) -> Iterator[list[Any]]:
        """The rows of a sheet from the first on, each from column A on."""
        calamine = _calamine()
        sheet = _guarded(
            lambda: calamine.CalamineWorkbook.from_filelike(
                io.BytesIO(self.data)
            ).get_sheet_by_name(name),
            findings,
        )
        before = [""] * (sheet.start[1] if sheet.start else 0)
        rows = sheet.iter_rows()
        return (before + row for row in rows) if before else rows


def _calamine() -> Any:
    try:
        import python_calamine
    except ImportError:
        raise MissingExtraError("python-calamine", "xlsx", "reading a workbook") from None
    return python_calamine


def _guarded(read: Callable[[], Any], findings: Findings) -> Any:
    """What a reader gives; its own errors, panics among them, become a finding."""
    try:
        return read()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the Rust library is no Exception
        raise findings.stop("corrupt", "the file", why=shorten(str(error))) from None


def open_workbook(data: bytes, limits: Limits, findings: Findings) -> Workbook:
    """The workbook in these bytes; notes what is wrong and raises `UnusableError` where it must."""
    try:
        return _open(Archive(data, limits), data, findings)
    except UnsafeError as error:
        raise findings.stop("dangerous", "the file", why=str(error)) from None
    except (BrokenError, ElementTree.ParseError, expat.ExpatError, ValueError, KeyError) as error:
        raise findings.stop("corrupt", "the file", why=str(error)) from None


def _open(archive: Archive, data: bytes, findings: Findings) -> Workbook:
    _check_type(archive, findings)
    book = _parse(archive, "xl/workbook.xml")
    targets = _targets(archive)
    told = [
        (
            each.get("name", ""),
            each.get("state", "visible"),
            targets.get(_by_local_name(each.attrib, "id"), ("", "")),
        )
        for each in book.iter()
        if _local(each.tag) == "sheet"
    ]
    names = [name for name, _, _ in told]
    if len(set(names)) < len(names):
        raise BrokenError("two of its sheets have one name")
    parts = {part for _, _, (type_, part) in told if type_ == "worksheet"}
    if not parts:
        raise BrokenError("it holds no worksheet")
    structures = {}
    for name in archive.names:
        if name in parts:
            structures[name] = _scan(archive, name)
        else:
            _check_part(archive, name)
    missing = parts - structures.keys()
    if missing:
        raise BrokenError(f"{min(missing)} is missing")
    sheets = [
        Sheet(name, state != "visible", structures[part])
        for name, state, (type_, part) in told
        if type_ == "worksheet"
    ]
    from_1904 = any(
        each.get("date1904") in _TRUE for each in book.iter() if _local(each.tag) == "workbookPr"
    )
    return Workbook(data, tuple(sheets), from_1904)


def _check_type(archive: Archive, findings: Findings) -> None:
    if found := other_zip(archive.names):
        raise findings.stop("wrong-type", "the file", found=found, remedy="save it as .xlsx")
    if "xl/workbook.xml" not in archive or "[Content_Types].xml" not in archive:
        raise BrokenError("xl/workbook.xml is missing")
    types = archive.read("[Content_Types].xml", _SMALL)
    if b"macroEnabled" in types or any("vbaproject" in name.lower() for name in archive.names):
        raise findings.stop("macros", "the file")
    if any(name.lower().startswith("xl/externallinks/") for name in archive.names):
        findings.add("external-links", "the file")


def other_zip(names: list[str]) -> str:
    """What else than a workbook of Excel a zip file is, or nothing."""
    for entry, found in (
        ("xl/workbook.bin", "a binary workbook (.xlsb)"),
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a presentation"),
        ("content.xml", "an OpenDocument file (.ods)"),
        ("Index/Document.iwa", "an Apple Numbers file"),
    ):
        if entry in names:
            return found
    return "" if any(name.startswith("xl/") for name in names) else "a zip archive"


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _by_local_name(attributes: dict[str, str], name: str) -> str:
    return next((value for key, value in attributes.items()
                 if key.startswith("{") and _local(key) == name), "")  # fmt: skip


def _parse(archive: Archive, name: str) -> ElementTree.Element:
    """A small part as a tree, after a look that it declares no entities."""
    _check_part(archive, name)
    return ElementTree.fromstring(archive.read(name, _SMALL))  # noqa: S314  no entities


def _targets(archive: Archive) -> dict[str, tuple[str, str]]:
    """The type and the part that each relation of the workbook names."""
    name = "xl/_rels/workbook.xml.rels"
    if name not in archive:
        raise BrokenError(f"{name} is missing")
    found = {}
    for each in _parse(archive, name):
        target = each.get("Target", "")
        path = target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        found[each.get("Id", "")] = (each.get("Type", "").rpartition("/")[2], path)
    return found


def _parser(name: str) -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise UnsafeError(f"{name} declares entities")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _check_part(archive: Archive, name: str) -> None:
    """That a part unpacks to what it says and, if it is XML, that it is well-formed."""
    parser = _parser(name) if name.endswith((".xml", ".rels")) else None
    for piece in archive.pieces(name):
        if parser:
            parser.Parse(piece, False)
    if parser:
        parser.Parse(b"", True)


def _scan(archive: Archive, name: str) -> Structure:
    parser = _parser(name)
    scanner = _Scanner(parser)
    for piece in archive.pieces(name):
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return scanner.finished()


class _LocalNames(dict[str, str]):
    """Names of elements without the prefix of their namespace."""

    def __missing__(self, tag: str) -> str:
        return self.setdefault(tag, tag.rpartition(":")[2])


class _Scanner:
    """Reads the structure of a sheet from the starts of its elements alone, which is fast."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.structure = Structure()
        self._parser = parser
        self._columns: set[str] = set()
        self._row = self._last = 0
        self._row_text = "0"
        self._cell = ""
        self._names = _LocalNames()
        self._pending: Marked | None = None
        parser.StartElementHandler = self._start

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._names[tag]
        if name == "c":
            if self._pending:
                self._mark()
            place = attributes.get("r")
            if place and place.endswith(self._row_text):
                self._cell = place[: -len(self._row_text)]
            else:
                self._misplaced(place)
            if attributes.get("t") == "e":
                self._pending = Marked("error-cell", "")
        elif name == "v" or name == "is":
            self._columns.add(self._cell)
            self._last = self._row
            if self._pending and self._pending.code == "error-cell":
                self._collect("error-cell")
        elif name == "row":
            self._new_row(attributes)
        elif name == "f":
            self._columns.add(self._cell)
            self._last = self._row
            self._pending = Marked("formula", "")
            self._collect("formula")
        elif name == "mergeCell":
            self.structure.merged.append(attributes.get("ref", ""))
        elif name == "col" and (
            attributes.get("hidden") in _TRUE or attributes.get("width") == "0"
        ):
            span = (int(attributes["min"]) - 1, int(attributes["max"]) - 1)
            self.structure.hidden_columns.append(span)

    def _new_row(self, attributes: dict[str, str]) -> None:
        if self._pending:
            self._mark()
        text = attributes.get("r")
        number = self._row + 1 if text is None else int(text)
        if number <= self._row:
            raise BrokenError(f"row {number} follows row {self._row}")
        self._row, self._row_text, self._cell = number, text or str(number), ""
        if attributes.get("hidden") in _TRUE or attributes.get("ht") == "0":
            self.structure.hidden_rows.append(number)

    def _misplaced(self, place: str | None) -> None:
        """A cell that does not say where it is stands after the one before it."""
        if place is not None:
            raise BrokenError(f"cell {place} stands in row {self._row}")
        before = column_number(self._cell) if self._cell else -1
        self._cell = letters(before + 1)

    def _collect(self, code: str) -> None:
        """Keep the text that follows, until the next element or the next cell."""
        pieces: list[str] = []

        def more(piece: str) -> None:
            pieces.append(piece)

        def end(_: str) -> None:
            start = "=" if code == "formula" else ""
            self._pending = Marked(code, start + "".join(pieces)[:200])
            self._parser.CharacterDataHandler = None
            self._parser.EndElementHandler = None

        self._parser.CharacterDataHandler = more
        self._parser.EndElementHandler = end

    def _mark(self) -> None:
        pending, self._pending = self._pending, None
        column = column_number(self._cell)
        if pending:
            self.structure.marks.setdefault(self._row, {})[column] = pending

    def finished(self) -> Structure:
        """The structure, when the whole sheet was read."""
        if self._pending:
            self._mark()
        for name in self._columns:
            if not (name.isascii() and name.isalpha() and name.isupper() and len(name) <= 3):
                raise BrokenError(f"{name} is no column")
        structure = self.structure
        structure.rows = self._last
        structure.columns = 1 + max(map(column_number, self._columns), default=-1)
        return structure
