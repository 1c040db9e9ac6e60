"""What an import finds wrong: where, what stands there, why it cannot be, what would be right.

Rules enforced here:
1. Each finding has a stable code, and its place as the sheet shows it, such as C17.
2. All findings are kept, up to a limit; when it is reached, a last one says so.
3. A value that may be a person's identity number is never shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from randcheck.errors import Problem, shorten

#: Stands for a value that is not shown.
HIDDEN = "(not shown)"

#: The reason and the remedy of each code, with the details of a finding in braces.
WORDS: Mapping[str, tuple[str, str]] = {
    # the file
    "empty-file": ("is empty", "give a header and a row for each entry"),
    "file-too-large": ("is larger than {limit} bytes", "split it"),
    "wrong-type": ("is {found}, not a workbook or CSV", "{remedy}"),
    "wrong-extension": ("is named {suffix} and is {found}", "name it {right}"),
    "encrypted": ("is protected by a password",
                  "save it without one (File → Info → Protect Workbook)"),
    "macros": ("holds macros", "save it as .xlsx (Excel Workbook), which has none"),
    "external-links": ("takes values from other files", "break the links (Data → Edit Links)"),
    "corrupt": ("is damaged: {why}", "save it again, or send it again"),
    "dangerous": ("is refused before it is unpacked: {why}", "save it again in Excel or WPS"),
    "utf-16": ("is UTF-16 text", "save it as CSV UTF-8 (Comma delimited)"),
    "encoding": ("is neither UTF-8 nor GB18030: {why}", "save it as CSV UTF-8"),
    "damaged-utf-8": ("is UTF-8 with a damaged character: {why}", "save it again as CSV UTF-8"),
    "not-csv": ("is no CSV: {why}", "save it as CSV, with commas between the cells"),
    "days-from-1904": ("counts days from 1904", "switch that off in Excel's options and look at "
                     "the dates again, or type them into a new template"),
    # the sheet
    "no-sheet": ("is in no sheet here", "sheets are {sheets}"),
    "no-data": ("holds no row below its header", "give a row for each entry"),
    "several-sheets": ("all hold data", "leave one, or name the sheet that is meant"),
    "hidden-sheet": ("is hidden and holds data", "show it and look, or delete it"),
    "hidden-rows": ("are hidden, perhaps by a filter", "show them and look, or delete them"),
    "hidden-columns": ("are hidden", "show them and look, or delete them"),
    "merged": ("are merged: only one of them can hold a value", "split them, and fill each cell"),
    "too-many-rows": ("are more than {limit}", "split the file"),
    "too-many-columns": ("are more than {limit}", "delete what does not belong to the table"),
    # the header
    "no-header": ("is no header: none of its cells names a column", "headers are {known}"),
    "header-not-first": ("is the header, and not the first row", "delete the rows above it"),
    "header-unknown": ("is no column of this table", "{remedy}"),
    "header-blank": ("has no header but values below", "name the column, or delete it"),
    "header-twice": ("is in {first} as well", "keep one of the two columns"),
    "header-missing": ("is missing", "add this column"),
    # rows
    "short-row": ("is fewer than the header's {needed}", "complete the line"),
    "long-row": ("is more than the header's {needed}", "put a text with commas between quotes"),
    "example-row": ("is the template's example, which is never imported", "delete this row"),
    "duplicate": ("is in row {first} as well as in row {second}", "keep one of the two rows"),
    # cells
    "formula": ("is a formula", "copy the column and paste it as values (Paste Special → Values)"),
    "formula-text": ("begins like a formula", "give the value; a text that does begin so is "
                     "written with an apostrophe before it, which in Excel is typed twice"),
    "error-cell": ("is an error, not a value", "mend what it is calculated from"),
    "boolean": ("is TRUE or FALSE, not {needed}", "write {needed}"),
    "id-number": ("is a number: digits may be lost, leading zeros too",
                  "make the column text (Format Cells → Text), then enter it again"),
    "digits-lost": ("is a number of more than 15 digits: the last ones are lost",
                    "make the column text (Format Cells → Text), then enter it again"),
    "number-for-text": ("is a number, not a text",
                        "make the column text (Format Cells → Text), then enter it again"),
    "date-for-text": ("is a date, not a text",
                      "make the column text (Format Cells → Text), then enter it again"),
    "odd-character": ("holds {character}", "write {meant}"),
    "full-width": ("holds full-width letters or digits", "write {meant}"),
    "edges": ("has blanks at its edges", "write {meant}"),
    "word": ("is not known here", "one of: {known}"),
    "unclear-set": ("may be one entry or several", "put ; or ； between entries; for a single "
                    "entry, put one after it"),
    "text-date": ("is a text that is no clear date", "enter it as a date, or write {meant}"),
    "time": ("is a date with a time of day, or a time", "enter the day alone"),
    "early-date": ("is before 1900-03-01, where spreadsheets count wrongly", "look it up again"),
    "number-for-date": ("is a number, not a date", "give the cell the format of a date"),
    "decimals": ("is no whole number", "give a whole number from 0"),
    "not-a-count": ("is not a whole number from 0", "write digits 0 to 9"),
    "periods": ("is not a set of periods", "write 2026-07-01/2026-07-14;2026-08-01/2026-08-02"),
    "dated-ids": ("is not a set of ids with days", "write id=2024-05-31;id2=2023-01-01"),
    "identity": ("looks like a citizen's identity number", "give the person's pseudonym"),
    "owner-unknown": ("is no subject of the registry given", "import its owner first, or mend it"),
    "missing": ("is missing", "give it"),
    # the rest
    "field": ("{reason}", "{remedy}"),
    "too-many": ("are listed; there are more", "mend these first"),
}  # fmt: skip


@frozen(kw_only=True)
class Finding(Problem):
    """A problem with its code and the cell as the sheet shows it (`None` for a whole file)."""

    code: str
    cell: str | None = None

    def __str__(self) -> str:
        told = f" ({self.column})" if self.column and self.cell else self.column or ""
        place = f"{self.cell or ''}{told}"
        return f"{place}{': ' if place else ''}{self.value} {self.reason}; {self.remedy}"


def finding(code: str, value: str, **given: Any) -> Finding:
    """A finding in the words of its code: `row`, `column` and `cell` say where."""
    place = {name: given.pop(name, None) for name in ("row", "column", "cell")}
    reason, remedy = (words.format_map(given) for words in WORDS[code])
    return Finding(value=value, reason=reason, remedy=remedy, code=code, **place)


class UnusableError(Exception):
    """The file cannot be read any further."""


@define
class Findings:
    """All findings of one import, at most `limit`."""

    limit: int
    all: list[Finding] = field(factory=list)

    def add(self, code: str, value: str, **given: Any) -> None:
        """Note a finding; `UnusableError` when there are too many."""
        self.all.append(finding(code, value, **given))
        if len(self.all) >= self.limit:
            self.all.append(finding("too-many", f"{self.limit} problems"))
            raise UnusableError

    def stop(self, code: str, value: str, **given: Any) -> UnusableError:
        """Note a finding after which nothing can be read; to be raised."""
        self.add(code, value, **given)
        return UnusableError()


def letters(column: int) -> str:
    """The name of a column, counted from 0.

    >>> letters(0), letters(25), letters(26), letters(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def column_number(name: str) -> int:
    """The opposite of `letters`."""
    number = 0
    for char in name:
        number = number * 26 + ord(char) - ord("A") + 1
    return number - 1


_RUN = re.compile("[0-9A-Za-z]{8,}")


def may_tell(value: object) -> bool:
    """Whether a value may hold an identity: letters and digits in a row, blanks aside.

    Eight of them, of which five are digits: numbers of passports are that short.
    """
    plain = re.sub(r"[\s.\-\u200b-\u200d\ufeff]", "", unicodedata.normalize("NFKC", str(value)))
    return any(sum(map(str.isdigit, run)) >= 5 for run in _RUN.findall(plain))


def show(value: object, private: bool) -> str:
    """A value as a finding shows it; of natural persons nothing that may tell who they are."""
    return HIDDEN if private and may_tell(value) else shorten(value)
