"""A file of rows, whatever it is: what kind of file, which sheet, and its rows.

Rules enforced here:
1. What a file is follows from its bytes; its name must say the same.
2. Of a workbook exactly one sheet holds data, or the caller names one; nothing is passed over
   silently, and what is hidden is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from randcheck.io import texts, xlsx
from randcheck.io.archive import Archive, BrokenError, Limits, UnsafeError
from randcheck.io.findings import Findings, letters
from randcheck.io.sheets import GUIDE, LIST, REGIONS
from randcheck.io.xlsx import Marked, Workbook

#: What a file begins with that is no workbook of the kind read here, what it is, and what to do.
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", "export the table as .xlsx"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"\x89PNG", "a picture", "export the table as .xlsx"),
    (b"\xff\xd8\xff", "a picture", "export the table as .xlsx"),
    (b"SQLite format 3", "a database", "export the table as .xlsx"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT = (".csv", ".txt")


@frozen
class Source:
    """The rows of a file, counted from 1, each from column A on.

    `marks` are cells without a value of their own, by row and column.
    """

    rows: Iterable[list[Any]]
    sheet: str | None = None
    from_1904: bool = False
    marks: Mapping[int, Mapping[int, Marked]] = field(factory=dict)


def open_source(
    path: Path, data: bytes, sheet: str | None, limits: Limits, findings: Findings
) -> Source:
    """The rows of a file; raises `UnusableError` with a finding when it has none."""
    if not data:
        raise findings.stop("empty-file", "the file")
    suffix = path.suffix.lower()
    if data.startswith(b"PK"):
        if suffix != ".xlsx":
            _refuse_zip(data, suffix, limits, findings)
        book = xlsx.open_workbook(data, limits, findings)
        return _sheet(book, sheet, limits, findings)
    _refuse_others(data, findings)
    text = texts.decode(data, findings)
    if suffix not in _TEXT:
        raise findings.stop("wrong-extension", "the file", suffix=suffix or "without a suffix",
                            found="a text file", right="….csv")  # fmt: skip
    if not text.strip():
        raise findings.stop("empty-file", "the file")
    return Source(texts.rows(text, findings))


def _refuse_zip(data: bytes, suffix: str, limits: Limits, findings: Findings) -> None:
    """A zip file that is not named .xlsx: what it is, and its right name."""
    try:
        names = Archive(data, limits).names
    except UnsafeError as error:
        raise findings.stop("dangerous", "the file", why=str(error)) from None
    except BrokenError as error:
        raise findings.stop("corrupt", "the file", why=str(error)) from None
    if found := xlsx.other_zip(names):
        raise findings.stop("wrong-type", "the file", found=found, remedy="save it as .xlsx")
    if any("vbaproject" in name.lower() for name in names):
        raise findings.stop("macros", "the file")
    raise findings.stop("wrong-extension", "the file", suffix=suffix or "without a suffix",
                        found="a workbook", right="….xlsx")  # fmt: skip


def _refuse_others(data: bytes, findings: Findings) -> None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise findings.stop("encrypted", "the file")
        found = "an old workbook (.xls) or another OLE file"
        raise findings.stop("wrong-type", "the file", found=found, remedy="save it as .xlsx")
    for start, found, remedy in _OTHERS:
        if data.startswith(start):
            raise findings.stop("wrong-type", "the file", found=found, remedy=remedy)
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<meta", b"<head")):
        found = "a web page that calls itself a table"
    elif start.startswith((b"<?xml", b"<")):
        found = "XML"
    elif start.startswith((b"{", b"[{")):
        found = "JSON"
    else:
        return
    raise findings.stop("wrong-type", "the file", found=found, remedy="save it as .xlsx")


def _sheet(book: Workbook, wanted: str | None, limits: Limits, findings: Findings) -> Source:
    if wanted is None:
        held = [each for each in book.sheets
                if each.structure.rows and each.name not in (GUIDE, REGIONS, LIST)]  # fmt: skip
        for each in held:
            if each.hidden:
                findings.add("hidden-sheet", f"sheet {each.name!r}")
        held = [each for each in held if not each.hidden]
        if not held:
            raise findings.stop("empty-file", "the file")
        if len(held) > 1:
            names = "、".join(each.name for each in held)
            raise findings.stop("several-sheets", f"sheets {names}")
    else:
        held = [each for each in book.sheets if each.name == wanted]
        if not held:
            names = "、".join(each.name for each in book.sheets)
            raise findings.stop("no-sheet", repr(wanted), sheets=names)
    chosen = held[0]
    structure = chosen.structure
    for size, limit, code, what in (
        (structure.rows, limits.rows + 3, "too-many-rows", "rows"),
        (structure.columns, limits.columns, "too-many-columns", "columns"),
        (structure.rows * structure.columns, limits.cells, "too-many-rows", "cells"),
    ):
        if size > limit:
            raise findings.stop(code, f"{size} {what}", limit=limit)
    for ref in structure.merged:
        findings.add("merged", f"cells {ref}", cell=ref)
    for first, last in _spans(structure.hidden_rows, structure.rows):
        findings.add("hidden-rows", f"rows {first} to {last}", row=first)
    for first, last in structure.hidden_columns:
        if first < structure.columns:
            last = min(last, structure.columns - 1)
            findings.add("hidden-columns", f"columns {letters(first)} to {letters(last)}")
    rows = book.rows(chosen.name, findings)
    return Source(rows, chosen.name, book.from_1904, structure.marks)


def _spans(rows: list[int], last: int) -> Iterator[tuple[int, int]]:
    """Rows next to each other as first and last, up to the last row that holds anything."""
    start = end = 0
    for row in (row for row in rows if row <= last):
        if start and row == end + 1:
            end = row
            continue
        if start:
            yield start, end
        start = end = row
    if start:
        yield start, end
