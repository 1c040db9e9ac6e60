"""Workbooks to fill in (模板): one for each kind of table that an import reads.

Rules enforced here:
1. The import reads a template as it is, but for its example row, which says what it is and is
   refused until somebody deletes it.
2. Ids and codes are text columns, so that a spreadsheet changes no digit; words have lists to
   choose from, and dates and counts are checked while they are typed.
3. The same kind gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from randcheck.errors import ParameterError
from randcheck.io.sheets import EXAMPLE, GUIDE, HOW, REGIONS, SHEETS, Column, SheetKind
from randcheck.io.workbooks import DAY, TEXT, new_workbook
from randcheck.language import Language, known, say

#: Header, fields, example.
_HEADER, _FIELDS, _FIRST = 0, 1, 2

_LAST = 1_048_575

_RULES = (
    "Row 1 holds the headers, row 2 the fields' names: leave both as and where they are.",
    "Row 3 is an example: delete it when you are done, or the import refuses it.",
    "Use no formulas and no merged cells, and hide no row, column or sheet.",
    "Ids and codes are texts (the columns are set to that). Paste copies as values.",
    "Enter real dates, shown as 2026-07-01. Leave empty what you do not know; do not guess.",
    "Put a semicolon between several values of a cell, and after a single one that has a comma in "
    "it.",
    "The import lists all problems at once, in a copy with the cells marked; as long as there is "
    "one, nothing is imported.",
)
_GUIDE_HEADER = ("Header", "Field", "Required", "Note", "How to fill it in", "Words to choose from")


def write_template(
    kind: str,
    path: str | Path,
    *,
    regions: Mapping[str, str] | None = None,
    language: Language = "zh",
) -> None:
    """A workbook to fill in: `subjects`, `persons`, `objects`, `inspectors` or `items`.

    `regions` are codes with their names, to choose from. Headers and words are Chinese, notes and
    instructions in the `language`. Raises `ParameterError` for another kind or language; needs the
    extra `xlsx`.
    """
    known(language)
    if kind not in SHEETS:
        raise ParameterError("kind", repr(kind), "is unknown", f"one of: {', '.join(SHEETS)}")
    told = SHEETS[kind]
    with new_workbook(Path(path)) as book:
        _write_table(book, told, dict(sorted((regions or {}).items())), language)
        _write_guide(book, told, language)
        if regions:
            sheet = book.add_worksheet(REGIONS)
            text = book.add_format(TEXT)
            for row, (code, name) in enumerate(sorted(regions.items())):
                sheet.write_string(row, 0, code, text)
                sheet.write_string(row, 1, name, text)


def _write_table(
    book: Any, kind: SheetKind, regions: Mapping[str, str], language: Language
) -> None:
    sheet = book.add_worksheet(kind.title)
    formats = {
        "header": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, **TEXT}),
        "required": book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, **TEXT}),
        "field": book.add_format({"font_color": "#808080", "italic": True, **TEXT}),
        "example": book.add_format({"font_color": "#808080", **TEXT}),
        "example day": book.add_format({"font_color": "#808080", **DAY}),
        "text": book.add_format(TEXT),
        "date": book.add_format(DAY),
        "count": book.add_format({"num_format": "0"}),
    }
    sheet.freeze_panes(_FIRST, 1)
    for place, column in enumerate(kind.columns):
        width = 22 if column.type in ("id", "text") else 16
        sheet.set_column(place, place, width, formats.get(column.type, formats["text"]))
        _validate(sheet, place, column, regions, language)
    for place, column in enumerate(kind.columns):
        style = formats["required" if column.required else "header"]
        sheet.write_string(_HEADER, place, column.header, style)
        sheet.write_comment(_HEADER, place, _note(column, language), {"x_scale": 2})
    for place, column in enumerate(kind.columns):
        sheet.write_string(_FIELDS, place, column.name, formats["field"])
    example_of_key = EXAMPLE + say(" (delete this row)", language)
    for place, column in enumerate(kind.columns):
        example = example_of_key if column is kind.key else column.example
        if column.type == "date":
            day = date.fromisoformat(example)
            sheet.write_datetime(_FIRST, place, day, formats["example day"])
        elif isinstance(example, int):
            sheet.write_number(_FIRST, place, example, formats["count"])
        elif example:
            sheet.write_string(_FIRST, place, example, formats["example"])


def _note(column: Column, language: Language) -> str:
    needed = "required; field: {name}" if column.required else "optional; field: {name}"
    lines = [say(needed, language).format(name=column.name), *_sentences(column, language)]
    if column.words:
        words = "、".join(column.words.offered)
        lines.append(say("One of: {words}", language).format(words=words))
    if column.others:
        others = "、".join(column.others)
        lines.append(say("Also known as: {headers}", language).format(headers=others))
    return "\n".join(lines)


def _sentences(column: Column, language: Language) -> list[str]:
    """What the column's cells are, and how they are filled in; nothing for what says itself."""
    told = (column.note, HOW.get(column.type, ""))
    return [say(sentence, language) for sentence in told if sentence]


def _validate(
    sheet: Any, place: int, column: Column, regions: Mapping[str, str], language: Language
) -> None:
    """What may be typed in a column."""
    rule: dict[str, Any]
    if column.words and column.type == "word":
        rule = {"validate": "list", "source": list(column.words.offered)}
    elif column.name == "region" and regions:
        rule = {"validate": "list", "source": f"='{REGIONS}'!$A$1:$A${len(regions)}"}
    elif column.type == "date":
        first = date(1900, 3, 1)
        rule = {"validate": "date", "criteria": ">=", "value": first, "ignore_blank": True}
    elif column.type == "count":
        rule = {"validate": "integer", "criteria": ">=", "value": 0, "ignore_blank": True}
    else:
        return
    message = "\n".join(_sentences(column, language))[:255]
    told = {"error_title": column.header, "error_message": message or column.header}
    sheet.data_validation(_FIRST, place, _LAST, place, {**rule, **told})


def _write_guide(book: Any, kind: SheetKind, language: Language) -> None:
    sheet = book.add_worksheet(GUIDE)
    bold, text = book.add_format({"bold": True, **TEXT}), book.add_format(TEXT)
    title = say("{table}: how to fill it in", language).format(table=kind.title)
    rules = [say(rule, language) for rule in _RULES]
    lines: list[tuple[tuple[str, ...], Any]] = [((title,), bold)]
    lines += [((f"{number}. {rule}",), text) for number, rule in enumerate(rules, 1)]
    lines += [((), text), (tuple(say(name, language) for name in _GUIDE_HEADER), bold)]
    for column in kind.columns:
        needed = say("required", language) if column.required else ""
        note, how = say(column.note, language), say(HOW.get(column.type, ""), language)
        words = "、".join(column.words.offered) if column.words else ""
        lines.append(((column.header, column.name, needed, note, how, words), text))
    for row, (cells, style) in enumerate(lines):
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell, style)
    sheet.set_column(0, 1, 22)
    sheet.set_column(3, 5, 60)
