"""What the workbooks written here share: how they are opened and how texts stand in them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from randcheck.errors import MissingExtraError, ParameterError

#: The moment that a workbook names as its creation: the same content gives the same bytes.
_CREATED = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

#: How a text cell is formatted: as text (the built-in format 49, "@"), and never as a formula, also
#: after it is edited.
TEXT = {"num_format": 49, "quote_prefix": True}

#: How a day is shown.
DAY = {"num_format": "yyyy-mm-dd"}


@contextmanager
def new_workbook(path: Path) -> Iterator[Any]:
    """A workbook that is written row by row; `MissingExtraError` without the extra `xlsx`."""
    try:
        xlsxwriter: Any = importlib.import_module("xlsxwriter")  # it ships no type hints
    except ImportError:
        raise MissingExtraError("XlsxWriter", "xlsx", "writing a workbook") from None
    if path.suffix.lower() != ".xlsx":
        raise ParameterError("path", repr(str(path)), "is no name of a workbook", "end it in .xlsx")
    with path.open("wb") as file:
        book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        book.set_properties({"created": _CREATED})
        yield book
        book.close()
