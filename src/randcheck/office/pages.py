"""Tables for people: CSV, JSON, and one HTML page without anything from elsewhere.

Rules enforced here:
1. A table shows the fields that it declares, in their order, and nothing else.
2. What comes from data is escaped in HTML, and never a formula in CSV.
3. The same rows give the same bytes, whatever the machine's language.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from html import escape
from typing import Any

from attrs import field, frozen

from randcheck.io.guard import guard
from randcheck.language import Language, in_all, known, say

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.note { margin: .25rem 0; } .scroll { overflow-x: auto; margin-top: .75rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
thead th { border-bottom-width: 2px; white-space: nowrap; }
td.number { text-align: right; white-space: nowrap; }
.met { color: #176b2c; } .missed { color: #b3261e; font-weight: 600; }
@media (prefers-color-scheme: dark) { .met { color: #7bd88f; } .missed { color: #ffb4ab; } }
footer, .note { font-size: .875rem; opacity: .8; }
"""


#: A text in each language.
Names = Mapping[Language, str]


def _as_names(value: str | Names) -> Names:
    return in_all(value) if isinstance(value, str) else value


@frozen
class Column:
    """A field that a table declares: its key in the rows, its names, how a value is shown.

    A name that is one text is a message of the catalogue; one that it does not have is the same in
    each language.
    """

    key: str
    names: Names = field(converter=_as_names)
    show: Callable[[Any, Language], str] | None = field(default=None, eq=False, repr=False)


def by_language(value: Names, language: Language) -> str:
    """How a column shows values that are texts in each language."""
    return value[language]


def shown(value: Any, language: Language) -> str:
    """A value as people read it: lists with their separator, days in ISO form, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if isinstance(value, tuple | list):
        return say(", ", language).join(shown(each, language) for each in value)
    return str(value)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return value


def _as_columns(value: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(value)


def _as_rows(value: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(value)


@frozen
class Sheet:
    """A titled table: columns, and rows as mappings; what is no column's key is not shown."""

    title: Names
    columns: tuple[Column, ...] = field(converter=_as_columns)
    rows: tuple[Mapping[str, Any], ...] = field(converter=_as_rows)
    notes: tuple[Names, ...] = ()

    def to_json(self) -> dict[str, Any]:
        keys = [column.key for column in self.columns]
        return {
            "fields": [{"key": column.key, **column.names} for column in self.columns],
            "rows": [{key: plain(row.get(key)) for key in keys} for row in self.rows],
            "title": dict(self.title),
        }

    def to_bytes(self) -> bytes:
        """The JSON as UTF-8, with line ends for people who look at it."""
        return (json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n").encode()

    def texts(self, language: Language) -> list[list[str]]:
        """The cells as people read them."""
        return [
            [(column.show or shown)(row.get(column.key), language) for column in self.columns]
            for row in self.rows
        ]

    def to_csv(self, language: Language = "zh") -> bytes:
        """UTF-8 with a byte-order mark, so that spreadsheets read Chinese; no cell is a formula."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(column.names[known(language)] for column in self.columns)
        writer.writerows([guard(cell) for cell in row] for row in self.texts(language))
        return b"\xef\xbb\xbf" + file.getvalue().encode()

    def section(self, language: Language) -> str:
        """The table as HTML, for a page of several."""
        head = "".join(
            f'<th scope="col">{escape(column.names[language])}</th>' for column in self.columns
        )
        body = "".join(
            _row(cells, row) for cells, row in zip(self.texts(language), self.rows, strict=True)
        )
        notes = "".join(f'<p class="note">{escape(note[language])}</p>' for note in self.notes)
        return (
            f"<h2>{escape(self.title[language])}</h2>{notes}"
            f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def to_html(self, language: Language = "zh") -> str:
        """The table as a page of its own."""
        return page(self.title[known(language)], [self.section(language)], language)


def _row(cells: Iterable[str], row: Mapping[str, Any]) -> str:
    mark = row.get("mark")  # "met" or "missed": said in words in a cell, shown in colour beside
    kind = f' class="{mark}"' if mark in ("met", "missed") else ""
    return f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def page(title: str, sections: Iterable[str], language: Language, footer: str = "") -> str:
    """A page of sections. It loads nothing: a policy in its head forbids it."""
    name = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{name}"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{chr(10).join(sections)}\n"
        f"<footer>{escape(footer)}</footer></body></html>\n"
    )
