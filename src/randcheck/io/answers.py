"""The answer to a file that was imported: a copy with bad cells marked, and all problems listed.

Rules enforced here:
1. Cells stay where they were, so that C17 is C17; what was a formula or an error stands as such in
   words that an import refuses again.
2. Nothing in an answer is a formula, and nothing in it tells an identity number.
3. Only the table is copied; a file that could not be read as one gives the list alone.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from randcheck.errors import DataError, ParameterError, Problem
from randcheck.io.findings import HIDDEN, Finding, Findings, UnusableError, column_number, may_tell
from randcheck.io.guard import guard, unguard
from randcheck.io.sheets import EXPLANATION, LIST, SHEETS
from randcheck.io.sources import Source, open_source
from randcheck.io.workbooks import DAY, TEXT, new_workbook
from randcheck.io.xlsx import Marked
from randcheck.language import Language, known, problem_parts, problem_text, say, translate

if TYPE_CHECKING:
    from pathlib import Path

    from randcheck.io.importing import ImportAnswer

#: Stands for a formula; an import refuses it as an error.
FORMULA = "#FORMULA!"

#: How many cells get a note; all of them are marked and listed.
NOTES = 10_000

#: Up to which column the cells left empty are text as well.
WIDE = 25

#: The longest text of a cell.
_LONGEST = 32_767

_CELL = re.compile("([A-Z]+)([0-9]+)")
_LIST_HEADER = ("Number", "Cell", "Column", "Content", "What is wrong", "What to do", "Code")

#: The findings of each cell, by row (from 1) and column (from 0).
_ByCell = dict[tuple[int, int], list[Finding]]


def write_answer(answer: ImportAnswer, path: Path, language: Language) -> None:
    """Write the answer as .xlsx, or as .csv if the file was no workbook: that would lose types."""
    ways = {".xlsx": _write_workbook, ".csv": _write_csv}
    if answer.sheet is not None:
        del ways[".csv"]
    write = ways.get(path.suffix.lower())
    remedy = f"end it in {' or '.join(ways)}"
    if write is None:
        raise ParameterError("path", repr(str(path)), "is no name of this answer", remedy)
    if path.resolve() == answer.path.resolve():
        raise ParameterError("path", repr(str(path)), "is the file itself", "name another")
    write(answer, path, _copied(answer), known(language))


def _copied(answer: ImportAnswer) -> Iterator[list[Any]]:
    """The rows of the file again, without what must not be told."""
    if not answer.file_sha256:  # it was too large to be read
        return iter(())
    data = answer.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != answer.file_sha256:
        reason, remedy = "has changed since it was read", "import it again"
        raise DataError(str(answer.path), [Problem(None, None, "the file", reason, remedy)])
    return _as_far_as_it_can_be_read(answer, data)


def _as_far_as_it_can_be_read(answer: ImportAnswer, data: bytes) -> Iterator[list[Any]]:
    findings = Findings(answer.limits.problems)
    try:
        source = open_source(answer.path, data, answer.sheet, answer.limits, findings)
        yield from _rows(answer, source)
    except UnusableError:  # which the answer says already
        return


def _rows(answer: ImportAnswer, source: Source) -> Iterator[list[Any]]:
    hidden = {
        place for place, found in _by_cell(answer).items() if any(f.value == HIDDEN for f in found)
    }
    private = SHEETS[answer.kind].private
    old: int | None = None
    for number, row in enumerate(source.rows, 1):
        cells = list(row)
        for place, mark in source.marks.get(number, {}).items():
            cells += [""] * (place + 1 - len(cells))
            cells[place] = mark
        for place, cell in enumerate(cells):
            if isinstance(cell, Marked):
                cells[place] = FORMULA if cell.code == "formula" else cell.text or "#N/A"
            if (number, place) in hidden or (private and may_tell(cell) and cell != ""):
                cells[place] = HIDDEN
            if isinstance(cell, str) and cell.startswith(EXPLANATION):
                old = place
        if old is not None and old < len(cells):
            cells[old] = ""  # of an earlier answer
        yield cells


def _by_cell(answer: ImportAnswer) -> _ByCell:
    found: _ByCell = {}
    for problem in answer.problems:
        if place := _CELL.match(problem.cell or ""):
            found.setdefault((int(place[2]), column_number(place[1])), []).append(problem)
    return found


def _write_workbook(
    answer: ImportAnswer, path: Path, rows: Iterator[list[Any]], language: Language
) -> None:
    with new_workbook(path) as book:
        sheet = book.add_worksheet(answer.sheet or SHEETS[answer.kind].title)
        _write_marked(book, sheet, rows, _by_cell(answer), language)
        _write_list(book, answer, language)


def _write_marked(
    book: Any, sheet: Any, rows: Iterator[list[Any]], found: _ByCell, language: Language
) -> None:
    good = {"text": book.add_format(TEXT), "day": book.add_format(DAY), "number": None}
    fill = {"bg_color": "#FFC7CE", "border": 1}
    bad = {"text": book.add_format({**TEXT, **fill}), "day": book.add_format({**DAY, **fill}),
           "number": book.add_format(fill)}  # fmt: skip
    by_row: dict[int, list[int]] = {}
    for row, place in found:
        by_row.setdefault(row, []).append(place)
    notes = 0
    sheet.set_column(0, WIDE, 18, good["text"])
    for number, cells in enumerate(rows, 1):
        marked = by_row.get(number, [])
        width = max(len(cells), *(place + 1 for place in marked)) if marked else len(cells)
        for place in range(width):
            cell = cells[place] if place < len(cells) else ""
            told = found.get((number, place))
            if told and cell == "":
                sheet.write_blank(number - 1, place, None, bad["text"])
            else:
                _write_cell(sheet, number - 1, place, cell, bad if told else good)
            if told and notes < NOTES:
                notes += 1
                text = "\n".join(_note(each, language) for each in told)
                sheet.write_comment(number - 1, place, text[:_LONGEST], {"x_scale": 2})


def _note(problem: Finding, language: Language) -> str:
    return say("{reason}; {remedy}", language).format(**problem_parts(problem, language))


def _write_cell(sheet: Any, row: int, place: int, cell: Any, formats: dict[str, Any]) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, place, cell, formats["number"])
    elif isinstance(cell, int | float):
        sheet.write_number(row, place, cell, formats["number"])
    elif isinstance(cell, datetime) and cell.time() != cell.min.time():
        sheet.write_string(row, place, cell.isoformat(" "), formats["text"])
    elif isinstance(cell, date) and cell.year >= 1900:
        sheet.write_datetime(row, place, cell, formats["day"])
    elif cell != "":
        sheet.write_string(row, place, str(cell)[:_LONGEST], formats["text"])


def _write_list(book: Any, answer: ImportAnswer, language: Language) -> None:
    sheet = book.add_worksheet(LIST)
    bold, text = book.add_format({"bold": True, **TEXT}), book.add_format(TEXT)
    lines: list[tuple[tuple[str, ...], Any]] = [
        *(((line,), text) for line in _summary(answer, language)),
        (tuple(say(name, language) for name in _LIST_HEADER), bold),
    ]
    for number, each in enumerate(answer.problems, 1):
        cell = each.cell or ("" if each.row is None else str(each.row))
        told = problem_parts(each, language).values()
        lines.append(((str(number), cell, each.column or "", *told, each.code), text))
    for row, (cells, style) in enumerate(lines):
        for place, value in enumerate(cells):
            sheet.write_string(row, place, value[:_LONGEST], style)
    sheet.set_column(0, 2, 14)
    sheet.set_column(3, 5, 50)


def _summary(answer: ImportAnswer, language: Language) -> Iterator[str]:
    """What is said of the whole file, line by line."""
    yield say("File: {name}", language).format(name=answer.path.name)
    yield f"SHA-256: {answer.file_sha256}"
    counts = say("Rows: {rows}, blank: {blank}, problems: {problems}", language)
    yield counts.format(rows=answer.rows, blank=answer.blank_rows, problems=len(answer.problems))
    for remark in answer.remarks:
        yield translate(remark, language)


def _write_csv(
    answer: ImportAnswer, path: Path, rows: Iterator[list[Any]], language: Language
) -> None:
    """The explanations stand in a last column; what concerns the whole file in its header."""
    whole = [problem_text(each, language) for each in answer.problems if each.row is None]
    by_row: dict[int, list[str]] = {}
    for each in answer.problems:
        if each.row is not None:
            by_row.setdefault(each.row, []).append(problem_text(each, language))
    width, named = 0, False
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, cells in enumerate(rows, 1):
            told = by_row.pop(number, [])
            if not named and any(cell != "" for cell in cells):
                width, named = len(cells), True
                told = [EXPLANATION, *whole, *told]
            texts = [_csv_text(cell) for cell in cells]
            texts += [""] * (width - len(texts))
            writer.writerow([*texts, "\n".join(told)])
        rest = [] if named else [EXPLANATION, *whole]
        rest += [line for row in sorted(by_row) for line in by_row[row]]
        writer.writerows([line] for line in rest)


def _csv_text(cell: str) -> str:
    return FORMULA if cell.startswith(("=", "＝")) else guard(unguard(cell))
