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
from randcheck.io.sheets import EXAMPLE, GUIDE, REGIONS, SHEETS, Column, SheetKind
from randcheck.io.workbooks import DAY, TEXT, new_workbook

#: Header, fields, example.
_HEADER, _FIELDS, _FIRST = 0, 1, 2

_LAST = 1_048_575

_RULES = (
    "第1行是表头，第2行是字段名，两行都不要改动、移动或删除。",
    f"第3行是示例（以“{EXAMPLE}”开头），填好后请整行删除；不删除，导入会拒绝并指出它。",
    "不要用公式、合并单元格，不要隐藏行、列或工作表。",
    "编号、代码按文本填写（列已设为文本格式）。从别处复制时请用“选择性粘贴 → 数值”。",
    "日期填真正的日期，显示为 2026-07-01。不知道的就空着，不要猜。",
    "一个单元格里有多个值时用分号（；）隔开；只有一个值而值里有逗号或顿号时，在末尾加一个分号。",
    "导入会一次列出全部问题，并写出标好问题单元格的答复文件；有一个问题就什么也不导入。",
)


def write_template(
    kind: str, path: str | Path, *, regions: Mapping[str, str] | None = None
) -> None:
    """A workbook to fill in: `subjects`, `persons`, `objects`, `inspectors` or `items`.

    `regions` are codes with their names, to choose from. Raises `ParameterError` for another kind;
    needs the extra `xlsx`.
    """
    if kind not in SHEETS:
        raise ParameterError("kind", repr(kind), "is unknown", f"one of: {', '.join(SHEETS)}")
    told = SHEETS[kind]
    with new_workbook(Path(path)) as book:
        _write_table(book, told, dict(sorted((regions or {}).items())))
        _write_guide(book, told)
        if regions:
            sheet = book.add_worksheet(REGIONS)
            text = book.add_format(TEXT)
            for row, (code, name) in enumerate(sorted(regions.items())):
                sheet.write_string(row, 0, code, text)
                sheet.write_string(row, 1, name, text)


def _write_table(book: Any, kind: SheetKind, regions: Mapping[str, str]) -> None:
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
        _validate(sheet, place, column, regions)
    for place, column in enumerate(kind.columns):
        style = formats["required" if column.required else "header"]
        sheet.write_string(_HEADER, place, column.header, style)
        sheet.write_comment(_HEADER, place, _note(column), {"x_scale": 2})
    for place, column in enumerate(kind.columns):
        sheet.write_string(_FIELDS, place, column.name, formats["field"])
    for place, column in enumerate(kind.columns):
        example = f"{EXAMPLE}（请删除本行）" if column is kind.key else column.example
        if column.type == "date":
            day = date.fromisoformat(example)
            sheet.write_datetime(_FIRST, place, day, formats["example day"])
        elif isinstance(example, int):
            sheet.write_number(_FIRST, place, example, formats["count"])
        elif example:
            sheet.write_string(_FIRST, place, example, formats["example"])


def _note(column: Column) -> str:
    lines = [f"{'必填' if column.required else '可不填'}　字段：{column.name}", column.note]
    if column.words:
        lines.append("可填：" + "、".join(column.words.offered))
    if column.others:
        lines.append("也认得的表头：" + "、".join(column.others))
    return "\n".join(line for line in lines if line)


def _validate(sheet: Any, place: int, column: Column, regions: Mapping[str, str]) -> None:
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
    told = {"error_title": column.header, "error_message": column.note[:255] or column.header}
    sheet.data_validation(_FIRST, place, _LAST, place, {**rule, **told})


def _write_guide(book: Any, kind: SheetKind) -> None:
    sheet = book.add_worksheet(GUIDE)
    bold, text = book.add_format({"bold": True, **TEXT}), book.add_format(TEXT)
    lines: list[tuple[tuple[str, ...], Any]] = [((f"{kind.title}：填写说明",), bold)]
    lines += [((f"{number}. {rule}",), text) for number, rule in enumerate(_RULES, 1)]
    lines += [((), text), (("表头", "字段", "必填", "说明", "可填的词"), bold)]
    for column in kind.columns:
        needed = "必填" if column.required else ""
        words = "、".join(column.words.offered) if column.words else ""
        lines.append(((column.header, column.name, needed, column.note, words), text))
    for row, (cells, style) in enumerate(lines):
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell, style)
    sheet.set_column(0, 1, 22)
    sheet.set_column(3, 4, 60)
