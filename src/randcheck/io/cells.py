"""From what a cell holds to what a field holds.

Rules enforced here:
1. Nothing is repaired: a text keeps every character; one with blanks at its edges, odd blanks or
   invisible characters is refused, with what was probably meant.
2. An id is text; a number in its place may have lost digits.
3. A date is a date cell; a text is read as one only if it is YYYY-MM-DD. A count is a whole number.
4. A set has ; or ； between its entries. Other commas leave open what is meant, and are refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn

from randcheck.ids import credit_code_fault, looks_like_identity_number
from randcheck.io.guard import unguard
from randcheck.io.sheets import Column, plain
from randcheck.io.xlsx import Marked

_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[Ee]\+[0-9]+")
_ERRORS = re.compile(
    r"#(REF!|N/A|NAME\?|DIV/0!|NULL!|NUM!|VALUE!|SPILL!|CALC!|GETTING_DATA|FORMULA!)"
)
_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_FIRST = re.compile("([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]")
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")

#: The first day that spreadsheets count rightly: they have a 29 February 1900 that never was.
FIRST_DAY = date(1900, 3, 1)

#: The largest number whose digits a spreadsheet keeps.
EXACT = 10**15

#: In a column of a scope: no restriction.
ANY = "*"


class BadCellError(Exception):
    """A cell that its field cannot hold: the code of a finding and its details."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class Cells:
    """The cells of one column as values of its field, a chunk of rows at a time.

    `bad` is called with the place in the chunk, the cell and what is wrong with it; the value then
    is `None`. `text_dates` counts the dates that were texts.
    """

    def __init__(self, column: Column, bad: Callable[[int, Any, BadCellError], None]) -> None:
        self.column = column
        self.values: list[Any] = []
        self.text_dates = 0
        self._bad = bad
        self._read = _READERS[column.type](self)
        self._known: dict[str, Any] = {}
        self._words = {} if column.words is None else column.words.table()

    def extend(self, chunk: Sequence[Any]) -> None:
        """Read some cells more."""
        if self.column.type == "date" or set(map(type, chunk)) != {str}:
            self._extend_slowly(chunk)
        elif self.column.few:
            self._extend_from_known(chunk)
        elif self._glance(chunk):
            self.values.extend([cell or None for cell in chunk])
        else:
            self._extend_slowly(chunk)

    def _glance(self, chunk: Sequence[str]) -> bool:
        """Whether all of these are certainly plain texts."""
        joined = "\n".join(("", *chunk, ""))
        return (
            joined.count("\n") == len(chunk) + 1
            and joined.replace("\n", "").isprintable()
            and not any(sign in joined for sign in ("\n ", " \n", "\n=", "\n'", "\n#"))
            and (self.column.type != "id" or (joined.isascii() and "E+" not in joined.upper()))
            and self.column.name != "owner"
        )

    def _extend_from_known(self, chunk: Sequence[str]) -> None:
        known, values = self._known, self.values
        for place, cell in enumerate(chunk):
            if cell in known:
                values.append(known[cell])
                continue
            self._extend_slowly((cell,), place)
            if values[-1] is not None:
                known[cell] = values[-1]

    def _extend_slowly(self, chunk: Sequence[Any], first: int = 0) -> None:
        for place, cell in enumerate(chunk, first):
            value = None
            try:
                if cell != "":
                    value = self._read(cell)
            except BadCellError as error:
                self._bad(place, cell, error)
            self.values.append(value)

    # --- one cell ------------------------------------------------------------------------------

    def text(self, cell: Any) -> str:
        """A text as it stands, but for an apostrophe that guards it."""
        if not isinstance(cell, str):
            self.no_text(cell)
        if _ERRORS.fullmatch(cell):
            raise BadCellError("error-cell")
        if cell.startswith(("=", "＝")):
            raise BadCellError("formula-text")
        text = unguard(cell)
        if self.column.type == "id":
            if _SCIENTIFIC.fullmatch(text):
                raise BadCellError("id-number")
            if _WIDE.search(text):
                raise BadCellError("full-width", meant=repr(_narrow(text)))
        _check_characters(text)
        return text

    def no_text(self, cell: Any) -> NoReturn:
        _refuse_mark(cell)
        if isinstance(cell, bool):
            raise BadCellError("boolean", needed="a text")
        if isinstance(cell, int | float):
            if abs(cell) >= EXACT:
                raise BadCellError("digits-lost")
            raise BadCellError("id-number" if self.column.type == "id" else "number-for-text")
        raise BadCellError("date-for-text")

    def subject_id(self, cell: Any) -> str:
        """An id; the owner of an object is no identity number."""
        text = self.text(cell)
        if self.column.name == "owner" and _is_identity(text):
            raise BadCellError("identity")
        return text

    def word(self, cell: Any) -> str | None:
        return self._word(self.text(cell))

    def _word(self, text: str) -> str | None:
        try:
            return self._words[plain(text)]
        except KeyError:
            raise BadCellError("word", known=self._offered()) from None

    def _offered(self) -> str:
        return "、".join(self.column.words.offered) if self.column.words else ""

    def texts(self, cell: Any) -> tuple[str, ...]:
        text = self.text(cell)
        if not re.search("[;；]", text) and re.search("[,，、]", text):
            raise BadCellError("unclear-set")
        entries = [entry.strip(" ") for entry in re.split("[;；]", text)]
        if len(entries) > 1 and not entries[-1]:
            entries.pop()
        if "" in entries or (ANY in entries and len(entries) > 1):
            raise BadCellError("unclear-set")
        return tuple(entries)

    def words(self, cell: Any) -> tuple[str | None, ...]:
        words = tuple(entry if entry == ANY else self._word(entry) for entry in self.texts(cell))
        if None in words:
            raise BadCellError("word", known=f"{ANY}、{self._offered()}")
        return words

    def day(self, cell: Any) -> date:
        _refuse_mark(cell)
        if isinstance(cell, bool):
            raise BadCellError("boolean", needed="a date")
        if isinstance(cell, str):
            return self._text_date(self.text(cell))
        if isinstance(cell, int | float):
            raise BadCellError("number-for-date")
        if isinstance(cell, datetime):
            if cell.time() != time():
                raise BadCellError("time")
            cell = cell.date()
        if not isinstance(cell, date):
            raise BadCellError("time")
        if cell < FIRST_DAY:
            raise BadCellError("early-date")
        return cell

    def _text_date(self, text: str) -> date:
        meant = "2026-07-01"
        try:
            if _ISO.fullmatch(text):
                day = date.fromisoformat(text)
                self.text_dates += 1
                return day
            if found := _YEAR_FIRST.fullmatch(text):
                meant = str(date(*map(int, found.groups())))
        except ValueError:  # no day of the calendar
            pass
        raise BadCellError("text-date", meant=meant)

    def count(self, cell: Any) -> int:
        _refuse_mark(cell)
        if isinstance(cell, bool):
            raise BadCellError("boolean", needed="a whole number")
        if isinstance(cell, str):
            text = self.text(cell)
            if not (text.isascii() and text.isdigit() and len(text) <= 15):
                raise BadCellError("not-a-count")
            return int(text)
        if isinstance(cell, date | time | timedelta) or not 0 <= cell < EXACT:
            raise BadCellError("not-a-count")
        if cell != int(cell):
            raise BadCellError("decimals")
        return int(cell)

    def periods(self, cell: Any) -> tuple[tuple[date, ...], ...]:
        try:
            return tuple(
                tuple(map(date.fromisoformat, entry.split("/"))) for entry in self.texts(cell)
            )
        except ValueError:
            raise BadCellError("periods") from None

    def dated_ids(self, cell: Any) -> Mapping[str, date]:
        found: dict[str, date] = {}
        for entry in self.texts(cell):
            name, _, day = entry.rpartition("=")
            try:
                if not name or name in found:
                    raise ValueError(entry)
                found[name] = date.fromisoformat(day)
            except ValueError:
                raise BadCellError("dated-ids") from None
        return found


_READERS: Mapping[str, Callable[[Cells], Callable[[Any], Any]]] = {
    "id": lambda cells: cells.subject_id,
    "text": lambda cells: cells.text,
    "word": lambda cells: cells.word,
    "texts": lambda cells: cells.texts,
    "words": lambda cells: cells.words,
    "date": lambda cells: cells.day,
    "count": lambda cells: cells.count,
    "periods": lambda cells: cells.periods,
    "dated ids": lambda cells: cells.dated_ids,
}


def _refuse_mark(cell: Any) -> None:
    if isinstance(cell, Marked):
        raise BadCellError(cell.code)


def _check_characters(text: str) -> None:
    if text != text.strip():
        raise BadCellError("edges", meant=repr(_clear(text)))
    if text.isprintable():
        return
    for char in text:
        kind = unicodedata.category(char)
        if kind in _UNSEEN or (kind == "Zs" and char != " "):
            name = unicodedata.name(char, "a control character").lower()
            shown = f"{name} (U+{ord(char):04X})"
            raise BadCellError("odd-character", character=shown, meant=repr(_clear(text)))


def _clear(text: str) -> str:
    """The text with plain blanks, and without what nobody sees."""
    kinds = ((char, unicodedata.category(char)) for char in text)
    plain_blanks = (" " if kind[0] == "Z" or char in "\t\r\n" else char
                    for char, kind in kinds if kind not in _UNSEEN or char in "\t\r\n")  # fmt: skip
    return "".join(plain_blanks).strip()


def _narrow(text: str) -> str:
    return _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


def _is_identity(text: str) -> bool:
    """Whether a text is a citizen's identity number, and no unified social credit code."""
    return looks_like_identity_number(text.upper()) and credit_code_fault(text) is not None
